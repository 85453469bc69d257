// Peers that come, go and move while the transport runs.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "transport/testing/transport_world.h"

namespace rabia::transport {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::host_name;
using testing::Member;
using testing::options_of;
using testing::port;
using testing::Stranger;
using testing::Strings;

class TransportPeersTest : public testing::TransportTest {
 protected:
  static Peer peer(std::uint16_t id) { return {{id}, {host_name(id), port}}; }
  static Status add(const std::unique_ptr<Member>& member, const Peer& added) {
    return member->transport->add_peer(added);
  }
  static Status add(const std::unique_ptr<Member>& member, std::uint16_t id) {
    return add(member, peer(id));
  }
  static void expect_ok(const Status& status) { EXPECT_TRUE(status.ok()) << status.message(); }
  // Members 1 and 2, with a link.
  void open_both() {
    one_ = open(1);
    two_ = open(2);
    ASSERT_TRUE(run_until_up(*one_, 2));
    ASSERT_TRUE(run_until_up(*two_, 1));
  }
  // Somebody who accepts what is dialled at this host, and says nothing.
  struct Silent {
    std::vector<std::unique_ptr<Stranger>> accepted;
    std::unique_ptr<io::Listener> listener;
    [[nodiscard]] bool all_closed() const {
      return std::all_of(accepted.begin(), accepted.end(),
                         [](const auto& each) { return each->closed; });
    }
  };
  std::unique_ptr<Silent> silent_at(const std::string& host) {
    auto made = std::make_unique<Silent>();
    auto listening = network_.at(host).listen({host, port}, [to = made.get()](auto stream) {
      to->accepted.push_back(std::make_unique<Stranger>());
      to->accepted.back()->take(std::move(stream));
    });
    EXPECT_TRUE(listening.ok());
    made->listener = listening.take();
    return made;
  }

