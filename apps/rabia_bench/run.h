// A whole run: connect, load the keys, warm up, measure.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "rabia/result.h"
#include "rabia_bench/options.h"
#include "rabia_bench/tally.h"

namespace rabia::bench {

struct ServerCpu {
  int pid = 0;
  std::optional<double> seconds;  // Within the window; nothing: it ended meanwhile.
};

struct Outcome {
  Tally tally;
  double seconds = 0;  // Length of the window.
  std::vector<ServerCpu> servers;
  double own_cpu_seconds = 0;
};

// What one thread does in a run.
class Load {
 public:
  virtual ~Load() = default;
  // Until the window is over and all is answered, or given up. The calling thread's.
  virtual void run() = 0;
  [[nodiscard]] virtual const Tally& tally() const = 0;
};

// Connections are made, and the window begins now.
struct Loads {
  Window window;
  std::vector<std::unique_ptr<Load>> threads;
};
using MakeLoads = std::function<Result<Loads>(const Options& options)>;

// Loads that speak the Redis protocol. `options` must outlive them.
Result<Loads> make_redis_loads(const Options& options);

// Blocks. A failure is one by which nothing could be measured: a target that does not answer, a
// process that does not exist, a preload that got errors. Errors during the run are in the tally.
Result<Outcome> run_load(const Options& options, const MakeLoads& make_loads);

}  // namespace rabia::bench
