#include "rabia_bench/clock.h"
#include "rabia_bench/run.h"
#include "rabia_bench/worker.h"

namespace rabia::bench {
namespace {

// The connections of each thread: number c is of thread c mod threads, and goes to target c mod
// targets.
Result<std::vector<std::vector<Connection>>> connect_all(const Options& options) {
  std::vector<std::vector<Connection>> connections(options.threads);
  for (std::uint32_t i = 0; i < options.connections; ++i) {
    const auto target = static_cast<std::uint32_t>(i % options.targets.size());
    auto socket = connect_to(options.targets[target]);
    if (!socket.ok()) return socket.status();
    // One place more, for the WAIT.
    connections[i % options.threads].emplace_back(socket.take(), target, options.pipeline + 1);
  }
  return connections;
}

}  // namespace

Result<Loads> make_redis_loads(const Options& options) {
  auto connections = connect_all(options);
  if (!connections.ok()) return connections.status();
  Loads loads{.window = make_window(options, clock_now()), .threads = {}};
  for (std::uint32_t i = 0; i < options.threads; ++i) {
    loads.threads.push_back(
        std::make_unique<Worker>(options, loads.window, i, std::move(connections.value()[i])));
  }
  return loads;
}

}  // namespace rabia::bench
