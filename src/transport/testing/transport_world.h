// Transports over a network in memory, on virtual time, and strangers that may say anything to
// them. For tests.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/log.h"
#include "io/testing/manual_executor.h"
#include "io/testing/memory_network.h"
#include "transport/frame.h"
#include "transport/handshake.h"
#include "transport/transport.h"

namespace rabia::transport::testing {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Strings = std::vector<std::string>;

inline constexpr std::uint16_t port = 7000;

inline std::string host_name(std::uint16_t id) {
  return "m" + std::to_string(id);
}

inline TransportOptions options_of(std::uint16_t self, const std::vector<std::uint16_t>& members) {
  TransportOptions options;
  options.cluster_id = "blue";
  options.self = {self};
  options.listen = {"0.0.0.0", port};
  for (const std::uint16_t id : members) {
    if (id != self) options.peers.push_back({{id}, {host_name(id), port}});
  }
  return options;
}

// A transport and what it called back.
class Member {
 public:
  Member(io::Executor& executor, io::Network& network, TransportOptions options) {
    Transport::Callbacks callbacks;
    callbacks.peer_up = [this](ReplicaId id) { note("up", id); };
    callbacks.peer_down = [this](ReplicaId id) { note("down", id); };
    callbacks.received = [this](ReplicaId id, std::string_view payload) {
      received.push_back(std::to_string(id.value) + ":" + std::string(payload));
      if (then) then("received " + std::to_string(id.value));
    };
    callbacks.round_trip = [this](ReplicaId, base::Duration d) { round_trips.push_back(d); };
    auto opened = Transport::open(executor, network, std::move(options), std::move(callbacks));
    EXPECT_TRUE(opened.ok()) << opened.status().message();
    transport = opened.take();
  }
  [[nodiscard]] Transport::PeerStats stats() const { return transport->stats().front(); }

  std::unique_ptr<Transport> transport;
  Strings events;
  Strings received;
  std::vector<base::Duration> round_trips;
  // Runs inside the callback of each event and frame, with its name: "up 2", "received 2".
  std::function<void(const std::string&)> then;

 private:
  void note(const char* what, ReplicaId id) {
    events.push_back(std::string(what) + " " + std::to_string(id.value));
    if (then) then(std::string(events.back()));
  }
};

// Somebody at the other end who may say anything.
class Stranger final : public io::StreamHandler {
 public:
  void take(std::unique_ptr<io::Stream> taken) {
    stream = std::move(taken);
    stream->start(*this);
  }
  void on_bytes(std::string_view bytes) override {
    ++deliveries;
    received.append(bytes);
  }
  void on_drained() override {}
  void on_closed(std::string_view) override { closed = true; }

  void say(std::string_view bytes) { stream->write(bytes); }
  void say_frame(FrameType type, std::string_view payload) {
    std::string out;
    append_frame(out, type, payload);
    stream->write(out);
  }
  void say_hello(const Hello& hello) {
    say(preamble());
    say_frame(FrameType::hello, encode(hello));
  }
  // The payloads of the frames of one type that were heard.
  [[nodiscard]] Strings heard(FrameType type) const {
    Strings payloads;
    if (received.size() < preamble_bytes) return payloads;
    std::string_view input = std::string_view(received).substr(preamble_bytes);
    FrameReader reader;
    Frame frame;
    while (reader.next(input, 1 << 20, frame) == FrameReader::Step::frame) {
      if (frame.type == type) payloads.emplace_back(frame.payload);
    }
    return payloads;
  }

  std::unique_ptr<io::Stream> stream;
  std::unique_ptr<io::Connecting> connecting;
  std::string received;
  int deliveries = 0;
  bool closed = false;
};

class TransportTest : public ::testing::Test {
 protected:
  void SetUp() override {
    io::set_log_sink([this](io::Level, std::string_view line) { log_.emplace_back(line); });
  }
  void TearDown() override { io::set_log_sink({}); }

  std::unique_ptr<Member> open(TransportOptions options) {
    io::Network& network = network_.at(host_name(options.self.value));
    return std::make_unique<Member>(executor_, network, std::move(options));
  }
  std::unique_ptr<Member> open(std::uint16_t id) { return open(options_of(id, {1, 2})); }

  // Connects somebody to member 1.
  std::unique_ptr<Stranger> stranger() {
    auto made = std::make_unique<Stranger>();
    made->connecting =
        network_.at("stranger").connect({host_name(1), port}, [raw = made.get()](auto result) {
          ASSERT_TRUE(result.ok());
          raw->take(result.take());
        });
    EXPECT_TRUE(executor_.run_until([&] { return made->stream != nullptr; }, seconds(1)));
    return made;
  }
  std::unique_ptr<Stranger> stranger_as(const Hello& hello) {
    auto made = stranger();
    made->say_hello(hello);
    run_for(milliseconds(10));
    return made;
  }
  static Hello hello_of_2() { return {"blue", {2}, {1}, 0, 77}; }

  void run_for(base::Duration duration) { executor_.run_for(duration); }
  bool run_until_up(const Member& member, std::uint16_t peer) {
    return executor_.run_until([&] { return member.transport->up({peer}); }, seconds(5));
  }
  [[nodiscard]] std::ptrdiff_t logged(std::string_view text) const {
    return std::count_if(log_.begin(), log_.end(), [&](const std::string& line) {
      return line.find(text) != std::string::npos;
    });
  }

  io::testing::ManualExecutor executor_;
  io::testing::MemoryNetwork network_{executor_};
  Strings log_;
};

}  // namespace rabia::transport::testing
