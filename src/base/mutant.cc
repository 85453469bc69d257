#include "base/mutant.h"

#include <algorithm>
#include <array>

namespace rabia::base {
namespace {

Mutant active = Mutant::none;

constexpr auto rows = std::to_array<MutantRow>({
    {Mutant::quorum_of_half, "quorum-of-half", "1, quorums",
     "a quorum of an even number of members is half of them"},
    {Mutant::replay_below_top, "replay-below-top", "1, top",
     "a State 1 that is replayed does not put its round in use"},
    {Mutant::execute_out_of_order, "execute-out-of-order", "3, execution",
     "an undecided slot in front of one that is decided 1 is passed over"},
    {Mutant::execute_without_the_batch, "execute-without-the-batch", "3, execution",
     "a slot decided 1 is executed before its batch is held, as an empty one"},
    {Mutant::own_state_before_durable, "own-state-before-durable", "2.1, durable",
     "the own state is counted when it is written"},
    {Mutant::own_vote_before_durable, "own-vote-before-durable", "2.1, durable",
     "the own vote is counted when it is written"},
    {Mutant::state_sent_before_durable, "state-sent-before-durable", "2.1, durable",
     "a State is sent when it is written"},
    {Mutant::vote_sent_before_durable, "vote-sent-before-durable", "2.1, durable",
     "a Vote is sent when it is written"},
    {Mutant::need_answered_before_durable, "need-answered-before-durable", "2.1, durable",
     "the reply to Need says States and Votes that are written and not durable"},
    {Mutant::durable_one_record_too_far, "durable-one-record-too-far", "2.1, durable",
     "the record behind the last durable one counts as durable"},
    {Mutant::count_repeats, "count-repeats", "2.1, sets keyed by sender",
     "messages are counted, not senders: a repeated State or Vote counts again"},
    {Mutant::phases_mixed, "phases-mixed", "2.1, phases apart",
     "a State or Vote of a later phase stands for one of phase 1 that was not heard"},
    {Mutant::ranges_joined_over_phases, "ranges-joined-over-phases", "2.1, phases apart",
     "a range of rounds is said with the phase of its first one"},
    {Mutant::two_states, "two-states", "2.1, set once",
     "who has input 0 inputs 1 when the batch comes after all"},
    {Mutant::state_1_without_the_batch, "state-1-without-the-batch", "2.1, batch with state 1",
     "state_2 = 1 does not wait for the batch"},
    {Mutant::later_state_1_without_the_batch, "later-state-1-without-the-batch",
     "2.1, batch with state 1", "states 1 from phase 3 on do not wait for the batch"},
    {Mutant::decide_on_fewer_states, "decide-on-fewer-states", "2.2, decide 1",
     "states 1 of Q - 1 members decide 1"},
    {Mutant::decide_0_on_f_plus_1_zeros, "decide-0-on-f-plus-1-zeros", "2.2, decide 0",
     "states 0 of f + 1 members decide 0"},
    {Mutant::decide_on_fewer_votes, "decide-on-fewer-votes", "2.2 and 2.3, decide",
     "equal votes of f members decide, in any phase"},
    {Mutant::vote_0_on_a_single_0, "vote-0-on-a-single-0", "2.2, vote",
     "one state 0 is enough for vote 0 in phase 1"},
    {Mutant::coin_in_phase_1, "coin-in-phase-1", "2.2, next",
     "when all votes of phase 1 are ?, a coin that shows 0 gives state_2"},
    {Mutant::zero_instead_of_fetching, "zero-instead-of-fetching", "2.2, next",
     "when all votes of phase 1 are ? and the batch is not here, state_2 is 0"},
    {Mutant::coin_over_votes, "coin-over-votes", "2.3, next",
     "the coin gives the next state also when a vote says 0 or 1"},
    {Mutant::zero_over_a_vote_1, "zero-over-a-vote-1", "2.3, next",
     "a vote 1 whose batch is not held gives state 0 in place of fetching it"},
    {Mutant::no_reservation, "no-reservation", "3, reserve",
     "a restarted owner uses rounds that its earlier lives had reserved"},
    {Mutant::reservation_before_durable, "reservation-before-durable", "3, reserve",
     "rounds are used when their reservation is written"},
    {Mutant::skip_without_reservation, "skip-without-reservation", "3, skip",
     "rounds above the reservation are skipped"},
    {Mutant::skip_of_a_used_round, "skip-of-a-used-round", "3, skip",
     "a skip begins with the last round that was used"},
    {Mutant::skip_one_round_too_far, "skip-one-round-too-far", "3, skip",
     "who hears a skip takes the end of its range for a part of it"},
    {Mutant::skips_joined_over_a_gap, "skips-joined-over-a-gap", "1, beyond the window",
     "two skips beyond the window are kept as one, with what lies between them"},
    {Mutant::lane_from_decides, "lane-from-decides", "3, laneFrom",
     "slots below their lane's laneFrom are decided 0, as if they were skipped"},
    {Mutant::decision_of_an_earlier_life, "decision-of-an-earlier-life", "3, propose again",
     "the decision of a batch of an earlier life counts as that of one of this life"},
    {Mutant::propose_in_a_decided_slot, "propose-in-a-decided-slot", "3, propose",
     "an owner puts a batch into a slot that is decided"},
    {Mutant::repropose_before_decision, "repropose-before-decision", "3, propose again",
     "an owner proposes again when it hears one state 0"},
    {Mutant::batch_applied_twice, "batch-applied-twice", "3, propose again",
     "a batch is executed where it is held although its slot was decided 0"},
    {Mutant::reply_before_execution, "reply-before-execution", "3, answer",
     "clients are answered when their slot is decided"},
    {Mutant::connection_in_two_batches, "connection-in-two-batches", "3, one batch a connection",
     "commands of a connection go into a second batch while the first is undecided"},
    {Mutant::configuration_late_on_some, "configuration-late-on-some", "5, in force",
     "on members with an odd number a change of the members is in force a round later"},
    {Mutant::frontier_of_executed_only, "frontier-of-executed-only", "6, frontier",
     "a frontier does not cover the own states 1"},
    {Mutant::frontier_forgotten, "frontier-forgotten", "6, frontier",
     "a frontier does not cover the states 1 of earlier lives"},
    {Mutant::barrier_one_answer_fewer, "barrier-one-answer-fewer", "6, complete",
     "a barrier is complete with answers of Q - 1 members"},
    {Mutant::barrier_any_answer, "barrier-any-answer", "6, complete",
     "a barrier counts answers that are not below L"},
    {Mutant::barrier_serves_later_reads, "barrier-serves-later-reads", "6, one barrier",
     "a barrier serves also reads that came after it began"},
    {Mutant::answer_to_another_ask, "answer-to-another-ask", "6, nonce",
     "an answer to an earlier question counts"},
    {Mutant::read_without_barrier, "read-without-barrier", "6, barrier", "reads look at once"},
    {Mutant::answers_before_replay_ends, "answers-before-replay-ends", "6, barrier",
     "after a start reads look at once until the replica has caught up"},
    {Mutant::cut_history_said_empty, "cut-history-said-empty", "7, catching up",
     "a reply that was cut short says 0 of the slots that it has no room for"},
    {Mutant::checkpoint_without_votes, "checkpoint-without-votes", "7, compaction",
     "a checkpoint does not repeat the own votes"},
    {Mutant::checkpoint_without_reservation, "checkpoint-without-reservation", "7, compaction",
     "a checkpoint does not repeat the reservation"},
    {Mutant::snapshot_inside_a_round, "snapshot-inside-a-round", "7, compaction",
     "a snapshot is taken also while batches of round L are executed"},
    {Mutant::log_cut_before_its_snapshot, "log-cut-before-its-snapshot", "7, compaction",
     "the log is cut off when the snapshot begins, and not when two are durable"},
    {Mutant::digest_difference_ignored, "digest-difference-ignored", "digests, who stops",
     "a replica whose state differs from that of a majority goes on"},
    {Mutant::digest_of_other_position, "digest-of-other-position", "digests, comparison",
     "a peer's digest is compared with the own one of the position before"},
    {Mutant::founding_without_last_vector, "founding-without-last-vector", "8, first start",
     "a vector that was left is said again, and any that holds the own nonce is adopted"},
    {Mutant::left_vectors_forgotten, "left-vectors-forgotten", "8, first start",
     "a restart forgets which vectors were left"},
    {Mutant::founding_forgotten, "founding-forgotten", "8, first start",
     "a restart before Boot forgets nonce and vector"},
    {Mutant::power_loss_forgiven, "power-loss-forgiven", "8, who may have forgotten",
     "mode `os` takes part again after the machine stopped without a clean stop"},
    {Mutant::clean_stop_remembered, "clean-stop-remembered", "8, who may have forgotten",
     "a clean stop of an earlier life excuses the next loss of power"},
    {Mutant::rejoin_as_if_founded, "rejoin-as-if-founded", "8, who",
     "an empty member takes part in a cluster that exists as if it had just been founded"},
    {Mutant::rejoin_one_bound_fewer, "rejoin-one-bound-fewer", "8, barrier",
     "a barrier of a rejoin is complete with the bounds of f others"},
    {Mutant::rejoin_too_early, "rejoin-too-early", "8, H",
     "a member without memory takes part again from round L + 1 on"},
    {Mutant::rejoin_without_floor, "rejoin-without-floor", "8, H",
     "a member without memory keeps its lane below H, and takes part in all rounds"},
    {Mutant::unfinished_rejoin_forgotten, "unfinished-rejoin-forgotten", "12, floor",
     "a restart amid a rejoin takes part like any other"},
    {Mutant::bound_of_executed_only, "bound-of-executed-only", "8, bound",
     "a bound counts what was executed, not what was said"},
    {Mutant::answers_without_memory, "answers-without-memory", "8, who",
     "a member without memory answers what it is asked"},
    {Mutant::forget_a_state, "forget-a-state", "12, replay", "States are not replayed"},
    {Mutant::forget_a_vote, "forget-a-vote", "12, replay", "Votes are not replayed"},
    {Mutant::log_acknowledged_before_sync, "log-acknowledged-before-sync", "the log: durable",
     "mode `always` does not wait for the sync"},
    {Mutant::log_acknowledged_with_the_next_group, "log-acknowledged-with-the-next-group",
     "the log: durable", "a written group speaks also for the records that wait behind it"},
    {Mutant::failed_sync_ignored, "failed-sync-ignored", "the log: failures",
     "a sync that failed counts as one that succeeded"},
    {Mutant::torn_record_accepted, "torn-record-accepted", "the log: recovery",
     "the checksum of a payload is not looked at"},
    {Mutant::damage_taken_for_torn_tail, "damage-taken-for-torn-tail", "the log: recovery",
     "the log is cut at the first bad record, wherever it lies"},
    {Mutant::not_written_back, "not-written-back", "the log: recovery",
     "what a failed sync left out is not written again"},
    {Mutant::disk_full_log_first, "disk-full-log-first", "a full disk",
     "a replica whose disk is nearly full goes on until its log cannot be written"},
    {Mutant::transaction_condition_at_the_origin, "transaction-condition-at-the-origin",
     "transactions, WATCH",
     "whether a watched key changed is looked at when EXEC comes, not when it is executed"},
    {Mutant::transaction_not_as_one, "transaction-not-as-one", "transactions, as one",
     "a SET at the end is executed in front of the next command of the log, not with the others"},
    {Mutant::transaction_reads_at_the_end, "transaction-reads-at-the-end", "transactions, reads",
     "reads see what the writes behind them did"},
    {Mutant::published_any_proposal, "published-any-proposal", "16, exchange stage",
     "the state is 1 for some proposal, also when no majority proposes it"},
    {Mutant::published_f_votes_decide, "published-f-votes-decide", "16, second round",
     "f equal votes decide"},
    {Mutant::published_own_coin, "published-own-coin", "16, coin",
     "each member flips a coin of its own"},
    {Mutant::published_null_drops_head, "published-null-drops-head", "16, the loop",
     "a slot that ends empty takes the head out of the queue"},
    {Mutant::published_executed_twice, "published-executed-twice", "16, queue",
     "a request that is in the log enters the queue again when it comes once more"},
    {Mutant::published_read_at_once, "published-read-at-once", "16, reads",
     "reads do not go through the log"},
});

constexpr bool one_row_each() {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].mutant != static_cast<Mutant>(i)) return false;
  }
  return rows.size() == static_cast<std::size_t>(Mutant::none);
}
static_assert(one_row_each(), "the table follows the enumeration");

}  // namespace

Mutant active_mutant() {
  return active;
}

void activate(Mutant mutant) {
  active = mutant;
}

std::span<const MutantRow> mutants() {
  return rows;
}

std::optional<Mutant> find_mutant(std::string_view name) {
  const auto row = std::find_if(rows.begin(), rows.end(),
                                [&](const MutantRow& each) { return each.name == name; });
  return row == rows.end() ? std::nullopt : std::optional(row->mutant);
}

}  // namespace rabia::base