  std::unique_ptr<Member> one_;
  std::unique_ptr<Member> two_;
};

// Given members that know nobody, when each adds the other, the one who dials first or last, then
// their link comes up and carries frames.
TEST_F(TransportPeersTest, AnAddedPeerComesUp) {
  for (const bool dialler_first : {true, false}) {
    auto one = open(options_of(1, {1}));
    auto two = open(options_of(2, {2}));
    run_for(seconds(1));
    ASSERT_TRUE(add(dialler_first ? two : one, dialler_first ? 1 : 2).ok());
    run_for(seconds(1));
    EXPECT_TRUE(one->events.empty() && two->events.empty());
    ASSERT_TRUE(add(dialler_first ? one : two, dialler_first ? 2 : 1).ok());
    ASSERT_TRUE(run_until_up(*one, 2) && run_until_up(*two, 1));
    one->transport->send({2}, "a");
    two->transport->send({1}, "b");
    run_for(milliseconds(10));
    EXPECT_EQ(one->received, (Strings{"2:b"}));
    EXPECT_EQ(two->received, (Strings{"1:a"}));
    EXPECT_EQ(one->transport->address_of({2}), peer(2).address);
  }
}

// Given a link, when its peer is added again at the same address, then nothing happens.
TEST_F(TransportPeersTest, AddingAKnownPeerDoesNothing) {
  open_both();
  EXPECT_TRUE(add(one_, 2).ok());
  EXPECT_TRUE(add(two_, 1).ok());
  run_for(seconds(1));
  EXPECT_EQ(one_->events, (Strings{"up 2"}));
  EXPECT_EQ(two_->events, (Strings{"up 1"}));
  EXPECT_EQ(one_->transport->stats().size(), 1U);
}

// Given a transport, when 0 or its own id is added, then it is refused, with a reason, and nothing
// has changed.
TEST_F(TransportPeersTest, ImpossiblePeersAreRefused) {
  auto one = open(1);
  const Status zero = add(one, 0);
  EXPECT_EQ(zero.code(), Code::invalid_argument);
  EXPECT_EQ(zero.message(), "a member's id is from 1 to 65535");
  const Status self = add(one, 1);
  EXPECT_EQ(self.code(), Code::invalid_argument);
  EXPECT_EQ(self.message(), "member 1 is this replica itself: it cannot be its own peer");
  EXPECT_EQ(one->transport->stats().size(), 1U);
  EXPECT_EQ(one->transport->address_of({1}), std::nullopt);
}

// Given a link, when its peer is removed, then it is down at once and told so later, once; what the
// peer dials from then on is refused with the reason; nothing is sent to it or known of it.
TEST_F(TransportPeersTest, ARemovedPeerGoesDownAndIsRefused) {
  open_both();
  one_->transport->remove_peer({2});
  EXPECT_FALSE(one_->transport->up({2}));
  EXPECT_EQ(one_->events, (Strings{"up 2"}));
  one_->transport->send({2}, "lost");
  run_for(seconds(10));
  EXPECT_EQ(one_->events, (Strings{"up 2", "down 2"}));
  EXPECT_EQ(two_->events, (Strings{"up 1", "down 1"}));
  EXPECT_TRUE(two_->received.empty());
  EXPECT_GE(one_->transport->refused(), 50U);
  EXPECT_EQ(logged("member 2 is not one of the members: not added yet, or removed"),
            2);  // Here, and there when told.
  EXPECT_EQ(two_->transport->stats().front().refused_because,
            "member 2 is not one of the members: not added yet, or removed");
  EXPECT_EQ(one_->transport->address_of({2}), std::nullopt);
  EXPECT_TRUE(one_->transport->stats().empty());
  one_->transport->remove_peer({2});
  run_for(seconds(1));
  EXPECT_EQ(one_->events.size(), 2U);
}

// Given a peer that this member dials, when it is removed while the link is up, while the dialling
// waits, is under way, or has no answer to its hello, then it is not dialled any more, and what
// was open is closed.
TEST_F(TransportPeersTest, ARemovedPeerIsNotDialled) {
  open_both();
  two_->transport->remove_peer({1});
  run_for(seconds(10));
  EXPECT_EQ(one_->transport->refused(), 0U);
  EXPECT_EQ(two_->events, (Strings{"up 1", "down 1"}));

  auto silent = silent_at("m3");
  auto four = open(options_of(4, {3, 4}));
  four->transport->remove_peer({3});  // The attempt is under way.
  run_for(seconds(10));
  EXPECT_TRUE(silent->accepted.empty());

  ASSERT_TRUE(add(four, 3).ok());
  run_for(milliseconds(10));
  ASSERT_EQ(silent->accepted.size(), 1U);  // It has the hello.
  EXPECT_FALSE(silent->all_closed());
  four->transport->remove_peer({3});
  run_for(milliseconds(10));
  EXPECT_TRUE(silent->all_closed());
  run_for(seconds(10));
  EXPECT_EQ(silent->accepted.size(), 1U);

  silent->listener.reset();
  ASSERT_TRUE(add(four, 3).ok());
  run_for(seconds(1));  // Refused again and again: it waits for the next attempt.
  four->transport->remove_peer({3});
  silent = silent_at("m3");
  run_for(seconds(10));
  EXPECT_TRUE(silent->accepted.empty());
  EXPECT_TRUE(four->events.empty());
}

// Given a removed peer, when it is added again, at either end, later or in the same turn, then its
// link comes back.
TEST_F(TransportPeersTest, AReAddedPeerComesBack) {
  for (const bool dialler : {true, false}) {
    for (const base::Duration pause : {milliseconds(0), milliseconds(5), milliseconds(3000)}) {
      open_both();
      const auto& member = dialler ? two_ : one_;
      const std::uint16_t other = dialler ? 1 : 2;
      member->transport->remove_peer({other});
      if (pause > milliseconds(0)) run_for(pause);
      ASSERT_TRUE(add(member, other).ok());
      run_for(seconds(1));
      one_->transport->send({2}, "after");
      run_for(milliseconds(10));
      EXPECT_EQ(one_->events, (Strings{"up 2", "down 2", "up 2"}));
      EXPECT_EQ(two_->events, (Strings{"up 1", "down 1", "up 1"}));
      EXPECT_EQ(two_->received, (Strings{"1:after"}));
      one_.reset();
      two_.reset();
    }
  }
}

// Given a peer that is removed and added while its next hello is already there, when that is read
// in the same turn, then down is told before up.
TEST_F(TransportPeersTest, DownIsToldBeforeTheNextUp) {
  auto one = open(1);
  auto old = stranger_as(hello_of_2());
  auto fresh = stranger();
  fresh->say(preamble());
  run_for(milliseconds(10));
  executor_.schedule(executor_.now() + milliseconds(1), [&] {
    one->transport->remove_peer({2});
    EXPECT_TRUE(add(one, 2).ok());
  });
  fresh->say_frame(FrameType::hello, encode(hello_of_2()));  // Read right behind that.
  run_for(milliseconds(10));
  EXPECT_EQ(one->events, (Strings{"up 2", "down 2", "up 2"}));
  one->transport->send({2}, "you");
  run_for(milliseconds(10));
  EXPECT_EQ(fresh->heard(FrameType::data), (Strings{"you"}));
}

// Given a link, when its peer is added at another address by the one who dials, then the old
// connection is closed and the peer is found there; frames go to the new one only.
TEST_F(TransportPeersTest, AMovedPeerIsDialledAtItsNewAddress) {
  open_both();
  auto elsewhere =
      std::make_unique<Member>(executor_, network_.at("elsewhere"), options_of(1, {1, 2}));
  const Peer moved{{1}, {"elsewhere", port}};
  ASSERT_TRUE(add(two_, moved).ok());
  EXPECT_FALSE(two_->transport->up({1}));
  ASSERT_TRUE(run_until_up(*two_, 1));
  two_->transport->send({1}, "here?");
  run_for(seconds(10));
  EXPECT_EQ(two_->events, (Strings{"up 1", "down 1", "up 1"}));
  EXPECT_EQ(one_->events, (Strings{"up 2", "down 2"}));
  EXPECT_EQ(elsewhere->received, (Strings{"2:here?"}));
  EXPECT_TRUE(one_->received.empty());
  EXPECT_EQ(two_->transport->address_of({1}), moved.address);
  EXPECT_EQ(two_->stats().connects, 2U);
}

// Given a peer that dials this member, when it is added at another address, then its connection is
// closed, and comes back as soon as it dials again.
TEST_F(TransportPeersTest, AMovedPeerThatDialsComesBackByItself) {
  open_both();
  const Peer moved{{2}, {"elsewhere", port}};
  ASSERT_TRUE(add(one_, moved).ok());
  EXPECT_FALSE(one_->transport->up({2}));
  run_for(seconds(10));
  EXPECT_EQ(one_->events, (Strings{"up 2", "down 2", "up 2"}));
  EXPECT_EQ(one_->transport->address_of({2}), moved.address);
}

// Given a dialled member that has not answered the hello, when it moves, then an answer that comes
// from the old address counts for nothing.
TEST_F(TransportPeersTest, AnAnswerFromTheOldAddressComesTooLate) {
  auto silent = silent_at("m1");
  two_ = open(2);
  run_for(milliseconds(5));
  ASSERT_EQ(silent->accepted.size(), 1U);
  silent->accepted.front()->say_hello({"blue", {1}, {2}, 0, 77});
  ASSERT_TRUE(add(two_, Peer{{1}, {"elsewhere", port}}).ok());
  run_for(seconds(1));
  EXPECT_TRUE(two_->events.empty());
  EXPECT_TRUE(silent->all_closed());
}

// Given frames that arrive together, when the first one's receiver removes their sender, then the
// others are not delivered; dialler or not.
TEST_F(TransportPeersTest, RemovalInsideReceivedEndsTheDelivery) {
  for (const bool dialler : {true, false}) {
    open_both();
    const auto& member = dialler ? two_ : one_;
    const std::uint16_t other = dialler ? 1 : 2;
    const auto& sender = dialler ? one_ : two_;
    const std::uint16_t self = dialler ? 2 : 1;
    member->then = [&](const std::string& what) {
      if (what.starts_with("received")) member->transport->remove_peer({other});
    };
    for (const char* payload : {"a", "b", "c"}) sender->transport->send({self}, payload);
    run_for(seconds(1));
    EXPECT_EQ(member->received, (Strings{std::to_string(other) + ":a"}));
    EXPECT_EQ(member->events.size(), 2U);
    one_.reset();
    two_.reset();
  }
}

// How often a member was told that a peer is up, minus how often that it is down: 0 or 1. Fails
// when the two did not alternate.
int balance(const Member& member, std::uint16_t peer) {
  int balance = 0;
  for (const std::string& event : member.events) {
    if (event != "up " + std::to_string(peer) && event != "down " + std::to_string(peer)) continue;
    EXPECT_EQ(event.starts_with("up"), balance == 0);
    balance += event.starts_with("up") ? 1 : -1;
  }
  return balance;
}

// What a callback does to its transport.
enum class Change : std::uint8_t { remove_1, remove_3, remove_both, move_1, add_9 };

void make(Change change, Transport& transport) {
  if (change == Change::remove_1 || change == Change::remove_both) transport.remove_peer({1});
  if (change == Change::remove_3 || change == Change::remove_both) transport.remove_peer({3});
  if (change != Change::move_1 && change != Change::add_9) return;
  const ReplicaId id{static_cast<std::uint16_t>(change == Change::move_1 ? 1 : 9)};
  EXPECT_TRUE(transport.add_peer({id, {"nowhere", port}}).ok());
}

// Given member 2 with links to 1 and 3, when the callback of any event changes its peers, then the
// peers that it still has come back whatever happens to their links, the others do not.
TEST_F(TransportPeersTest, PeersMayChangeInsideAnyCallback) {
  for (const std::string trigger : {"up 1", "up 3", "down 1", "down 3", "received 1"}) {
    for (const Change change :
         {Change::remove_1, Change::remove_3, Change::remove_both, Change::move_1, Change::add_9}) {
      std::vector<std::unique_ptr<Member>> members;
      for (std::uint16_t id = 1; id <= 3; ++id) members.push_back(open(options_of(id, {1, 2, 3})));
      Member& two = *members[1];
      bool made = false;
      two.then = [&](const std::string& what) {
        if (what == trigger && !std::exchange(made, true)) make(change, *two.transport);
      };
      run_for(milliseconds(50));
      members[0]->transport->send({2}, "a");
      run_for(milliseconds(50));
      network_.cut("m1", "m2");  // Silence: found by the heartbeat, which walks over all peers.
      network_.cut("m3", "m2");
      run_for(seconds(1));
      network_.heal("m1", "m2");
      network_.heal("m3", "m2");
      run_for(seconds(3));
      SCOPED_TRACE(trigger + ", change " + std::to_string(static_cast<int>(change)));
      EXPECT_TRUE(made);
      EXPECT_EQ(two.transport->up({1}), change == Change::remove_3 || change == Change::add_9);
      EXPECT_EQ(two.transport->up({3}),
                change != Change::remove_3 && change != Change::remove_both);
      EXPECT_EQ(two.transport->up({1}), balance(two, 1) == 1);
      EXPECT_EQ(two.transport->up({3}), balance(two, 3) == 1);
      EXPECT_TRUE(members[0]->transport->up({3}));
    }
  }
}

// Given a half-open connection that a new one replaces, when the callback of its down removes the
// peer, then the new connection is closed; when it adds it again as well, then that comes up.
TEST_F(TransportPeersTest, RemovalWhileAConnectionIsReplaced) {
  for (const bool add_again : {false, true}) {
    auto one = open(1);
    auto old = stranger_as(hello_of_2());
    one->then = [&](const std::string& what) {
      if (what != "down 2") return;
      one->transport->remove_peer({2});
      if (add_again) expect_ok(add(one, 2));
    };
    auto fresh = stranger_as(hello_of_2());
    EXPECT_EQ(one->events,
              add_again ? (Strings{"up 2", "down 2", "up 2"}) : (Strings{"up 2", "down 2"}));
    EXPECT_TRUE(old->closed);
    EXPECT_EQ(fresh->closed, !add_again);
  }
}

// Given a hello that is read behind a removal, when the callback of that down removes the peer that
// the hello was dialled for, then the answer counts for nothing.
TEST_F(TransportPeersTest, RemovalOfADialledPeerWhileItsAnswerIsRead) {
  auto one = silent_at("m1");
  auto two = silent_at("m2");
  auto three = open(options_of(3, {1, 2, 3}));
  run_for(milliseconds(5));
  ASSERT_EQ(one->accepted.size() + two->accepted.size(), 2U);
  one->accepted.front()->say_hello({"blue", {1}, {3}, 0, 7});
  two->accepted.front()->say(preamble());
  run_for(milliseconds(5));
  ASSERT_EQ(three->events, (Strings{"up 1"}));
  three->then = [&](const std::string&) { three->transport->remove_peer({2}); };
  executor_.schedule(executor_.now() + milliseconds(1),
                     [&] { three->transport->remove_peer({1}); });
  two->accepted.front()->say_frame(FrameType::hello, encode(Hello{"blue", {2}, {3}, 0, 7}));
  run_for(seconds(1));
  EXPECT_EQ(three->events, (Strings{"up 1", "down 1"}));
  EXPECT_TRUE(two->all_closed());
}

// Given a removal that nobody was told of, when the transport ends, then nobody is.
TEST_F(TransportPeersTest, NothingIsToldAfterTheEnd) {
  open_both();
  one_->transport->remove_peer({2});
  one_->transport.reset();
  run_for(seconds(1));
  EXPECT_EQ(one_->events, (Strings{"up 2"}));
}

// Four members that change their peers at random, from callbacks too, while links break.
class ChangingMembers {
 public:
  ChangingMembers(io::testing::ManualExecutor& executor, io::testing::MemoryNetwork& network,
                  std::uint64_t seed)
      : executor_(executor), network_(network), random_(seed) {
    for (std::uint16_t id = 1; id <= 4; ++id) {
      members_.push_back(std::make_unique<Member>(executor_, network_.at(host_name(id)),
                                                  options_of(id, {1, 2, 3, 4})));
      members_.back()->then = [this, id](const std::string&) {
        if (changing_ && random_.chance(20)) change(id);
      };
    }
  }

