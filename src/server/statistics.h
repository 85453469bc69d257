// What a server counts for INFO.
#pragma once

#include <cstdint>

namespace rabia::server {

struct Statistics {
  std::uint64_t connections_received = 0;
  std::uint64_t connections_rejected = 0;  // Above clients_max.
  std::uint64_t commands_processed = 0;
  std::uint64_t input_bytes = 0;
  std::uint64_t output_bytes = 0;
  std::uint64_t keyspace_hits = 0;
  std::uint64_t keyspace_misses = 0;
  std::uint64_t protocol_errors = 0;
  std::uint64_t requests_too_large = 0;  // Skipped, and answered by an error.
  std::uint64_t clients_cut = 0;         // Did not take their replies: above output_bytes_max.
  std::uint64_t items_not_executed = 0;  // Answered -CLUSTERDOWN.
  std::uint64_t outcomes_unknown = 0;    // Answered "outcome unknown".
};

}  // namespace rabia::server
