// LATENCY and its subcommands. Nothing is monitored by event, as in a Redis whose
// latency-monitor-threshold is 0; HISTOGRAM is always there.
#include <string>
#include <vector>

#include "server/command.h"
#include "server/command_statistics.h"
#include "server/command_table.h"
#include "server/help.h"
#include "server/server_state.h"

namespace rabia::server {
namespace {

void run_latest(LocalCall& call) {
  call.reply.array(0);
}

void run_history(LocalCall& call) {
  call.reply.array(0);
}

void run_graph(LocalCall& call) {
  std::string error = "ERR No samples available for event '";
  call.reply.error(error.append(call.arguments[2]).append("'"));
}

void run_reset(LocalCall& call) {
  call.reply.integer(0);
}

void run_doctor(LocalCall& call) {
  call.reply.verbatim(
      "Events are not monitored here. Where the time of commands goes is in INFO latencystats, "
      "LATENCY HISTOGRAM and SLOWLOG GET; what each step of a commit takes, and which member the "
      "others wait for, is in /metrics (docs/operations.md, \"What to watch\").\n");
}

// How many took up to 2^i µs, but for the lines that would say nothing new.
void write_histogram(const CommandCounts& counts, resp::ReplyWriter& reply) {
  struct Line {
    std::int64_t microseconds;
    std::uint64_t calls;
  };
  std::vector<Line> lines;
  std::uint64_t before = 0;
  for (int doubling = 0; doubling <= base::DurationHistogram::doublings; ++doubling) {
    const std::uint64_t calls = counts.took.shorter_than(doubling);
    if (calls != before) lines.push_back({std::int64_t{1} << doubling, calls});
    before = calls;
  }
  reply.map(2);
  reply.bulk("calls");
  reply.integer(static_cast<std::int64_t>(counts.took.count()));
  reply.bulk("histogram_usec");
  reply.map(lines.size());
  for (const Line& line : lines) {
    reply.integer(line.microseconds);
    reply.integer(static_cast<std::int64_t>(line.calls));
  }
}

// A container's name means its subcommands too.
void add_called(const ServerState& server, const Command& command,
                std::vector<const Command*>& called) {
  const auto add = [&](const Command& row) {
    if (server.command_statistics.of(row.index).took.count() > 0) called.push_back(&row);
  };
  add(command);
  for (const Command& subcommand : command.subcommands) {
    add(*server.commands.find(subcommand.name));
  }
}

void run_histogram(LocalCall& call) {
  std::vector<const Command*> called;
  if (call.arguments.size() == 2) {
    for (const Command* command : call.server.commands.commands()) {
      add_called(call.server, *command, called);
    }
  }
  for (const std::string_view name : call.arguments.subspan(2)) {
    const Command* const command = call.server.commands.find(name);
    if (command != nullptr) add_called(call.server, *command, called);
  }
  call.reply.map(called.size());
  for (const Command* command : called) {
    call.reply.bulk(command->name);
    write_histogram(call.server.command_statistics.of(command->index), call.reply);
  }
}

void run_help(LocalCall& call) {
  write_help("latency", latency_subcommands(), call.reply);
}

// A row of the family: what differs between them.
struct Row {
  std::string_view name;
  std::string_view syntax;
  int arity;
  std::string_view since;
  std::string_view summary;
  LocalHandler handler;
  std::string_view tips =
      "nondeterministic_output request_policy:all_nodes response_policy:special";
};

constexpr Command make(const Row& row) {
  return {.name = row.name,
          .syntax = row.syntax,
          .arity = row.arity,
          .flags = flag::admin | flag::noscript | flag::loading | flag::stale,
          .tips = row.tips,
          .group = "server",
          .since = row.since,
          .summary = row.summary,
          .complexity = "O(1)",
          .local = row.handler};
}

constexpr Command rows[] = {
    make({"latency|doctor", "", 2, "2.8.13", "Says where to look.", run_doctor}),
    make({"latency|graph", "event", 3, "2.8.13", "Refused: events are not monitored.", run_graph}),
    {.name = "latency|help",
     .arity = 2,
     .flags = flag::loading | flag::stale,
     .group = "server",
     .since = "2.8.13",
     .summary = "Prints this help.",
     .complexity = "O(1)",
     .local = run_help},
    make({"latency|histogram", "[command [command ...]]", -2, "7.0.0",
          "Answers how many calls of commands took up to how long.", run_histogram}),
    make({"latency|history", "event", 3, "2.8.13", "Answers nothing: events are not monitored.",
          run_history}),
    make({"latency|latest", "", 2, "2.8.13", "Answers nothing: events are not monitored.",
          run_latest}),
    make({"latency|reset", "[event [event ...]]", -2, "2.8.13",
          "Answers 0: events are not monitored.", run_reset,
          "request_policy:all_nodes response_policy:all_succeeded"}),
};

}  // namespace

std::span<const Command> latency_subcommands() {
  return rows;
}

}  // namespace rabia::server
