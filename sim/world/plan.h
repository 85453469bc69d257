// What one seed draws before anything runs: the cluster, its settings, its machines and network,
// its clients, and what will go wrong how often.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "rabia/durability.h"
#include "replica/replica.h"
#include "sim/world/frame_faults.h"
#include "sim/world/host_executor.h"
#include "sim/world/log_worker.h"
#include "sim/world/tally.h"

namespace rabia::sim {

// One kind of trouble that comes again and again.
struct FaultPlan {
  Count fault;
  base::Duration every{};  // On average.
};

struct MachinePlan {
  ClockPlan clocks;
  Delays job_takes;  // A write and its sync.
  base::Duration turn_takes{};
};

struct ClientsPlan {
  std::size_t clients = 3;
  Delays think;
  base::Duration patience{};           // Then a client tries another replica.
  std::uint64_t pipeline_percent = 0;  // Of the turns: several commands in one write.
  std::uint64_t read_percent = 40;

  // What follows is for those of the key-value store.
  std::size_t keys = 4;                   // Of texts, and as many of numbers.
  std::uint64_t many_keys_percent = 0;    // Of the operations: MSET, MGET, DEL of several, ….
  std::uint64_t clear_permille = 0;       // Of the operations: FLUSHALL, DBSIZE.
  std::uint64_t large_percent = 0;        // Of the values: some kilobytes.
  std::uint64_t transaction_percent = 0;  // Of the operations.
  std::uint64_t locking_percent = 0;   // Of the turns: WATCH, and a transaction that depends on it.
  std::uint64_t once_percent = 0;      // Of the other writes: under a name (RABIA.ONCE).
  std::uint64_t expiring_percent = 0;  // Of the operations: on keys that expire.
  std::uint64_t expires_in_ms_max = 1;
};

struct Plan {
  std::uint64_t seed = 0;
  std::size_t members = 3;  // Founders; the first of the hosts.
  std::size_t hosts = 3;    // With those that may become members later.
  Durability durability = Durability::always;
  Protocol protocol = Protocol::lanes;
  replica::Tuning tuning;
  std::uint64_t segment_bytes = 64 << 10;
  std::uint64_t snapshot_log_bytes = 0;
  base::Duration snapshot_every{};
  int snapshot_zstd_level = 0;
  // 0: nobody looks how full the disks are, and one that is full stops its replica. Else that must
  // not happen: what the log may need is left free by what else is on the disk.
  std::uint64_t disk_reserve_bytes = 0;
  base::Duration unavailable_after{};
  base::Duration answer_within{};
  std::vector<MachinePlan> machines;
  Delays link;              // The fixed part of each direction's delay is drawn from it.
  base::Duration jitter{};  // The greatest of a direction.
  std::size_t piece_bytes_max = 64 << 10;
  std::size_t buffer_bytes = 4 << 20;  // Of a connection, each way.
  ClientsPlan clients;
  std::uint64_t waiting_bytes_max = 0;
  bool calm_founding = true;  // Nothing goes wrong before the cluster is founded.
  base::Duration trouble_for{};
  std::vector<FaultPlan> faults;
  FrameFaults frames;
  bool quorum_first = false;  // Only a quorum heals at first.
  Delays down;                // How long who was killed stays down.
};

// A named choice of what may go wrong, for looking at one thing alone.
struct Scenario {
  std::string_view name;
  std::string_view what;
  std::vector<Count> faults;
  bool from_the_start = false;  // Trouble begins before the cluster is founded.
  Protocol protocol = Protocol::lanes;
};
[[nodiscard]] const std::vector<Scenario>& scenarios();
[[nodiscard]] const Scenario* find_scenario(std::string_view name);

// Everything follows from the seed and the scenario.
[[nodiscard]] Plan draw_plan(std::uint64_t seed, const Scenario& scenario);

// What a replica may still write when its disk was filled below its marks at once. The last quarter
// of the reserve is twice that.
[[nodiscard]] std::uint64_t log_needs_bytes(const Plan& plan);
inline constexpr std::uint64_t disk_reserve_parts = 8;

// One line for people.
[[nodiscard]] std::string describe(const Plan& plan);

}  // namespace rabia::sim
