// A build that breaks one of its own rules on purpose, so that the simulator can show that it sees
// it. docs/testing.md, "Mutants".
//
//   if (mutated(Mutant::coin_in_phase_1)) …
//
// Only the library `rabia_mutable` (sim/CMakeLists.txt) is compiled with RABIA_MUTANTS; everywhere
// else mutated() is a constant `false`, and what it guards is not in the program. The programs
// refuse to be compiled with it.
#pragma once

#include <cstdint>
#ifdef RABIA_MUTANTS
#include <optional>
#include <span>
#include <string_view>
#endif

namespace rabia::base {

// Each breaks one rule: mutant.cc says which, and how. Sections are those of protocol.md.
enum class Mutant : std::uint8_t {
  // Section 1.
  quorum_of_half,
  replay_below_top,
  execute_out_of_order,
  execute_without_the_batch,
  // Section 2.1.
  own_state_before_durable,
  own_vote_before_durable,
  state_sent_before_durable,
  vote_sent_before_durable,
  need_answered_before_durable,
  durable_one_record_too_far,
  count_repeats,
  phases_mixed,
  ranges_joined_over_phases,
  two_states,
  state_1_without_the_batch,
  later_state_1_without_the_batch,
  // Section 2.2.
  decide_on_fewer_states,
  decide_0_on_f_plus_1_zeros,
  decide_on_fewer_votes,
  vote_0_on_a_single_0,
  coin_in_phase_1,
  zero_instead_of_fetching,
  // Section 2.3.
  coin_over_votes,
  zero_over_a_vote_1,
  // Section 3.
  no_reservation,
  reservation_before_durable,
  skip_without_reservation,
  skip_of_a_used_round,
  skip_one_round_too_far,
  skips_joined_over_a_gap,
  lane_from_decides,
  decision_of_an_earlier_life,
  propose_in_a_decided_slot,
  repropose_before_decision,
  batch_applied_twice,
  reply_before_execution,
  connection_in_two_batches,
  // Section 5.
  configuration_late_on_some,
  // Section 6.
  frontier_of_executed_only,
  frontier_forgotten,
  barrier_one_answer_fewer,
  barrier_any_answer,
  barrier_serves_later_reads,
  answer_to_another_ask,
  read_without_barrier,
  answers_before_replay_ends,
  // Section 7.
  cut_history_said_empty,
  checkpoint_without_votes,
  checkpoint_without_reservation,
  snapshot_inside_a_round,
  log_cut_before_its_snapshot,
  // docs/architecture.md, "Digests".
  digest_difference_ignored,
  digest_of_other_position,
  // Section 8.
  founding_without_last_vector,
  left_vectors_forgotten,
  founding_forgotten,
  power_loss_forgiven,
  clean_stop_remembered,
  rejoin_as_if_founded,
  rejoin_one_bound_fewer,
  rejoin_too_early,
  rejoin_without_floor,
  unfinished_rejoin_forgotten,
  bound_of_executed_only,
  answers_without_memory,
  // Section 12.
  forget_a_state,
  forget_a_vote,
  // docs/formats/wal.md.
  log_acknowledged_before_sync,
  log_acknowledged_with_the_next_group,
  failed_sync_ignored,
  torn_record_accepted,
  damage_taken_for_torn_tail,
  not_written_back,
  // docs/architecture.md, "Failure".
  disk_full_log_first,
  // docs/commands.md, "Transactions".
  transaction_condition_at_the_origin,
  transaction_not_as_one,
  transaction_reads_at_the_end,
  // docs/commands.md, "Exactly once".
  once_executed_again,
  // Section 17, and docs/commands.md, "Expiry".
  expiry_by_the_local_clock,
  expiry_before_its_time,
  // docs/commands.md, "Limits and eviction".
  eviction_by_local_reads,
  eviction_of_one_too_few,
  // docs/commands.md, "Changes".
  change_told_again,
  // Section 16: the protocol as published.
  published_any_proposal,
  published_f_votes_decide,
  published_own_coin,
  published_null_drops_head,
  published_executed_twice,
  published_read_at_once,

  none,  // Last: how many there are.
};

#ifdef RABIA_MUTANTS
[[nodiscard]] Mutant active_mutant();
// Before anything runs; one for the whole process.
void activate(Mutant mutant);
[[nodiscard]] inline bool mutated(Mutant mutant) {
  return active_mutant() == mutant;
}

struct MutantRow {
  Mutant mutant;
  std::string_view name;  // On the command line.
  std::string_view rule;  // Where it is written down.
  std::string_view how;   // What the mutant does in its place.
};
// All of them, in the order above.
[[nodiscard]] std::span<const MutantRow> mutants();
[[nodiscard]] std::optional<Mutant> find_mutant(std::string_view name);
#else
[[nodiscard]] constexpr bool mutated(Mutant /*mutant*/) {
  return false;
}
#endif

}  // namespace rabia::base
