// The transport over real TCP on the loopback device.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "io/log.h"
#include "io/real_runtime.h"
#include "transport/transport.h"

namespace rabia::transport {
namespace {

// Speaks nonsense.
class Stranger final : public io::StreamHandler {
 public:
  void on_bytes(std::string_view) override {}
  void on_drained() override {}
  void on_closed(std::string_view) override { closed = true; }

  std::unique_ptr<io::Stream> stream;
  bool closed = false;
};

// Member 1 listens on a free port; member 2 knows it from there.
class TransportTcpTest : public ::testing::Test {
 protected:
  struct Member {
    std::unique_ptr<Transport> transport;
    std::vector<std::string> events;
    std::vector<std::string> received;
    int round_trips = 0;
  };

  void SetUp() override {
    io::set_log_sink([](io::Level, std::string_view) {});
    open(one_, 1, 0);
    port_ = one_.transport->port();
    open(two_, 2, 0);
  }
  void TearDown() override { io::set_log_sink({}); }

  void open(Member& member, std::uint16_t self, std::uint16_t port) {
    TransportOptions options;
    options.cluster_id = "blue";
    options.self = {self};
    options.listen = {"127.0.0.1", port};
    options.silent_after = std::chrono::seconds(20);  // A loaded machine is not a silent peer.
    options.handshake_within = std::chrono::seconds(20);
    const std::uint16_t other = self == 1 ? 2 : 1;
    options.peers = {{{other}, {"127.0.0.1", port_}}};
    Transport::Callbacks callbacks;
    callbacks.peer_up = [&member](ReplicaId) { member.events.emplace_back("up"); };
    callbacks.peer_down = [&member](ReplicaId) { member.events.emplace_back("down"); };
    callbacks.received = [&member](ReplicaId from, std::string_view payload) {
      member.received.emplace_back(payload);
      if (payload == "remove me") member.transport->remove_peer(from);
    };
    callbacks.round_trip = [&member](ReplicaId, base::Duration) { ++member.round_trips; };
    auto opened = Transport::open(runtime_.executor(), runtime_.network(), options, callbacks);
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    member.transport = opened.take();
  }

  void run_until(const std::function<bool()>& condition) {
    bool timed_out = false;
    auto limit = runtime_.executor().make_timer([&] {
      timed_out = true;
      runtime_.stop();
    });
    limit->arm(runtime_.executor().now() + std::chrono::seconds(30));
    std::unique_ptr<io::Timer> look = runtime_.executor().make_timer([&] {
      if (condition()) {
        runtime_.stop();
      } else {
        look->arm(runtime_.executor().now() + std::chrono::microseconds(500));
      }
    });
    look->arm(runtime_.executor().now());
    runtime_.run();
    ASSERT_FALSE(timed_out);
  }
  void run_until_up() {
    run_until([this] { return one_.transport->up({2}) && two_.transport->up({1}); });
  }

  io::RealRuntime runtime_;
  std::uint16_t port_ = 1;
  Member one_;
  Member two_;
};

// Given two members, when frames from empty to 16 MiB are sent both ways, then all arrive whole and
// in order, and the round trip is measured.
TEST_F(TransportTcpTest, FramesOfAllSizesArriveInOrder) {
  run_until_up();
  std::vector<std::string> sent;
  for (const std::size_t size : {0, 1, 1000, 65536, 65537, 16 << 20, 3}) {
    sent.emplace_back(size, static_cast<char>('a' + sent.size()));
  }
  for (const std::string& payload : sent) {
    one_.transport->send({2}, payload);
    two_.transport->send({1}, payload);
  }
  run_until(
      [&] { return one_.received.size() == sent.size() && two_.received.size() == sent.size(); });
  EXPECT_TRUE(one_.received == sent);
  EXPECT_TRUE(two_.received == sent);
  run_until([this] { return one_.round_trips > 0 && two_.round_trips > 0; });
}

// Given a member that goes away and comes back on its port, when run, then the link comes back by
// itself and carries frames.
TEST_F(TransportTcpTest, ARestartedMemberIsFoundAgain) {
  run_until_up();
  one_.transport.reset();
  run_until([this] { return two_.events.size() == 2; });
  open(one_, 1, port_);
  run_until_up();
  EXPECT_EQ(two_.events, (std::vector<std::string>{"up", "down", "up"}));
  one_.transport->send({2}, "again");
  run_until([this] { return !two_.received.empty(); });
}

// Given a link, when a stranger sends nonsense to the peer port, then the stranger's connection is
// closed and the link goes on.
TEST_F(TransportTcpTest, NonsenseClosesOnlyItsConnection) {
  run_until_up();
  Stranger stranger;
  auto connecting = runtime_.network().connect({"127.0.0.1", port_}, [&](auto result) {
    ASSERT_TRUE(result.ok());
    stranger.stream = result.take();
    stranger.stream->start(stranger);
    stranger.stream->write("GET / HTTP/1.1\r\n\r\n");
  });
  run_until([&] { return stranger.closed; });
  EXPECT_EQ(one_.transport->refused(), 1U);
  EXPECT_EQ(one_.events, (std::vector<std::string>{"up"}));
  EXPECT_EQ(two_.events, (std::vector<std::string>{"up"}));
}

// Given a peer that is removed while its frame is being received, at the one who dials or at the
// other, when it is added again, then the link comes back and carries frames.
TEST_F(TransportTcpTest, ARemovedPeerIsAddedAgain) {
  for (Member* const member : {&one_, &two_}) {
    run_until_up();
    Member& other = member == &one_ ? two_ : one_;
    const ReplicaId self{static_cast<std::uint16_t>(member == &one_ ? 1 : 2)};
    const ReplicaId peer{static_cast<std::uint16_t>(3 - self.value)};
    const auto address = member->transport->address_of(peer);
    ASSERT_TRUE(address.has_value());
    member->events.clear();
    other.transport->send(self, "remove me");
    other.transport->send(self, "too late");
    run_until([&] { return member->events.size() == 1; });
    EXPECT_TRUE(member->transport->add_peer({peer, *address}).ok());
    run_until_up();
    EXPECT_EQ(member->events, (std::vector<std::string>{"down", "up"}));
    EXPECT_EQ(member->received, (std::vector<std::string>{"remove me"}));
  }
}

// Given a peer that does not run its loop's reads (it is paused), when more is sent than its queue
// holds, then the rest is dropped and counted, and what was taken arrives.
TEST_F(TransportTcpTest, AnOverFullQueueDropsAndCounts) {
  run_until_up();
  const std::string payload(16 << 20, 'x');
  for (int i = 0; i < 8; ++i) one_.transport->send({2}, payload);
  const auto stats = one_.transport->stats().front();
  EXPECT_GE(stats.frames_dropped, 1U);
  EXPECT_EQ(stats.frames_sent + stats.frames_dropped, 8U);
  run_until([&] { return two_.received.size() == stats.frames_sent; });
  EXPECT_TRUE(two_.received.back() == payload);
}

}  // namespace
}  // namespace rabia::transport
