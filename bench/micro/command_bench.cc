// One command on its way from the server to the store: its bytes, the group that it waits in, its
// execution, its result. An item is a command.
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/keys.h"
#include "bench/micro/account.h"
#include "kv/operations.h"
#include "kv/result.h"
#include "replica/batch.h"
#include "replica/client_table.h"
#include "replica/commands_ahead.h"
#include "replica/group.h"
#include "server/command_table.h"
#include "server/result_to_resp.h"

namespace rabia::micro {
namespace {

constexpr std::uint64_t keys = 1'000'000;

std::string a_value() {
  return std::string(bench::value_bytes, 'v');
}

void CommandResolve(benchmark::State& state) {
  const server::CommandTable& table = server::CommandTable::instance();
  const std::string key = bench::key_of(1);
  const std::string value = a_value();
  const std::vector<std::string_view> arguments = {"SET", key, value};
  std::string error;
  const Account account(state);
  for (auto _ : state) benchmark::DoNotOptimize(table.resolve(arguments, error));
  account.report(1);
}
BENCHMARK(CommandResolve);

void KvEncodeSet(benchmark::State& state) {
  const std::string key = bench::key_of(1);
  const std::string value = a_value();
  std::string out;
  const Account account(state);
  for (auto _ : state) {
    out.clear();
    kv::encode_set(out, key, value, {});
    benchmark::DoNotOptimize(out.data());
  }
  account.report(1);
}
BENCHMARK(KvEncodeSet);

// Reads an operation to its end, and finds nothing to do: what is not the store's work.
void KvDecodeAndFindNothing(benchmark::State& state) {
  kv::StoreMachine machine;
  std::string command;
  kv::encode_get_and_erase(command, bench::key_of(1));
  std::string reply;
  const Account account(state);
  for (auto _ : state) {
    reply.clear();
    machine.apply({}, command, &reply);
    benchmark::DoNotOptimize(reply.data());
  }
  account.report(1);
}
BENCHMARK(KvDecodeAndFindNothing);

void ResultToResp(benchmark::State& state) {
  std::string result;
  kv::ResultWriter(&result).ok();
  std::string out;
  resp::ReplyWriter writer(out, resp::Protocol::resp2);
  const Account account(state);
  for (auto _ : state) {
    out.clear();
    server::write_result(result, writer);
    benchmark::DoNotOptimize(out.data());
  }
  account.report(1);
}
BENCHMARK(ResultToResp);

class SilentClient final : public replica::Client {
 public:
  void on_executed(std::uint64_t, std::string_view) override {}
  void on_readable(std::uint64_t, std::string_view) override {}
  void on_failed(std::uint64_t, replica::Failure) override {}
  void on_accepting() override {}
  void on_step_end() override {}
};

// One client's commands into a group of their own, a batch made of it, and all of them answered:
// what replica::Core does for commands beside the protocol and the machine.
void GroupAndAnswer(benchmark::State& state) {
  const auto commands = static_cast<std::uint64_t>(state.range(0));
  std::string command;
  kv::encode_set(command, bench::key_of(1), a_value(), {});
  SilentClient client;
  replica::ClientTable clients;
  const replica::ClientId id = clients.add(client);
  const Account account(state);
  for (auto _ : state) {
    replica::Group group;
    for (std::uint64_t token = 0; token < commands; ++token) {
      clients.submitted(id, group);
      group.add_write(id, token, command);
    }
    group.batch = base::SharedBytes(std::exchange(group.commands, {}));
    for (const replica::Item& item : group.items) {
      benchmark::DoNotOptimize(clients.answering(item.client));
    }
    clients.notify_accepting();
    clients.end_step();
  }
  account.report(commands);
}
BENCHMARK(GroupAndAnswer)->ArgName("batch")->Arg(1)->Arg(16)->Arg(100)->Arg(700);

// A million SETs of known keys, in their order, as batches of so many.
class Batches {
 public:
  explicit Batches(std::uint64_t commands) {
    const bench::Keys order(0, keys, 2);
    const std::string value = a_value();
    std::string command;
    for (std::uint64_t i = 0; i + commands <= keys;) {
      replica::begin_batch(batches_.emplace_back());
      for (std::uint64_t n = 0; n < commands; ++n) {
        command.clear();
        kv::encode_set(command, order[i++], value, {});
        replica::add_command(batches_.back(), command);
      }
    }
  }
  [[nodiscard]] const std::string& next() {
    if (next_ == batches_.size()) next_ = 0;
    return batches_[next_++];
  }

 private:
  std::vector<std::string> batches_;
  std::size_t next_ = 0;
};

// Made once: it takes longer than what is measured.
kv::StoreMachine& filled() {
  static kv::StoreMachine machine;
  if (machine.store().size() == 0) {
    const bench::Keys all(0, keys, 1);
    const std::string value = a_value();
    for (std::uint64_t i = 0; i < keys; ++i) machine.store().set(all[i], value);
  }
  return machine;
}

// As a replica executes a batch; with `replies` it is the one whose clients wait.
void ApplyBatch(benchmark::State& state) {
  const auto commands = static_cast<std::uint64_t>(state.range(0));
  const bool replies = state.range(1) != 0;
  kv::StoreMachine& machine = filled();
  Batches batches(commands);
  std::string reply;
  const Account account(state);
  for (auto _ : state) {
    replica::CommandsAhead ahead(batches.next(), machine);
    std::string_view command;
    while (ahead.next(command)) {
      reply.clear();
      machine.apply({}, command, replies ? &reply : nullptr);
      benchmark::DoNotOptimize(reply.data());
    }
  }
  account.report(commands);
}
BENCHMARK(ApplyBatch)->ArgNames({"batch", "replies"})->ArgsProduct({{1, 10, 100, 700}, {0}});
BENCHMARK(ApplyBatch)->ArgNames({"batch", "replies"})->Args({100, 1});

}  // namespace
}  // namespace rabia::micro
