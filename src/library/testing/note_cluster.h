// For tests: clusters in this process whose machines keep notes.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "library/testing/notes.h"
#include "rabia/local_cluster.h"

namespace rabia::testing {

inline std::unique_ptr<LocalCluster> open_cluster(const LocalClusterOptions& options = {}) {
  auto opened = LocalCluster::open(options, [] { return std::make_unique<Notes>(); });
  EXPECT_TRUE(opened.ok()) << opened.status().message();
  return opened.take();
}

// As a linearizable read at that replica sees them.
inline std::vector<std::string> notes_of(LocalCluster& cluster, std::size_t index) {
  std::vector<std::string> notes;
  EXPECT_TRUE(cluster.replica(index)
                  .read([&] { notes = dynamic_cast<Notes&>(cluster.machine(index)).notes; })
                  .ok());
  return notes;
}

}  // namespace rabia::testing
