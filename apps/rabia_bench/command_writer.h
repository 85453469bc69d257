// Operations of a workload as bytes of the Redis protocol.
#pragma once

#include <cstdint>
#include <string>

#include "rabia_bench/content.h"

namespace rabia::bench {

// One for each thread. `workload` must outlive it.
class CommandWriter {
 public:
  // As Content.
  CommandWriter(const Workload& workload, std::uint64_t seed, std::uint64_t first_key = 0,
                std::uint64_t key_step = 1);

  // Appends the next operation; returns its place in the mix.
  std::uint32_t append(std::string& out);

 private:
  void append_key(std::string& out, char prefix);
  void append_value(std::string& out);
  void append_set(std::string& out);

  const Workload& workload_;
  Content content_;
  std::string key_head_;    // The length line of every key.
  std::string value_head_;  // That of every value, when all have one size.
};

// "WAIT replicas 0": until so many replicas have it, however long it takes.
std::string wait_command(std::uint32_t replicas);

}  // namespace rabia::bench
