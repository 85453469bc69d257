#include "rabia_bench/run.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "rabia_bench/clock.h"
#include "rabia_bench/server_cpu.h"
#include "rabia_bench/socket.h"

namespace rabia::bench {
namespace {

constexpr std::uint32_t preload_pipeline = 64;

Result<std::vector<Descriptor>> connect_idle(const Options& options) {
  std::vector<Descriptor> sockets;
  for (std::uint32_t i = 0; i < options.idle_connections; ++i) {
    auto socket = connect_to(options.targets[i % options.targets.size()]);
    if (!socket.ok()) return socket.status();
    sockets.push_back(socket.take());
  }
  return sockets;
}

std::vector<std::optional<double>> cpu_of_all(const std::vector<int>& pids) {
  std::vector<std::optional<double>> seconds;
  for (const int pid : pids) {
    const Result<double> found = cpu_seconds_of(pid);
    seconds.push_back(found.ok() ? std::optional(found.value()) : std::nullopt);
  }
  return seconds;
}

void sleep_until(std::int64_t time) {
  const std::int64_t now = clock_now();
  if (time > now) std::this_thread::sleep_for(std::chrono::nanoseconds(time - now));
}

struct CpuTimes {
  std::vector<std::optional<double>> servers;
  double own = 0;
};

CpuTimes cpu_times(const Options& options) {
  return {.servers = cpu_of_all(options.pids), .own = own_cpu_seconds()};
}

void fill_cpu(Outcome& outcome, const Options& options, const CpuTimes& before,
              const CpuTimes& after) {
  outcome.own_cpu_seconds = after.own - before.own;
  for (std::size_t i = 0; i < options.pids.size(); ++i) {
    ServerCpu cpu{.pid = options.pids[i], .seconds = std::nullopt};
    if (before.servers[i] && after.servers[i]) cpu.seconds = *after.servers[i] - *before.servers[i];
    outcome.servers.push_back(cpu);
  }
}

Result<Outcome> run_phase(const Options& options, const MakeLoads& make_loads) {
  const auto loads = make_loads(options);
  if (!loads.ok()) return loads.status();
  const Window& window = loads.value().window;
  std::vector<std::thread> threads;
  for (const auto& each : loads.value().threads) threads.emplace_back([&each] { each->run(); });
  // This thread only looks on, and sleeps.
  sleep_until(window.from);
  const CpuTimes before = cpu_times(options);
  const bool ends_by_count = options.requests > 0;
  if (!ends_by_count) sleep_until(window.until);
  CpuTimes after = cpu_times(options);
  for (std::thread& each : threads) each.join();
  if (ends_by_count) after = cpu_times(options);

  Outcome outcome{.tally = Tally(window, options.targets.size()), .seconds = 0, .servers = {}};
  for (const auto& each : loads.value().threads) outcome.tally.merge(each->tally());
  if (ends_by_count && options.rate == 0) {
    outcome.tally.end_window(std::max(outcome.tally.last_answer, window.from + 1));
  }
  const Window& measured = outcome.tally.window();
  outcome.seconds = static_cast<double>(measured.until - measured.from) / 1e9;
  fill_cpu(outcome, options, before, after);
  return outcome;
}

Status preload(const Options& options, const MakeLoads& make_loads) {
  Options loading = options;
  loading.workload.mix = {Operation{}};
  loading.workload.distribution = {.kind = Distribution::Kind::sequential, .exponent = 0};
  loading.requests = options.workload.keys;
  loading.pipeline = preload_pipeline;
  loading.rate = 0;
  loading.warmup_seconds = 0;
  loading.wait_replicas = 0;
  loading.gap = false;
  const Result<Outcome> outcome = run_phase(loading, make_loads);
  if (!outcome.ok()) return outcome.status();
  const Tally& tally = outcome.value().tally;
  if (tally.errors() == 0) return {};
  return {Code::unavailable, "--preload: " + std::to_string(tally.errors()) +
                                 " errors, the first: " + tally.first_errors().front()};
}

}  // namespace

Result<Outcome> run_load(const Options& options, const MakeLoads& make_loads) {
  raise_open_files();
  for (const int pid : options.pids) {
    if (const auto seconds = cpu_seconds_of(pid); !seconds.ok()) return seconds.status();
  }
  const auto idle = connect_idle(options);
  if (!idle.ok()) return idle.status();
  if (options.preload) {
    if (Status status = preload(options, make_loads); !status.ok()) return status;
  }
  return run_phase(options, make_loads);
}

}  // namespace rabia::bench
