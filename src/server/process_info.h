// What the operating system says of this process, for INFO.
#pragma once

#include <cstdint>

namespace rabia::server {

// All zero where it cannot be read.
struct ProcessInfo {
  std::uint64_t process_id = 0;
  std::uint64_t resident_bytes = 0;
  double user_seconds = 0;
  double system_seconds = 0;
};

// Reads /proc: some microseconds.
[[nodiscard]] ProcessInfo read_process_info();

}  // namespace rabia::server
