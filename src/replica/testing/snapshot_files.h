// Snapshot files as peers have them. For tests.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "replica/snapshot_name.h"
#include "replica/testing/cluster.h"
#include "storage/testing/snapshot_world.h"

namespace rabia::replica::testing {

// One, whole: what it is called, and its bytes.
struct PeerFile {
  consensus::SnapshotName name;
  std::string bytes;
};

inline storage::SnapshotHeader header_of(std::uint64_t round) {
  return {.cluster_id = "test", .incarnation = 3, .round = round, .position = 5, .extra = ""};
}

// With any bytes as the state.
inline PeerFile file_of(const storage::SnapshotHeader& header, std::string_view state) {
  storage::testing::SnapshotWorld world;
  const auto id = storage::testing::write_snapshot(world.files, header, state, 0);
  EXPECT_TRUE(id.ok()) << id.status().message();
  return {name_of(id.value()), world.content(storage::testing::SnapshotWorld::path(header.round))};
}

// What a LogMachine has after these commands.
inline std::string state_after(const std::vector<std::string>& commands) {
  LogMachine machine;
  for (const std::string& command : commands) machine.apply({}, command, nullptr);
  std::string state;
  const auto reader = machine.begin_snapshot();
  while (reader->read(1 << 20, state)) continue;
  return state;
}

// Enough for several chunks.
inline std::vector<std::string> many_commands() {
  std::vector<std::string> commands;
  for (int i = 0; i < 700; ++i) commands.push_back(std::to_string(i) + std::string(1000, 'x'));
  return commands;
}

}  // namespace rabia::replica::testing
