// A connection of a client: its bytes in, operations out to the replica, answers back, replies in
// one write. An item is a command.
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/keys.h"
#include "bench/micro/account.h"
#include "io/testing/manual_executor.h"
#include "kv/operations.h"
#include "kv/result.h"
#include "replica/replica.h"
#include "server/server.h"

namespace rabia::micro {
namespace {

// Takes everything, and answers when it is told to: a write with ok, a read by the store.
class AnsweringReplica final : public replica::Replica {
 public:
  AnsweringReplica() { kv::ResultWriter(&ok_).ok(); }
  // As at the end of a replica's step.
  void answer() {
    for (const Item& item : waiting_) {
      if (item.is_write) {
        client_->on_executed(item.token, ok_);
      } else {
        client_->on_readable(item.token, std::string_view(reads_).substr(item.begin, item.size));
      }
    }
    waiting_.clear();
    reads_.clear();
    client_->on_accepting();
    client_->on_step_end();
  }

  replica::ClientId add_client(replica::Client& client) override {
    client_ = &client;
    return {};
  }
  void remove_client(replica::ClientId) override {}
  [[nodiscard]] bool accepts(replica::ClientId) const override { return true; }
  [[nodiscard]] bool idle(replica::ClientId) const override { return waiting_.empty(); }
  void submit_write(replica::ClientId, std::uint64_t token, std::string_view) override {
    waiting_.push_back({token, true, 0, 0});
  }
  void submit_read(replica::ClientId, std::uint64_t token, std::string_view operation) override {
    waiting_.push_back({token, false, reads_.size(), operation.size()});
    reads_.append(operation);
  }
  [[nodiscard]] std::size_t peers_holding_everything() const override { return 0; }
  [[nodiscard]] replica::ReplicaStatus status() const override { return {}; }
  [[nodiscard]] LogTime log_time() const override { return {}; }
  [[nodiscard]] const replica::StageTimes& stage_times() const override { return times_; }
  [[nodiscard]] const replica::DiskStatus& disk() const override { return disk_; }

  // Nothing of this is asked here.
  void take_snapshot(replica::OnSnapshot) override {}
  void change_members(const replica::MemberChange&, std::function<void(Status)>) override {}
  void begin_backup(replica::OnBackup) override {}
  void read_backup(std::uint64_t, replica::BackupPart, replica::OnBackupPart) override {}
  Status end_backup(std::uint64_t) override { return {}; }
  void set_disk_reserve(std::uint64_t) override {}
  void set_snapshot_rule(const replica::SnapshotRule&) override {}
  Status close() override { return {}; }

 private:
  struct Item {
    std::uint64_t token;
    bool is_write;
    std::size_t begin;  // Of a read: in reads_.
    std::size_t size;
  };
  std::string ok_;
  replica::StageTimes times_;
  replica::Client* client_ = nullptr;
  std::vector<Item> waiting_;
  std::string reads_;
  replica::DiskStatus disk_;
};

// What the server gives to its one client, counted.
struct Sent {
  std::uint64_t bytes = 0;
};

class CountingStream final : public io::Stream {
 public:
  CountingStream(io::StreamHandler*& handler, Sent& sent) : handler_(handler), sent_(sent) {}
  void start(io::StreamHandler& handler) override { handler_ = &handler; }
  void write(std::string_view bytes) override { sent_.bytes += bytes.size(); }
  [[nodiscard]] std::size_t unsent() const override { return 0; }
  void pause_reading() override {}
  void resume_reading() override {}
  void close() override {}
  [[nodiscard]] std::string peer_address() const override { return "client:1"; }
  [[nodiscard]] std::string local_address() const override { return "server:1"; }

 private:
  io::StreamHandler*& handler_;
  Sent& sent_;
};

// Has one listener, to which one client connects.
class OneClientNetwork final : public io::Network {
 public:
  Result<std::unique_ptr<io::Listener>> listen(const io::Endpoint&, OnAccept accept) override {
    accept_ = std::move(accept);
    return {std::make_unique<AnyPort>()};
  }
  std::unique_ptr<io::Connecting> connect(const io::Endpoint&, OnConnect) override { return {}; }
  void connect_client() { accept_(std::make_unique<CountingStream>(handler, sent)); }

  io::StreamHandler* handler = nullptr;  // The session's.
  Sent sent;

 private:
  class AnyPort final : public io::Listener {
   public:
    [[nodiscard]] std::uint16_t port() const override { return 1; }
  };
  OnAccept accept_;
};

std::string request(std::initializer_list<std::string_view> words) {
  std::string text = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string_view word : words) {
    text += "$" + std::to_string(word.size()) + "\r\n" + std::string(word) + "\r\n";
  }
  return text;
}

// The client sends `text`, of so many commands, and hears their replies, over and over.
void serve(benchmark::State& state, const std::string& text, std::uint64_t commands) {
  io::testing::ManualExecutor executor;
  OneClientNetwork network;
  kv::StoreMachine machine;
  machine.store().set(bench::key_of(0), std::string(bench::value_bytes, 'v'));
  AnsweringReplica replica;
  server::ServerOptions options;
  options.listen = {.host = "server", .port = 1};
  const auto server = server::Server::open(
      {.executor = executor, .network = network, .replica = replica, .machine = machine},
      std::move(options));
  if (!server.ok()) return state.SkipWithError("the server cannot be opened");
  network.connect_client();
  const Account account(state);
  for (auto _ : state) {
    network.handler->on_bytes(text);
    replica.answer();
  }
  account.report(commands);
  if (network.sent.bytes < state.iterations() * commands) {
    state.SkipWithError("not every command was answered");
  }
}

void SessionSet(benchmark::State& state) {
  const auto commands = static_cast<std::uint64_t>(state.range(0));
  const std::string value(bench::value_bytes, 'v');
  std::string text;
  for (std::uint64_t i = 0; i < commands; ++i) text += request({"SET", bench::key_of(i), value});
  serve(state, text, commands);
}
BENCHMARK(SessionSet)->ArgName("pipeline")->Arg(1)->Arg(16)->Arg(100);

// All of one key: what the store takes is not to be seen here.
void SessionGet(benchmark::State& state) {
  const auto commands = static_cast<std::uint64_t>(state.range(0));
  std::string text;
  for (std::uint64_t i = 0; i < commands; ++i) text += request({"GET", bench::key_of(0)});
  serve(state, text, commands);
}
BENCHMARK(SessionGet)->ArgName("pipeline")->Arg(1)->Arg(16)->Arg(100);

}  // namespace
}  // namespace rabia::micro
