#include "sim/world/tally.h"

namespace rabia::sim {
namespace {

constexpr CountKind figure = CountKind::figure;
constexpr CountKind slot = CountKind::slot;
constexpr CountKind fault = CountKind::fault;
constexpr CountKind path = CountKind::path;

constexpr CountRow rows[] = {
    {Count::seeds, figure, "seeds", true},
    {Count::simulated_ms, figure, "simulated milliseconds", true},
    {Count::events, figure, "events", true},
    {Count::operations, figure, "operations of clients", true},
    {Count::operations_unknown, figure, "  of unknown outcome", true},
    {Count::operations_not_executed, figure, "  refused", true},
    {Count::history_undecided, figure, "histories too hard to judge", false},
    {Count::blocked, figure, "clusters that too few founded", false},
    {Count::divided, figure, "clusters that a corruption divided", false},
    {Count::records, figure, "log records", true},
    {Count::messages, figure, "messages", true},

    {Count::slots_1_by_states, slot, "decided 1 by states", true},
    {Count::slots_0_by_states, slot, "decided 0 by states", true},
    {Count::slots_0_by_votes, slot, "decided 0 by votes", true},
    {Count::slots_0_by_skip, slot, "decided 0 by a skip", true},
    {Count::slots_in_later_phases, slot, "decided in later phases", true},
    {Count::slots_learned, slot, "decisions learned", true},
    {Count::coins, slot, "coins", true},
    {Count::forfeits, slot, "forfeits", true},
    {Count::zeros_ahead, slot, "zeros ahead", true},
    {Count::reproposals, slot, "batches proposed again", true},
    {Count::barriers, slot, "read barriers", true},

    {Count::kill, fault, "process killed", true},
    {Count::kill_mid_step, fault, "process killed inside a step", true},
    {Count::kill_many, fault, "several processes killed at once", true},
    {Count::kill_in_start, fault, "process killed while it started", true},
    {Count::power_cut, fault, "power of one cut", true},
    {Count::power_cut_all, fault, "power of all cut", true},
    {Count::clean_stop, fault, "clean stop", true},
    {Count::pause, fault, "process paused", true},
    {Count::pause_many, fault, "several processes paused", true},
    {Count::isolate, fault, "one isolated", true},
    {Count::split, fault, "network split", true},
    {Count::bridge, fault, "bridge", true},
    {Count::ring, fault, "ring", true},
    {Count::one_way_cut, fault, "one-way cut", true},
    {Count::flap, fault, "flapping link", true},
    {Count::slow_link, fault, "slow link", true},
    {Count::break_connections, fault, "connections reset", true},
    {Count::frame_lost, fault, "frames lost", true},
    {Count::frame_repeated, fault, "frames repeated", true},
    {Count::frame_late, fault, "frames overtaken", true},
    {Count::frame_of_old, fault, "frames of earlier connections", true},
    {Count::clock_jump, fault, "clock jumps", true},
    {Count::member_change, fault, "change of the members asked for", true},
    {Count::write_error, fault, "errors on write", true},
    {Count::sync_error, fault, "errors on sync", true},
    {Count::disk_full, fault, "disk full", true},
    {Count::disk_stall, fault, "disk stalled", true},
    {Count::bit_flip, fault, "bits flipped on disk", true},
    {Count::truncation, fault, "files truncated", true},
    {Count::directory_lost, fault, "data directory lost", true},
    {Count::state_corrupted, fault, "states corrupted", true},

    {Count::escape_row, path, "state 0 after votes ? without the batch (section 2.2)", true},
    {Count::torn_tail, path, "torn tail cut", true},
    {Count::restart_with_reservation, path, "restart with a reservation", true},
    {Count::lane_distrusted, path, "lane distrusted", true},
    {Count::lane_trusted_again, path, "lane trusted again", true},
    {Count::history_served, path, "catch-up from a peer's log", true},
    {Count::batch_fetched, path, "batch fetched", true},
    {Count::beyond_window_dropped, path, "messages beyond the window dropped", true},
    {Count::damage_refused, path, "damaged log refused", true},
    {Count::record_lost_before_durable, path, "record lost before it was durable", true},
    {Count::founding_vector_left, path, "founding vector left for another", true},
    {Count::stopped_by_disk, path, "replica stopped by its disk", true},
    {Count::checkpoints, path, "checkpoint written", true},
    {Count::log_cut_off, path, "start from a snapshot and a log that was cut off", true},
    {Count::snapshots_installed, path, "snapshot of a peer installed", true},
    {Count::rejoins, path, "return without memory", true},
    {Count::rejoin_interrupted, path, "restart amid a return without memory", true},
    {Count::memory_doubted, path, "log of mode os doubted after a loss of power", true},
    {Count::members_changed, path, "change of the members executed", true},
    {Count::members_change_void, path, "change of the members void", true},
    {Count::member_left, path, "removed member left", true},
    {Count::replica_diverged, path, "replica stopped since its state differs", true},
    {Count::corruption_spread, path, "corrupted state spread by a snapshot", false},
    {Count::disk_low, path, "writes refused for a disk that fills up", true},
    {Count::disk_critical, path, "stepped back for a full disk", true},
    {Count::transactions_executed, path, "transaction executed", true},
    {Count::transactions_refused, path, "transaction refused for a watched key", true},
    {Count::transactions_unknown, path, "transaction of unknown outcome", true},
    {Count::transactions_read_between, path, "read between two writes of a transaction", true},
    {Count::answered_from_kept_replies, path, "RABIA.ONCE answered from what was kept", true},
    {Count::keys_expired, path, "key expired", true},
    {Count::keys_expired_without_origin, path, "key expired while its origin was down", true},
    {Count::keys_evicted, path, "key evicted for want of room", true},
    {Count::watchers_resumed, path, "watcher of changes went on at another replica", true},
    {Count::watchers_compacted, path, "watcher of changes told that some are kept no more", true},
};
static_assert(std::size(rows) == static_cast<std::size_t>(Count::count_of_counts));

}  // namespace

std::span<const CountRow> count_rows() {
  return rows;
}

}  // namespace rabia::sim
