// What the command line of rabia-bench asks for.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/network.h"
#include "rabia/result.h"
#include "rabia_bench/workload.h"

namespace rabia::bench {

struct Options {
  std::optional<std::string> answer;  // Print this and exit: --help or --version was given.
  std::string floor_directory;        // Measure this machine's floor there, and nothing else.

  std::vector<io::Endpoint> targets;
  std::uint32_t connections = 50;
  std::uint32_t threads = 1;
  std::uint32_t pipeline = 1;
  double rate = 0;             // Operations a second, of all connections; 0: closed loop.
  std::uint64_t requests = 0;  // 0: `seconds` ends the run.
  double seconds = 10;
  double warmup_seconds = 0;
  double patience_seconds = 10;  // Without any answer for so long: give up.
  std::uint32_t idle_connections = 0;

  Workload workload;
  std::uint32_t wait_replicas = 0;  // 0: no WAIT behind each pipeline.
  bool preload = false;
  std::uint64_t seed = 1;

  std::vector<int> pids;
  bool gap = false;
  bool allow_errors = false;
  std::string timeline_file;
  std::string json_file;
  std::string name;  // Of the row in the table; empty: the mix.
};

// Code::invalid_argument, with what to write instead, for whatever cannot be meant.
Result<Options> parse_command_line(int argc, const char* const* argv);

}  // namespace rabia::bench
