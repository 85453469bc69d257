// The return of a member without memory (protocol.md, section 8), and changes of the members
// (section 5), one node at a time.
#include <gtest/gtest.h>

#include "consensus/codec.h"
#include "consensus/node.h"
#include "consensus/testing/lone_node.h"

namespace rabia::consensus {
namespace {

using testing::lone_boot;
using testing::lone_options;
using testing::lone_vector;
using testing::LoneNode;
using Stage = Node::Stage;

base::SharedBytes bytes(const char* text) {
  return base::SharedBytes(std::string(text));
}

message::Beat beat_of(std::uint64_t executed_end, std::uint64_t in_use_end) {
  return {lone_vector(), {executed_end}, {in_use_end}, {}, {}, {}, {}, {}};
}

// Member 1, empty, with the operator's word, connected to 2 and 3, which have founded.
class Rejoining : public ::testing::Test {
 protected:
  Rejoining() : lone_(options()) {
    EXPECT_TRUE(lone_.replay({}).ok());
    lone_.settle();
    for (const std::uint16_t peer : std::initializer_list<std::uint16_t>{2, 3})
      lone_.node().peer_up({peer}, lone_.now());
    lone_.receive(2, beat_of(0, 0));
    lone_.settle();
  }
  static NodeOptions options() {
    NodeOptions options = lone_options(3);
    options.rejoin = true;
    return options;
  }
  // The answers of others to its barrier: the ends of their bounds.
  void answer(std::uint16_t from, std::uint64_t end) {
    lone_.receive(from, message::Answer{message::BarrierKind::rejoin, nonce(), {end}});
    lone_.settle();
  }
  Nonce nonce() {
    for (const auto& ask : lone_.sent_of<message::Ask>()) {
      if (ask.kind == message::BarrierKind::rejoin) nonce_ = ask.nonce;
    }
    return nonce_;
  }
  // Rounds 0 to `end` - 1 were decided without batches.
  void learn_up_to(std::uint64_t end) {
    for (const std::uint16_t lane : std::initializer_list<std::uint16_t>{1, 2, 3}) {
      lone_.receive(2, message::Decided{{lane}, {{0}, {end}}, Bit::zero});
    }
    lone_.receive(2, beat_of(end, end));
    lone_.settle();
  }
  LoneNode lone_;
  Nonce nonce_;
};

TEST_F(Rejoining, TakesNoPartAndAnswersNothing) {
  ASSERT_EQ(lone_.node().stage(), Stage::rejoining);
  ASSERT_EQ(lone_.written_of<record::Boot>().size(), 1U);
  EXPECT_TRUE(lone_.written_of<record::Boot>()[0].without_memory);
  lone_.forget();
  lone_.receive(2, message::Batch{{0}, false, bytes("x")});
  lone_.receive(2, message::State{{2}, {{0}, {1}}, 1, Bit::one});
  lone_.receive(3, message::Ask{message::BarrierKind::read, {1, 2}});
  lone_.receive(3, message::Ask{message::BarrierKind::rejoin, {1, 2}});
  lone_.settle();
  EXPECT_TRUE(lone_.sent_of<message::State>().empty());
  EXPECT_TRUE(lone_.sent_of<message::Skip>().empty());
  EXPECT_TRUE(lone_.sent_of<message::Answer>().empty());
  EXPECT_TRUE(lone_.written_of<record::State>().empty());
  EXPECT_FALSE(lone_.node().can_propose());
}

// Its Beats say that nobody need wait for its lane.
TEST_F(Rejoining, SaysThatItTakesNoPart) {
  lone_.forget();
  lone_.wait(std::chrono::seconds(1));
  lone_.settle();
  ASSERT_FALSE(lone_.sent_of<message::Beat>().empty());
  EXPECT_EQ(lone_.sent_of<message::Beat>()[0].floor, round_never);
}

// f + 1 = 2 bounds of others below L, and then H = L + α.
TEST_F(Rejoining, ComesBackWhenTheBarrierIsComplete) {
  learn_up_to(5);
  answer(2, 5);
  EXPECT_EQ(lone_.node().stage(), Stage::rejoining) << "one bound too few";
  answer(3, 7);
  EXPECT_EQ(lone_.node().stage(), Stage::rejoining) << "a bound above L";
  EXPECT_GE(lone_.node().in_use_end(), Round{7}) << "answers raise top";
  learn_up_to(7);
  EXPECT_EQ(lone_.node().stage(), Stage::running);
  ASSERT_EQ(lone_.written_of<record::Rejoin>().size(), 1U);
  EXPECT_EQ(lone_.written_of<record::Rejoin>()[0].end, Round{7 + 64});
  EXPECT_EQ(lone_.node().floor(), Round{7 + 64});
  EXPECT_EQ(lone_.node().own_lane().lane_from(), Round{7 + 64});
}

TEST_F(Rejoining, AnAnswerToAnotherQuestionDoesNotCount) {
  learn_up_to(5);
  answer(2, 5);
  lone_.receive(3, message::Answer{message::BarrierKind::rejoin, {1, 2}, {0}});
  lone_.receive(3, message::Answer{message::BarrierKind::read, nonce(), {0}});
  lone_.settle();
  EXPECT_EQ(lone_.node().stage(), Stage::rejoining);
}

// Below the floor it only learns; it gives bounds at once, and frontiers when L has come to the
// floor.
TEST_F(Rejoining, TakesPartFromItsFloorOn) {
  learn_up_to(5);
  answer(2, 0);
  answer(3, 0);
  ASSERT_EQ(lone_.node().stage(), Stage::running);
  lone_.forget();
  lone_.receive(2, message::Batch{{6}, false, bytes("below")});
  lone_.receive(2, message::Batch{{5 + 64}, false, bytes("at the floor")});
  lone_.receive(3, message::Ask{message::BarrierKind::read, {1, 2}});
  lone_.receive(3, message::Ask{message::BarrierKind::rejoin, {3, 4}});
  lone_.settle();
  for (const auto& state : lone_.written_of<record::State>()) {
    EXPECT_GE(state.rounds.first, Round{5 + 64});
  }
  ASSERT_EQ(lone_.sent_of<message::Answer>().size(), 1U);
  EXPECT_EQ(lone_.sent_of<message::Answer>()[0].kind, message::BarrierKind::rejoin);
  EXPECT_GE(lone_.sent_of<message::Answer>()[0].end, Round{5 + 64});
}

// Found by the simulator (seed 86): the own answer was given when the barrier began or never. Given
// a read that began below the floor, when L has come to the floor, then the own answer counts.
TEST_F(Rejoining, ItsOwnAnswerCountsAsSoonAsItMayBeGiven) {
  learn_up_to(5);
  answer(2, 0);
  answer(3, 0);
  learn_up_to(40);  // It is open, and below its floor of 69.
  ASSERT_TRUE(lone_.node().open());
  lone_.forget();
  const std::uint64_t token = lone_.node().read();
  lone_.settle();
  ASSERT_FALSE(lone_.sent_of<message::Ask>().empty());
  lone_.receive(
      2, message::Answer{message::BarrierKind::read, lone_.sent_of<message::Ask>()[0].nonce, {40}});
  lone_.settle();
  EXPECT_LT(lone_.node().reads_done(), token);
  learn_up_to(69);
  EXPECT_GE(lone_.node().reads_done(), token);
}

// Section 12: the last Rejoin is floor and laneFrom; an unfinished one starts again.
TEST(NodeRejoin, ARestartRemembersHowFarItHadCome) {
  record::Boot without = lone_boot();
  without.without_memory = true;
  LoneNode unfinished(lone_options(3));
  ASSERT_TRUE(unfinished.replay({without}).ok());
  unfinished.settle();
  EXPECT_EQ(unfinished.node().stage(), Stage::rejoining);
  EXPECT_TRUE(unfinished.written_of<record::Boot>()[0].without_memory);
  LoneNode finished(lone_options(3));
  ASSERT_TRUE(finished.replay({without, record::Rejoin{{70}}}).ok());
  finished.settle();
  EXPECT_EQ(finished.node().stage(), Stage::running);
  EXPECT_EQ(finished.node().floor(), Round{70});
  EXPECT_EQ(finished.node().own_lane().lane_from(), Round{70});
  EXPECT_FALSE(finished.written_of<record::Boot>()[0].without_memory);
}

// Without the word an empty member does not come into a cluster that exists.
TEST(NodeRejoin, NeedsTheOperatorsWord) {
  LoneNode lone(lone_options(3));
  ASSERT_TRUE(lone.replay({}).ok());
  lone.settle();
  lone.node().peer_up({2}, lone.now());
  lone.receive(2, beat_of(0, 0));
  lone.settle();
  EXPECT_EQ(lone.node().stage(), Stage::must_rejoin);
  EXPECT_NE(lone.node().why_refused().find("--rejoin"), std::string::npos);
}

// n ≤ 2: f = 0, so a lost member cannot come back.
TEST(NodeRejoin, AClusterOfTwoCannotDoWithoutAMemory) {
  NodeOptions options = lone_options(2);
  options.rejoin = true;
  LoneNode lone(options);
  ASSERT_TRUE(lone.replay({}).ok());
  lone.settle();
  lone.node().peer_up({2}, lone.now());
  message::Beat beat = beat_of(0, 0);
  beat.incarnation = lone_vector(2);
  lone.receive(2, beat);
  lone.settle();
  EXPECT_EQ(lone.node().stage(), Stage::rejoining) << "the other one may know of more members";
  lone.wait(std::chrono::seconds(1));
  lone.receive(2, beat);
  lone.settle();
  EXPECT_EQ(lone.node().stage(), Stage::must_rejoin);
  EXPECT_NE(lone.node().why_refused().find("backup"), std::string::npos);
}

// Found in review: a cluster that had grown from one or two members could do without none of its
// founders for ever, since each began with the rounds in which they were so few. Given a cluster
// that two have founded and that has three members now, then one of the two comes back.
TEST(NodeRejoin, AClusterThatHasGrownCanDoWithoutAMemory) {
  NodeOptions options = lone_options(2);
  options.rejoin = true;
  LoneNode lone(options);
  ASSERT_TRUE(lone.replay({}).ok());
  lone.settle();
  lone.node().peer_up({2}, lone.now());
  message::Beat beat = beat_of(200, 200);
  beat.incarnation = lone_vector(2);
  lone.receive(2, beat);
  lone.settle();
  lone.wait(std::chrono::seconds(1));
  lone.receive(2, beat);
  lone.settle();
  ASSERT_EQ(lone.node().stage(), Stage::rejoining) << lone.node().why_refused();

  Membership next = founded_with({{1}, {2}, {3}});
  next.number = 1;
  lone.receive(2, message::BatchCopy{{{0}, {2}}, batch_of(next)});
  lone.receive(2, message::Decided{{2}, {{0}, {1}}, Bit::one});
  for (int windows = 0; windows < 5; ++windows) {
    for (const std::uint16_t lane : std::initializer_list<std::uint16_t>{1, 2, 3}) {
      lone.receive(2, message::Decided{{lane}, {{0}, {200}}, Bit::zero});
    }
    lone.settle();
  }
  ASSERT_EQ(lone.node().executed_end(), Round{200});
  ASSERT_EQ(lone.node().stage(), Stage::rejoining) << lone.node().why_refused();
  lone.node().peer_up({3}, lone.now());
  lone.wait(std::chrono::seconds(1));
  lone.settle();
  const auto asks = lone.sent_of<message::Ask>();
  ASSERT_FALSE(asks.empty());
  for (const std::uint16_t from : std::initializer_list<std::uint16_t>{2, 3}) {
    lone.receive(from, message::Answer{asks.back().kind, asks.back().nonce, {200}});
  }
  lone.settle();
  EXPECT_EQ(lone.node().stage(), Stage::running);
  EXPECT_EQ(lone.node().floor(), Round{200 + 64});
}

// A change of the members that was executed in round 0, in the slot of lane 2.
void execute_change(LoneNode& lone, const Membership& next) {
  lone.receive(2, message::Batch{{0}, false, batch_of(next)});
  for (const std::uint16_t from : std::initializer_list<std::uint16_t>{2, 3}) {
    lone.receive(from, message::State{{2}, {{0}, {1}}, 1, Bit::one});
  }
  lone.receive(3, message::Skip{{{0}, {1}}});
  lone.settle();
}

// Section 5: in force from round c + α on, and rounds up to there are in use.
TEST(NodeMembers, AChangeIsInForceAWindowLater) {
  LoneNode lone(lone_options(3));
  lone.run();
  Membership next = founded_with({{1}, {2}});
  next.number = 1;
  next.retired = {{3}};
  execute_change(lone, next);
  ASSERT_EQ(lone.executed.size(), 1U);
  ASSERT_TRUE(lone.executed[0].membership.has_value());
  EXPECT_TRUE(lone.executed[0].membership->ok());
  EXPECT_EQ(lone.node().configurations().at({63}).size(), 3U);
  EXPECT_EQ(lone.node().configurations().at({64}).size(), 2U);
  EXPECT_EQ(lone.node().in_use_end(), Round{1 + 32}) << "half a window at a time";
  EXPECT_EQ(lone.node().window().find({{64}, {3}}), nullptr);
  EXPECT_NE(lone.node().window().find({{63}, {3}}), nullptr);
}

TEST(NodeMembers, AChangeMadeFromAnotherListIsVoid) {
  LoneNode lone(lone_options(3));
  lone.run();
  Membership next = founded_with({{1}, {2}});
  next.number = 2;
  next.retired = {{3}};
  execute_change(lone, next);
  ASSERT_EQ(lone.executed.size(), 1U);
  EXPECT_FALSE(lone.executed[0].membership->ok());
  EXPECT_EQ(lone.node().configurations().at({64}).size(), 3U);
}

// Found by the simulator (scenario "members"): a removed member skipped its lane beyond its last
// round.
TEST(NodeMembers, NothingIsSaidOfRoundsInWhichOneIsNoMember) {
  LoneNode lone(lone_options(3));
  lone.run();
  Membership next = founded_with({{2}, {3}});
  next.number = 1;
  next.retired = {{1}};
  execute_change(lone, next);
  lone.receive(2, message::Skip{{{0}, {80}}});
  lone.receive(3, message::Skip{{{0}, {80}}});
  lone.settle();
  for (const auto& skip : lone.sent_of<message::Skip>()) EXPECT_LE(skip.rounds.end, Round{64});
  for (const auto& state : lone.sent_of<message::State>()) EXPECT_LE(state.rounds.end, Round{64});
  EXPECT_FALSE(lone.node().is_voter());
}

// Found in review: a Beat spoke of every lane that its sender had ever known, and from 65 on no
// peer could read it, nor what came behind it in the frame.
TEST(NodeMembers, ABeatCanBeReadHoweverManyWereKnown) {
  LoneNode lone(lone_options(3));
  lone.run();
  for (std::uint16_t id = 10; id < 110; ++id) lone.node().know({id});
  lone.forget();
  lone.wait(std::chrono::seconds(1));
  lone.settle();
  const auto beats = lone.sent_of<message::Beat>();
  ASSERT_FALSE(beats.empty());
  std::string encoded;
  encode(Message(beats.back()), encoded);
  base::Decoder in(encoded);
  const Result<Message> read = decode_message(in);
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(std::get<message::Beat>(read.value()).lanes.size(), 2U) << "those of members 2 and 3";
}

}  // namespace
}  // namespace rabia::consensus