  void turn() {
    const std::uint16_t id = any();
    const std::uint16_t other = any();
    if (random_.chance(50)) change(id);
    if (random_.chance(20)) network_.break_connections(host_name(id), host_name(other));
    of(id).send({other}, "x");
    executor_.run_for(milliseconds(random_.below(30)));
  }

  // All know all, at their right addresses.
  void settle() {
    changing_ = false;
    for_all_pairs([this](std::uint16_t id, std::uint16_t other) {
      EXPECT_TRUE(of(id).add_peer({{other}, {host_name(other), port}}).ok());
    });
    executor_.run_for(seconds(1));
  }
  void expect_all_up() {
    for_all_pairs([this](std::uint16_t id, std::uint16_t other) {
      EXPECT_TRUE(of(id).up({other})) << id << " to " << other;
      EXPECT_EQ(balance(*members_.at(id - 1), other), 1);
    });
  }

 private:
  Transport& of(std::uint16_t id) { return *members_.at(id - 1)->transport; }
  std::uint16_t any() { return static_cast<std::uint16_t>(1 + random_.below(4)); }
  void change(std::uint16_t id) {
    const std::uint16_t other = any();
    if (random_.chance(50)) of(id).remove_peer({other});
    const std::string host = random_.chance(20) ? "nowhere" : host_name(other);
    EXPECT_EQ(of(id).add_peer({{other}, {host, port}}).ok(), other != id);
  }
  template <typename Do>
  void for_all_pairs(Do what) {
    for (std::uint16_t id = 1; id <= 4; ++id) {
      for (std::uint16_t other = 1; other <= 4; ++other) {
        if (other != id) what(id, other);
      }
    }
  }

  io::testing::ManualExecutor& executor_;
  io::testing::MemoryNetwork& network_;
  base::Random random_;
  bool changing_ = true;
  std::vector<std::unique_ptr<Member>> members_;
};

// Given four members that add, remove and move each other at random, from callbacks and between
// them, over links that break, when all are added rightly in the end, then all links come up; and
// all along up and down alternated.
TEST_F(TransportPeersTest, AnyOrderOfChangesEndsWell) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    ChangingMembers members(executor_, network_, seed);
    for (int turn = 0; turn < 200; ++turn) members.turn();
    members.settle();
    members.expect_all_up();
  }
}

}  // namespace
}  // namespace rabia::transport
