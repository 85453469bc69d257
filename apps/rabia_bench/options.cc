#include "rabia_bench/options.h"

#include <CLI/CLI.hpp>
#include <charconv>

#include "command_line/command_line.h"

namespace rabia::bench {
namespace {

// As they are written, before they are understood.
struct Texts {
  std::string targets = "127.0.0.1:7001";
  std::string mix = "set";
  std::string value_bytes = "64";
  std::string distribution = "uniform";
  std::string pids;
};

Status refuse(std::string message) {
  return {Code::invalid_argument, std::move(message)};
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t end = 0; end != std::string::npos; begin = end + 1) {
    end = text.find(',', begin);
    parts.push_back(text.substr(begin, end == std::string::npos ? end : end - begin));
  }
  return parts;
}

void add_load(CLI::App& app, Options& options, Texts& texts) {
  app.add_option("--targets", texts.targets,
                 "HOST:PORT,HOST:PORT,…: connections are spread over them [127.0.0.1:7001]");
  app.add_option("--connections", options.connections, "Connections, of all targets together [50]")
      ->check(CLI::Range(1, 100'000));
  app.add_option("--threads", options.threads, "Threads that send and receive [1]")
      ->check(CLI::Range(1, 64));
  app.add_option("--pipeline", options.pipeline,
                 "Operations under way on each connection; without --rate the next ones are sent "
                 "when all are answered [1]")
      ->check(CLI::Range(1, 10'000));
  app.add_option("--rate", options.rate,
                 "Operations a second, at fixed times whatever the servers do: latency counts from "
                 "the time at which an operation was to be sent [0: as fast as answers come]")
      ->check(CLI::Range(0.0, 1e8));
  app.add_option("--requests", options.requests, "End after so many operations [0: see --seconds]");
  app.add_option("--seconds", options.seconds, "End after so long [10]")
      ->check(CLI::Range(0.01, 1e6));
  app.add_option("--warmup", options.warmup_seconds, "Seconds before that, not measured [0]")
      ->check(CLI::Range(0.0, 1e6));
  app.add_option("--patience", options.patience_seconds,
                 "Seconds without any answer after which the run gives up [10]")
      ->check(CLI::Range(0.01, 1e6));
  app.add_option("--idle-connections", options.idle_connections,
                 "More connections, which only are there [0]")
      ->check(CLI::Range(0, 1'000'000));
}

void add_workload(CLI::App& app, Options& options, Texts& texts) {
  Workload& workload = options.workload;
  app.add_option("--mix", texts.mix,
                 "Operations with weights, as set=50,get=50: set, get, incr, mset:N (N keys in one "
                 "command), multi:N (MULTI, N SETs, EXEC) [set]");
  app.add_option("--wait", options.wait_replicas,
                 "WAIT for so many replicas behind each pipeline; its operations are complete when "
                 "that is answered [0: no WAIT]")
      ->check(CLI::Range(0, 100));
  app.add_option("--keys", workload.keys, "How many keys there are [1000000]")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 40));
  app.add_option("--key-bytes", workload.key_bytes, "Length of each key [16]");
  app.add_option("--value-bytes", texts.value_bytes, "Length of values, as 64 or 16-65536 [64]");
  app.add_option("--distribution", texts.distribution,
                 "Which keys: uniform, sequential (each once, in order, then again), zipf:0.99 "
                 "[uniform]");
  app.add_flag("--preload", options.preload, "SET every key once before all else");
  app.add_option("--seed", options.seed, "Of keys and values [1]");
}

void add_report(CLI::App& app, Options& options, Texts& texts) {
  app.add_option("--pids", texts.pids,
                 "Processes of the servers, as 12,34: their CPU seconds are shown");
  app.add_flag("--gap", options.gap, "Show the longest time without a completed write");
  app.add_option("--timeline", options.timeline_file,
                 "File (CSV) of the operations completed in each 10 ms");
  app.add_option("--json", options.json_file, "File for all figures");
  app.add_option("--name", options.name, "Name of the row in the table [the mix]");
  app.add_flag("--allow-errors", options.allow_errors,
               "Exit with 0 even when replies were errors or connections broke");
  app.add_option("--floor", options.floor_directory,
                 "Measure nothing but this machine, with a file in this directory: a round trip "
                 "over loopback, and a sync of the file");
}

Status understand(Options& options, const Texts& texts) {
  for (const std::string& each : split(texts.targets)) {
    const auto endpoint = io::parse_endpoint(each);
    if (!endpoint.ok()) return refuse("--targets: " + endpoint.status().message());
    options.targets.push_back(endpoint.value());
  }
  const auto mix = parse_mix(texts.mix);
  if (!mix.ok()) return mix.status();
  options.workload.mix = mix.value();
  options.workload.mix_text = texts.mix;
  const auto sizes = parse_size_range(texts.value_bytes);
  if (!sizes.ok()) return sizes.status();
  options.workload.value_bytes = sizes.value();
  const auto distribution = parse_distribution(texts.distribution);
  if (!distribution.ok()) return distribution.status();
  options.workload.distribution = distribution.value();
  if (texts.pids.empty()) return {};
  for (const std::string& each : split(texts.pids)) {
    int pid = 0;
    const auto [end, error] = std::from_chars(each.data(), each.data() + each.size(), pid);
    if (error != std::errc() || end != each.data() + each.size() || pid < 1) {
      return refuse("--pids: '" + each + "' is no number of a process");
    }
    options.pids.push_back(pid);
  }
  return {};
}

Status check(const CLI::App& app, const Options& options) {
  if (options.requests > 0 && app.count("--seconds") > 0) {
    return refuse("--requests and --seconds: give the one that shall end the run");
  }
  if (options.connections < options.targets.size()) {
    return refuse("--connections " + std::to_string(options.connections) +
                  ": fewer than there are targets, one of which would get none");
  }
  if (options.threads > options.connections) {
    return refuse("--threads: more than there are connections");
  }
  return check(options.workload);
}

}  // namespace

Result<Options> parse_command_line(int argc, const char* const* argv) {
  Options options;
  Texts texts;
  CLI::App app("Loads servers that speak the Redis protocol, and measures them.", "rabia-bench");
  // Who writes a flag twice, as scripts do that add to a list of them, means the last one.
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  apps::add_help_and_version(app);
  add_load(app, options, texts);
  add_workload(app, options, texts);
  add_report(app, options, texts);
  const auto parsed = apps::parse(app, argc, argv);
  if (!parsed.ok()) return parsed.status();
  options.answer = parsed.value();
  if (options.answer) return options;
  if (Status status = understand(options, texts); !status.ok()) return status;
  if (Status status = check(app, options); !status.ok()) return status;
  if (options.name.empty()) options.name = options.workload.mix_text;
  return options;
}

}  // namespace rabia::bench
