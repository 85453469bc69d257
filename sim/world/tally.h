// What a run counts: operations, slots, faults, and the rare paths that a set of runs must reach.
// One table (tally.cc) says of each count how it is called and what it is for.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace rabia::sim {

enum class Count : std::uint8_t {
  // Figures.
  seeds,
  simulated_ms,
  events,
  operations,
  operations_unknown,
  operations_not_executed,
  history_undecided,
  blocked,
  divided,
  records,
  messages,
  // Slots, by how each replica came to its decision.
  slots_1_by_states,
  slots_0_by_states,
  slots_0_by_votes,
  slots_0_by_skip,
  slots_in_later_phases,
  slots_learned,
  coins,
  forfeits,
  zeros_ahead,
  reproposals,
  barriers,
  // Faults injected.
  kill,
  kill_mid_step,
  kill_many,
  kill_in_start,
  power_cut,
  power_cut_all,
  clean_stop,
  pause,
  pause_many,
  isolate,
  split,
  bridge,
  ring,
  one_way_cut,
  flap,
  slow_link,
  break_connections,
  frame_lost,
  frame_repeated,
  frame_late,
  frame_of_old,
  clock_jump,
  member_change,
  write_error,
  sync_error,
  disk_full,
  disk_stall,
  bit_flip,
  truncation,
  directory_lost,
  state_corrupted,
  // Rare paths.
  escape_row,
  torn_tail,
  restart_with_reservation,
  lane_distrusted,
  lane_trusted_again,
  history_served,
  batch_fetched,
  beyond_window_dropped,
  damage_refused,
  record_lost_before_durable,
  founding_vector_left,
  stopped_by_disk,
  checkpoints,
  log_cut_off,
  snapshots_installed,
  rejoins,
  rejoin_interrupted,
  memory_doubted,
  members_changed,
  members_change_void,
  member_left,
  replica_diverged,
  corruption_spread,
  disk_low,
  disk_critical,
  transactions_executed,
  transactions_refused,
  transactions_unknown,
  transactions_read_between,
  answered_from_kept_replies,
  keys_expired,
  keys_expired_without_origin,
  keys_evicted,
  watchers_resumed,
  watchers_compacted,
  count_of_counts,
};

enum class CountKind : std::uint8_t { figure, slot, fault, path };

struct CountRow {
  Count count;
  CountKind kind;
  std::string_view name;
  bool must_happen;  // In a large set of runs of the default scenario: a coverage mark.
};

[[nodiscard]] std::span<const CountRow> count_rows();

// Trivially copyable: it goes through a pipe.
class Tally {
 public:
  std::uint64_t& operator[](Count count) { return counts_[static_cast<std::size_t>(count)]; }
  std::uint64_t operator[](Count count) const { return counts_[static_cast<std::size_t>(count)]; }
  void add(const Tally& other) {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  }

 private:
  std::array<std::uint64_t, static_cast<std::size_t>(Count::count_of_counts)> counts_{};
};

}  // namespace rabia::sim
