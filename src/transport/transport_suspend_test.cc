// A member that steps back from the others, and comes back.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "io/log.h"
#include "io/testing/manual_executor.h"
#include "io/testing/memory_network.h"
#include "transport/transport.h"

namespace rabia::transport {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Strings = std::vector<std::string>;

constexpr std::uint16_t ids[] = {1, 2, 3};
constexpr const char* reason = "its disk is nearly full";

// One of three members, and what it was told.
struct Member {
  Member(io::testing::ManualExecutor& executor, io::testing::MemoryNetwork& network,
         std::uint16_t self) {
    TransportOptions options;
    options.cluster_id = "blue";
    options.self = {self};
    options.listen = {"0.0.0.0", 7000};
    for (const std::uint16_t id : ids) {
      if (id != self) options.peers.push_back({{id}, {"m" + std::to_string(id), 7000}});
    }
    Transport::Callbacks callbacks;
    callbacks.peer_up = [this](ReplicaId id) { note("up", id); };
    callbacks.peer_down = [this](ReplicaId id) { note("down", id); };
    callbacks.received = [this](ReplicaId, std::string_view) { ++received; };
    auto opened = Transport::open(executor, network.at("m" + std::to_string(self)),
                                  std::move(options), std::move(callbacks));
    EXPECT_TRUE(opened.ok()) << opened.status().message();
    transport = opened.take();
  }
  [[nodiscard]] std::size_t peers_up() const {
    const auto stats = transport->stats();
    return static_cast<std::size_t>(
        std::count_if(stats.begin(), stats.end(), [](const auto& peer) { return peer.up; }));
  }
  void note(const char* what, ReplicaId id) {
    events.push_back(std::string(what) + " " + std::to_string(id.value));
  }

  std::unique_ptr<Transport> transport;
  Strings events;
  int received = 0;
};

class TransportSuspendTest : public ::testing::Test {
 protected:
  void SetUp() override {
    io::set_log_sink([this](io::Level, std::string_view line) { log_.emplace_back(line); });
    for (const std::uint16_t id : ids) {
      members_.push_back(std::make_unique<Member>(executor_, network_, id));
    }
    ASSERT_TRUE(wait_for([this] { return all_up(); }));
  }
  void TearDown() override { io::set_log_sink({}); }

  bool wait_for(const std::function<bool()>& condition) {
    return executor_.run_until(condition, seconds(5));
  }
  [[nodiscard]] bool all_up() const {
    return std::all_of(members_.begin(), members_.end(),
                       [](const auto& member) { return member->peers_up() == 2; });
  }
  [[nodiscard]] std::ptrdiff_t logged(std::string_view text) const {
    return std::count_if(log_.begin(), log_.end(), [&](const std::string& line) {
      return line.find(text) != std::string::npos && line.find(reason) != std::string::npos;
    });
  }

  io::testing::ManualExecutor executor_;
  io::testing::MemoryNetwork network_{executor_};
  Strings log_;
  std::vector<std::unique_ptr<Member>> members_;
};

// Given three members, when the middle one, which dials one of the others and is dialled by the
// other, steps back, then it and they are told at once that the link is down and no more than that
// for as long as it lasts, no frame passes, those who come hear why, and the others keep their own
// link; when it comes back, all links are up again.
TEST_F(TransportSuspendTest, ASuspendedMemberIsCutOffUntilItResumes) {
  Member& one = *members_[0];
  Member& two = *members_[1];
  Member& three = *members_[2];
  for (const auto& member : members_) member->events.clear();
  two.transport->suspend(reason);
  EXPECT_EQ(two.events, (Strings{"down 1", "down 3"}));
  for (const auto& member : members_) member->transport->send({1}, "lost");
  for (const auto& member : members_) member->transport->send({2}, "lost");
  executor_.run_for(seconds(20));
  EXPECT_EQ(two.events, (Strings{"down 1", "down 3"}));
  EXPECT_EQ(one.events, (Strings{"down 2"}));
  EXPECT_EQ(three.events, (Strings{"down 2"}));
  EXPECT_EQ(two.received, 0);
  EXPECT_EQ(one.received, 1);  // From the third.
  EXPECT_TRUE(one.transport->up({3}));
  EXPECT_EQ(logged("refused by peer"), 1);
  two.transport->resume();
  ASSERT_TRUE(wait_for([this] { return all_up(); }));
  two.transport->send({1}, "found");
  two.transport->send({3}, "found");
  ASSERT_TRUE(wait_for([&] { return one.received == 2 && three.received == 1; }));
}

// Given members that search for each other, when one steps back before they are found and comes
// back, then it dials each of them once: no link is made twice.
TEST_F(TransportSuspendTest, AMemberThatWasStillSearchingGoesOnSearching) {
  members_.clear();
  Member three(executor_, network_, 3);
  executor_.run_for(milliseconds(50));
  three.transport->suspend(reason);
  three.transport->suspend(reason);
  Member one(executor_, network_, 1);
  Member two(executor_, network_, 2);
  executor_.run_for(seconds(3));
  EXPECT_EQ(three.events, Strings{});
  three.transport->resume();
  three.transport->resume();
  ASSERT_TRUE(wait_for([&] { return three.peers_up() == 2 && one.peers_up() == 2; }));
  executor_.run_for(seconds(3));
  EXPECT_EQ(three.events.size(), 2U);
}

}  // namespace
}  // namespace rabia::transport
