// What the command line of kvstore_performance asks for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rabia/result.h"

namespace rabia::kvstore_performance {

struct Options {
  std::optional<std::string> answer;  // Print this and exit: --help or --version was given.
  std::vector<std::uint64_t> sizes;   // How many keys the store has, one after the other.
  std::uint64_t value_bytes = 64;
  std::uint64_t operations = 1'000'000;  // Of each row, at least.
  std::string directory;  // A directory for snapshots is made in it, and removed again.
};

// Code::invalid_argument, with what to write instead, for whatever cannot be meant.
Result<Options> parse_command_line(int argc, const char* const* argv);

}  // namespace rabia::kvstore_performance
