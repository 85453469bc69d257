#include "sim/explore/log_node.h"

#include <gtest/gtest.h>

#include <map>

#include "base/random.h"
#include "consensus/codec.h"

namespace rabia::sim::explore {
namespace {

namespace message = consensus::message;
using consensus::Bit;
using consensus::Message;
using consensus::Round;
using consensus::RoundRange;
using consensus::Vote;

class ThreeNodes : public testing::Test {
 protected:
  // Everything that `from` has said since its last forget().
  static void carry(const LogNode& from, std::uint16_t name, LogNode& to) {
    for (const LogMessage& each : from.sent()) to.deliver({name}, each.message);
  }
  LogNode owner{{{1}, 0, {}}};
  LogNode second{{{2}, 0, {}}};
  LogNode reader{{{3}, 0, {}}};
};

// Given a batch, when it is durable at its owner and at another, then it is executed and
// acknowledged there; and a crash keeps what was on disk.
TEST_F(ThreeNodes, AWriteIsAcknowledgedWhenItIsExecuted) {
  owner.propose();
  EXPECT_EQ(owner.events().created, 1U);
  EXPECT_EQ(owner.pending(), 1U);
  carry(owner, 1, second);
  second.sync();
  EXPECT_EQ(second.frontier_end(), Round{1});
  owner.sync();
  EXPECT_EQ(owner.events().acknowledged, 0U);
  carry(second, 2, owner);
  EXPECT_EQ(owner.events().acknowledged, 1U);
  EXPECT_EQ(owner.executed(), 1U);
  const LogNode again({{2}, 1, second.disk(0)});
  EXPECT_EQ(again.frontier_end(), Round{1});
}

// Given a state 1 at another member, when its answer comes, then the read waits for that slot;
// given an answer that knows of nothing, then it looks at once.
TEST_F(ThreeNodes, AReadWaitsForWhatAFrontierShows) {
  LogNode idle{{{2}, 0, {}}};
  LogNode hasty{{{3}, 0, {}}};
  hasty.read();
  carry(hasty, 3, idle);
  carry(idle, 2, hasty);
  EXPECT_TRUE(hasty.events().read_done);
  owner.propose();
  carry(owner, 1, second);
  second.sync();
  second.forget();
  reader.read();
  carry(reader, 3, second);
  carry(second, 2, reader);
  EXPECT_FALSE(reader.events().read_done);
}

// ---- identity

// What others may say to member 3, as far as one member can tell.
std::vector<LogMessage> all_that_may_be_heard(ReplicaId from) {
  std::vector<LogMessage> all;
  const auto add = [&](Message one) { all.push_back({std::nullopt, std::move(one)}); };
  for (const Round round : {Round{0}, Round{1}}) {
    const RoundRange rounds{round, round + 1};
    if (from == ReplicaId{1}) add(message::Batch{round, false, base::SharedBytes("batch")});
    if (from == ReplicaId{2}) add(message::Skip{rounds});
    for (const consensus::Phase phase : {1U, 2U}) {
      for (const Bit value : {Bit::zero, Bit::one}) {
        add(message::State{{1}, rounds, phase, value});
      }
      for (const Vote value : {Vote::zero, Vote::one, Vote::question}) {
        add(message::CastVote{{1}, rounds, phase, value});
      }
    }
  }
  add(message::Ask{{}, {9, 9}});
  for (const Round in_use_end : {Round{1}, Round{2}}) {
    for (const Round lane_from : {Round{0}, Round{1}, Round{2}}) {
      message::Beat beat;
      beat.incarnation = {{{1}, {}}};  // Any: what counts is that there is one.
      beat.in_use_end = in_use_end;
      beat.lane_from = lane_from;
      add(beat);
    }
  }
  return all;
}

struct Life {
  LogNode node{{{3}, 0, {}}};
  std::vector<LogMessage> from_first = all_that_may_be_heard({1});
  std::vector<LogMessage> from_second = all_that_may_be_heard({2});

  [[nodiscard]] std::size_t inputs() const { return from_first.size() + from_second.size() + 7; }
  // What is not possible now changes nothing.
  void give(std::size_t input) {
    happen(input);
    for (const LogMessage& each : node.sent()) {
      if (const auto* ask = std::get_if<message::Ask>(&each.message)) asked_ = ask->nonce;
    }
  }
  // With what its world remembers: that its read was asked.
  [[nodiscard]] std::string identity(bool may_crash) const {
    return node.identity(may_crash) + (read_ ? " asked" : "");
  }
  void live(const std::vector<std::size_t>& all) {
    for (const std::size_t input : all) give(input);
  }

 private:
  void happen(std::size_t input) {
    if (input < from_first.size()) return node.deliver({1}, from_first[input].message);
    input -= from_first.size();
    if (input < from_second.size()) return node.deliver({2}, from_second[input].message);
    input -= from_second.size();
    if (input == 0 && node.pending() > 0) node.sync();
    if (input == 1) node.propose();
    if (input == 2 && !read_) node.read();
    read_ = read_ || input == 2;
    if (input == 3 && node.passes() == 0) node.pass_time();
    // Its own question comes back answered, by either member.
    if (input >= 4) {
      const ReplicaId from{static_cast<std::uint16_t>(input == 6 ? 2 : 1)};
      const Round frontier_end{input == 4 ? 0U : 1U};
      node.deliver(from, message::Answer{{}, asked_, frontier_end});
    }
  }

  bool read_ = false;
  consensus::Nonce asked_{7, 7};  // Until it asks: somebody else's.
};

// What a life that went so does next.
std::string next_of(const std::vector<std::size_t>& inputs, std::size_t next, bool may_crash) {
  Life life;
  life.live(inputs);
  life.node.forget();
  life.give(next);
  std::string text = life.identity(may_crash);
  for (const LogMessage& each : life.node.sent()) {
    text += each.to ? std::to_string(each.to->value) : "all";
    consensus::encode(each.message, text);
  }
  text += life.node.events().read_done ? "read done" : "";
  return text + std::to_string(life.node.executed());
}

// Given lives that went in different ways to the same identity, when anything at all happens next,
// then the same comes of it: or states that differ would be taken for one.
TEST(LogNode, EqualIdentityIsEqualBehaviour) {
  for (const bool may_crash : {false, true}) {
    base::Random random(may_crash ? 1 : 2);
    std::map<std::string, std::vector<std::size_t>> known;
    std::size_t met_again = 0;
    for (int run = 0; run < 500; ++run) {
      Life life;
      std::vector<std::size_t> inputs;
      while (inputs.size() < 12) {
        inputs.push_back(random.below(life.inputs()));
        life.give(inputs.back());
        const auto [place, is_new] = known.try_emplace(life.identity(may_crash), inputs);
        if (is_new) continue;
        ++met_again;
        const std::size_t next = random.below(life.inputs());
        ASSERT_EQ(next_of(inputs, next, may_crash), next_of(place->second, next, may_crash))
            << "run " << run << ", input " << next;
      }
    }
    EXPECT_GT(met_again, 100U);
  }
}

// Given a question asked before and after the own state 1 is durable, then the states differ: the
// own answer was given when the barrier began.
TEST_F(ThreeNodes, IdentityKnowsTheOwnAnswer) {
  LogNode late{{{3}, 0, {}}};
  owner.propose();
  reader.read();
  for (LogNode* node : {&reader, &late}) {
    carry(owner, 1, *node);
    node->sync();
  }
  late.read();
  EXPECT_EQ(reader.frontier_end(), late.frontier_end());
  EXPECT_NE(reader.identity(false), late.identity(false));
}

}  // namespace
}  // namespace rabia::sim::explore
