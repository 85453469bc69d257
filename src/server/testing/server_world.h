// A server over a fake replica and a network in memory, on virtual time, with clients to talk to
// it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "io/testing/manual_executor.h"
#include "io/testing/memory_network.h"
#include "server/server.h"
#include "server/testing/fake_replica.h"

namespace rabia::server::testing {

// One client's end of a connection.
class TestClient final : public io::StreamHandler {
 public:
  void attach(std::unique_ptr<io::Stream> stream) {
    stream_ = std::move(stream);
    stream_->start(*this);
  }
  void send(std::string_view bytes) { stream_->write(bytes); }
  void stop_reading() { stream_->pause_reading(); }
  void go_on_reading() { stream_->resume_reading(); }
  void disconnect() { stream_->close(); }
  // What came since the last call.
  std::string take() { return std::exchange(received_, {}); }
  [[nodiscard]] std::size_t received_bytes() const { return received_.size(); }
  [[nodiscard]] std::size_t unsent() const { return stream_->unsent(); }
  [[nodiscard]] bool connected() const { return stream_ != nullptr; }
  [[nodiscard]] bool closed() const { return closed_; }

  void on_bytes(std::string_view bytes) override { received_.append(bytes); }
  void on_drained() override {}
  void on_closed(std::string_view) override { closed_ = true; }

 private:
  std::unique_ptr<io::Stream> stream_;
  std::string received_;
  bool closed_ = false;
};

// One thread.
class ServerWorld {
 public:
  explicit ServerWorld(ServerOptions options = {}, Configuration* configuration = nullptr) {
    options.listen = {.host = "server", .port = 6379};
    auto opened = Server::open({.executor = executor,
                                .network = network.at("server"),
                                .replica = replica,
                                .machine = machine,
                                .configuration = configuration},
                               std::move(options));
    if (opened.ok()) server = opened.take();
  }

  // From now on the replica executes by itself, at once, what is submitted.
  void let_replica_run() {
    replica.on_work = [this] { executor.post([this] { replica.run(); }); };
  }
  void settle() { executor.run_for(std::chrono::milliseconds(20)); }

  std::unique_ptr<TestClient> connect() {
    auto client = std::make_unique<TestClient>();
    const auto attempt = network.at("client").connect(
        {.host = "server", .port = 6379}, [&](Result<std::unique_ptr<io::Stream>> stream) {
          if (stream.ok()) client->attach(stream.take());
        });
    settle();
    return client;
  }
  // Sends and returns what comes back soon.
  std::string ask(TestClient& client, std::string_view bytes) {
    client.send(bytes);
    settle();
    return client.take();
  }

  io::testing::ManualExecutor executor;
  io::testing::MemoryNetwork network{executor};
  kv::StoreMachine machine;
  FakeReplica replica{machine};
  std::unique_ptr<Server> server;
};

// The number in "name:123" of INFO or "name=123" of CLIENT LIST; -1 when it is not there.
inline long long number_after(std::string_view text, std::string_view name) {
  const std::size_t at = text.find(name);
  if (at == std::string_view::npos) return -1;
  return std::stoll(std::string(text.substr(at + name.size(), 20)));
}

}  // namespace rabia::server::testing
