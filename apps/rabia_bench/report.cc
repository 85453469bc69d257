#include "rabia_bench/report.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "rabia_bench/gap.h"
#include "rabia_bench/json.h"

namespace rabia::bench {
namespace {

double microseconds(std::int64_t nanoseconds) {
  return static_cast<double>(nanoseconds) / 1e3;
}

std::string json_latency(const Histogram& histogram) {
  return JsonObject()
      .add("count", histogram.count())
      .add("mean", histogram.mean() / 1e3)
      .add("min", microseconds(histogram.min()))
      .add("p50", microseconds(histogram.percentile(50)))
      .add("p90", microseconds(histogram.percentile(90)))
      .add("p99", microseconds(histogram.percentile(99)))
      .add("p99_9", microseconds(histogram.percentile(99.9)))
      .add("p99_99", microseconds(histogram.percentile(99.99)))
      .add("max", microseconds(histogram.max()))
      .str();
}

struct Latencies {
  Histogram reads;
  Histogram writes;
  Histogram all;
};

Latencies latencies_of(const Tally& tally) {
  Latencies latencies;
  for (const TargetTally& each : tally.targets()) {
    latencies.reads.merge(each.reads);
    latencies.writes.merge(each.writes);
  }
  latencies.all.merge(latencies.reads);
  latencies.all.merge(latencies.writes);
  return latencies;
}

double per_second(const Outcome& outcome) {
  return static_cast<double>(outcome.tally.completed()) / outcome.seconds;
}

// Not a number, where nothing was completed.
double per_million(double seconds, const Outcome& outcome) {
  return seconds * 1e6 / static_cast<double>(outcome.tally.completed());
}

// Of the processes that lived to the end.
double server_seconds(const Outcome& outcome) {
  double sum = 0;
  for (const ServerCpu& each : outcome.servers) sum += each.seconds.value_or(0);
  return sum;
}

std::string json_settings(const Options& options) {
  const Workload& workload = options.workload;
  const auto& distribution = workload.distribution;
  const char* const names[] = {"uniform", "zipf", "sequential"};
  return JsonObject()
      .add("connections", std::uint64_t{options.connections})
      .add("threads", std::uint64_t{options.threads})
      .add("pipeline", std::uint64_t{options.pipeline})
      .add("rate", options.rate)
      .add("warmup_seconds", options.warmup_seconds)
      .add("idle_connections", std::uint64_t{options.idle_connections})
      .add("wait_replicas", std::uint64_t{options.wait_replicas})
      .add_text("mix", workload.mix_text)
      .add("keys", workload.keys)
      .add("key_bytes", std::uint64_t{workload.key_bytes})
      .add("value_bytes_smallest", std::uint64_t{workload.value_bytes.smallest})
      .add("value_bytes_largest", std::uint64_t{workload.value_bytes.largest})
      .add_text("distribution", names[static_cast<std::size_t>(distribution.kind)])
      .add("zipf_exponent", distribution.exponent)
      .add("preload", std::string(options.preload ? "true" : "false"))
      .add("seed", options.seed)
      .str();
}

std::string json_targets(const Options& options, const Tally& tally) {
  std::vector<std::string> list;
  for (std::size_t i = 0; i < options.targets.size(); ++i) {
    const TargetTally& counts = tally.targets()[i];
    Histogram all = counts.reads;
    all.merge(counts.writes);
    list.push_back(JsonObject()
                       .add_text("target", io::to_string(options.targets[i]))
                       .add("completed", counts.completed)
                       .add("lost_connections", counts.lost_connections)
                       .add("latency_us", json_latency(all))
                       .str());
  }
  return json_list(list);
}

std::string json_cpu(const Outcome& outcome) {
  std::vector<std::string> servers;
  for (const ServerCpu& each : outcome.servers) {
    servers.push_back(JsonObject()
                          .add("pid", static_cast<std::uint64_t>(each.pid))
                          .add("seconds", each.seconds ? json_number(*each.seconds) : "null")
                          .str());
  }
  return JsonObject()
      .add("servers", json_list(servers))
      .add("server_seconds_per_million",
           outcome.servers.empty() ? "null"
                                   : json_number(per_million(server_seconds(outcome), outcome)))
      .add("load_seconds_per_million", per_million(outcome.own_cpu_seconds, outcome))
      .str();
}

std::string json_errors(const Tally& tally) {
  std::vector<std::string> first;
  for (const std::string& each : tally.first_errors()) first.push_back(json_text(each));
  return JsonObject().add("count", tally.errors()).add("first", json_list(first)).str();
}

template <typename... Values>
std::string line(const char* format, Values... values) {
  std::array<char, 400> text{};
  std::snprintf(text.data(), text.size(), format, values...);
  return text.data();
}

std::string row(const Options& options, const Outcome& outcome, const Histogram& all) {
  const bool has_cpu = !outcome.servers.empty();
  return line("%-24.24s %12.0f %9.1f %9.1f %9.1f %9.1f %10.1f %9s %8.2f %8llu\n",
              options.name.c_str(), per_second(outcome), microseconds(all.percentile(50)),
              microseconds(all.percentile(90)), microseconds(all.percentile(99)),
              microseconds(all.percentile(99.9)), microseconds(all.max()),
              has_cpu ? line("%.2f", per_million(server_seconds(outcome), outcome)).c_str() : "-",
              per_million(outcome.own_cpu_seconds, outcome),
              static_cast<unsigned long long>(outcome.tally.errors()));
}

std::string target_rows(const Options& options, const Tally& tally) {
  if (options.targets.size() < 2) return {};
  std::string text;
  for (std::size_t i = 0; i < options.targets.size(); ++i) {
    const TargetTally& counts = tally.targets()[i];
    Histogram all = counts.reads;
    all.merge(counts.writes);
    text +=
        line("  at %-30s %12llu completed, p50 %.1f, p99 %.1f, max %.1f us",
             io::to_string(options.targets[i]).c_str(),
             static_cast<unsigned long long>(counts.completed), microseconds(all.percentile(50)),
             microseconds(all.percentile(99)), microseconds(all.max()));
    if (counts.lost_connections > 0) {
      text +=
          line(", %llu connections lost", static_cast<unsigned long long>(counts.lost_connections));
    }
    text += "\n";
  }
  return text;
}

std::string remarks(const Options& options, const Outcome& outcome) {
  const Tally& tally = outcome.tally;
  std::string text;
  if (options.gap) {
    const Gap gap = longest_gap(tally.write_times(), tally.window());
    text += line("longest time without a completed write: %.1f ms, from second %.3f on\n",
                 gap.milliseconds, gap.at_second);
  }
  if (tally.misses > 0) {
    text += line("%llu reads of keys that are not there (--preload writes all of them)\n",
                 static_cast<unsigned long long>(tally.misses));
  }
  for (const ServerCpu& each : outcome.servers) {
    if (!each.seconds)
      text += line("process %d ended meanwhile: its CPU is not counted\n", each.pid);
  }
  if (tally.errors() > 0) {
    text += line("%llu errors, for example:\n", static_cast<unsigned long long>(tally.errors()));
    for (const std::string& each : tally.first_errors()) text += "  " + each + "\n";
  }
  return text;
}

}  // namespace

std::string json_report(const Options& options, const Outcome& outcome) {
  const Tally& tally = outcome.tally;
  const Latencies latencies = latencies_of(tally);
  JsonObject report;
  report.add_text("name", options.name)
      .add_text("version", RABIA_VERSION)
      .add("settings", json_settings(options))
      .add("seconds", outcome.seconds)
      .add("completed", tally.completed())
      .add("per_second", per_second(outcome))
      .add("sent", tally.sent)
      .add("answered", tally.answered)
      .add("unanswered", tally.unanswered)
      .add("misses", tally.misses)
      .add("errors", json_errors(tally))
      .add("latency_us", JsonObject()
                             .add("all", json_latency(latencies.all))
                             .add("reads", json_latency(latencies.reads))
                             .add("writes", json_latency(latencies.writes))
                             .str())
      .add("targets", json_targets(options, tally))
      .add("cpu", json_cpu(outcome));
  if (options.gap) {
    const Gap gap = longest_gap(tally.write_times(), tally.window());
    report.add(
        "gap",
        JsonObject().add("milliseconds", gap.milliseconds).add("at_second", gap.at_second).str());
  }
  return report.str() + "\n";
}

std::string text_report(const Options& options, const Outcome& outcome) {
  const Latencies latencies = latencies_of(outcome.tally);
  return line("%-24s %12s %9s %9s %9s %9s %10s %9s %8s %8s\n", "", "ops/s", "p50 us", "p90 us",
              "p99 us", "p99.9 us", "max us", "CPU s/1M", "load's", "errors") +
         row(options, outcome, latencies.all) + target_rows(options, outcome.tally) +
         remarks(options, outcome);
}

std::string timeline_csv(const Tally& tally) {
  std::string text = "second,completed,writes\n";
  const Window& window = tally.window();
  const auto all =
      static_cast<std::size_t>((window.until - window.from) / Tally::slice_nanoseconds);
  for (std::size_t i = 0; i < std::max(all, tally.slices().size()); ++i) {
    const Tally::Slice slice = i < tally.slices().size() ? tally.slices()[i] : Tally::Slice{};
    text += line("%.2f,%u,%u\n", static_cast<double>(i) * Tally::slice_nanoseconds / 1e9,
                 slice.completed, slice.writes);
  }
  return text;
}

}  // namespace rabia::bench
