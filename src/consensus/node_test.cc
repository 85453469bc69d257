// One node, with the test as its disk and its peers. Whole clusters: world_test.cc.
#include "consensus/node.h"

#include <gtest/gtest.h>

#include <string>

#include "consensus/testing/lone_node.h"

namespace rabia::consensus {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::lone_boot;
using testing::lone_options;
using testing::LoneNode;

base::SharedBytes bytes(const char* text) {
  return base::SharedBytes(std::string(text));
}

record::State state_record(std::uint16_t lane, RoundRange rounds, Phase phase, Bit value,
                           base::SharedBytes batch = {}) {
  return {{lane}, rounds, phase, value, std::move(batch)};
}

// ---- durable first

// Given a batch from its owner, then the State is sent once its record is durable, not before.
TEST(Node, AStateIsDurableBeforeItIsSent) {
  LoneNode lone(lone_options(3));
  lone.run();
  lone.forget();
  lone.receive(2, message::Batch{{0}, false, bytes("x")});
  lone.tick();
  ASSERT_EQ(lone.written_of<record::State>().size(), 1U);
  EXPECT_EQ(lone.written_of<record::State>()[0].batch.view(), "x");
  EXPECT_TRUE(lone.sent_of<message::State>().empty());
  lone.sync();
  ASSERT_EQ(lone.sent_of<message::State>().size(), 1U);
  EXPECT_EQ(lone.sent_of<message::State>()[0].value, Bit::one);
}

// Given the states 1 of a quorum less one, when the own one is written and not durable, then it
// does not count.
TEST(Node, TheOwnStateCountsOnlyWhenDurable) {
  LoneNode lone(lone_options(3));
  lone.run();
  lone.receive(2, message::Batch{{0}, false, bytes("x")});
  lone.receive(2, message::State{{2}, {{0}, {1}}, 1, Bit::one});
  lone.tick();
  EXPECT_EQ(lone.node().counters().decided_one, 0U);
  lone.sync();
  lone.tick();
  EXPECT_EQ(lone.node().counters().decided_one, 1U);
}

// ---- batches that are not supported (section 4, (e))

// Given a batch that the caller refuses, then the input is 0 at once although it is held, and it is
// executed all the same when others have decided for it.
TEST(Node, ARefusedBatchGetsNoSupport) {
  LoneNode lone(lone_options(3));
  lone.run();
  lone.forget();
  lone.receive(2, message::Batch{{0}, false, bytes("x"), true});
  lone.settle();
  ASSERT_EQ(lone.sent_of<message::State>().size(), 1U);
  EXPECT_EQ(lone.sent_of<message::State>()[0].value, Bit::zero);
  EXPECT_EQ(lone.node().counters().refused, 1U);
  EXPECT_EQ(lone.node().counters().forfeits, 0U);
  lone.receive(2, message::Skip{{{1}, {2}}});
  lone.receive(3, message::Skip{{{0}, {2}}});
  lone.receive(3, message::Decided{{2}, {{0}, {1}}, Bit::one});
  lone.settle();
  ASSERT_EQ(lone.executed.size(), 1U);
  EXPECT_EQ(lone.executed[0].batch.view(), "x");
}

// Given copies of a batch from others, when one is refused, then the input is 0 as well; and the
// first one counts.
TEST(Node, ARefusedCopyGetsNoSupportAndTheFirstOneCounts) {
  LoneNode lone(lone_options(3));
  lone.run();
  lone.forget();
  lone.receive(3, message::BatchCopy{{{0}, {2}}, bytes("x"), true});
  lone.receive(2, message::Batch{{1}, false, bytes("y")});
  lone.receive(3, message::BatchCopy{{{1}, {2}}, bytes("y"), true});
  lone.settle();
  const auto states = lone.sent_of<message::State>();
  ASSERT_EQ(states.size(), 2U);
  EXPECT_EQ(states[0].value, Bit::zero);
  EXPECT_EQ(states[1].value, Bit::one);
}

TEST(Node, NothingIsSentBeforeBootIsDurable) {
  LoneNode lone(lone_options(3));
  ASSERT_TRUE(lone.replay({lone_boot(), state_record(2, {{0}, {1}}, 1, Bit::zero)}).ok());
  lone.node().peer_up({2}, lone.now());
  lone.tick();
  lone.wait(seconds(1));
  lone.tick();
  EXPECT_TRUE(lone.sent.empty());
  EXPECT_GT(lone.node().wake_at(), lone.now()) << "or the replica would spin";
  lone.sync();
  lone.tick();
  EXPECT_FALSE(lone.sent_of<message::Beat>().empty());
}

// Given mode `memory`, where a Batch stands for the owner's State, then an Ask that comes right
// after is answered with a frontier above it: the others may count that State already.
TEST(Node, InModeMemoryTheFrontierCountsABatchThatWasSent) {
  NodeOptions options = lone_options(3);
  options.mode = Mode::memory;
  options.may_found = true;
  LoneNode lone(options);
  lone.run({});
  // Founding: both others say what this member says.
  const auto say = [&](const FoundingVector& vector) {
    for (const std::uint16_t peer : {std::uint16_t{2}, std::uint16_t{3}}) {
      message::Beat beat;
      beat.nonce = {peer, peer};
      beat.said = vector;
      lone.receive(peer, beat);
    }
    lone.settle();
  };
  say({});
  const FoundingVector vector = lone.sent_of<message::Beat>().back().said;
  ASSERT_EQ(vector.size(), 3U);
  say(vector);
  ASSERT_TRUE(lone.node().open());
  lone.forget();
  const Round round = lone.node().propose(bytes("x"), lone.now());
  lone.receive(2, message::Ask{message::BarrierKind::read, {5, 5}});
  lone.tick();
  ASSERT_EQ(lone.sent_of<message::Batch>().size(), 1U);
  EXPECT_TRUE(lone.sent_of<message::Batch>()[0].with_state);
  ASSERT_EQ(lone.sent_of<message::Answer>().size(), 1U);
  EXPECT_GT(lone.sent_of<message::Answer>()[0].end, round);
}

// Given a disk that has not answered for more than a second, when the others decide, then this
// replica learns it, and writes no State.
TEST(Node, BehindItsDiskItLearnsAndWritesNoState) {
  LoneNode lone(lone_options(3));
  lone.run();
  lone.receive(2, message::Batch{{0}, false, bytes("x")});
  lone.tick();  // Its State is on its way to the disk …
  lone.wait(milliseconds(1500));
  lone.forget();
  lone.receive(2, message::Batch{{1}, false, bytes("y")});
  lone.tick();  // … and still is.
  EXPECT_TRUE(lone.written_of<record::State>().empty());
  for (const std::uint16_t peer : {std::uint16_t{2}, std::uint16_t{3}}) {
    lone.receive(peer, message::State{{2}, {{1}, {2}}, 1, Bit::one});
  }
  lone.tick();
  EXPECT_EQ(lone.node().counters().decided_one, 1U);
  lone.receive(3, message::Batch{{1}, false, bytes("z")});
  lone.sync();
  lone.tick();
  EXPECT_EQ(lone.written_of<record::State>().size(), 1U) << "the disk is back";
}

// ---- the own lane

// Given an owner with nothing to say, when a round comes into use, then it skips its lane at once,
// and waits for no record.
TEST(Node, AnIdleOwnerSkipsThroughTopAtOnce) {
  LoneNode lone(lone_options(3));
  lone.run();
  lone.forget();
  lone.receive(2, message::Batch{{4}, false, bytes("x")});
  lone.tick();
  ASSERT_EQ(lone.sent_of<message::Skip>().size(), 1U);
  EXPECT_EQ(lone.sent_of<message::Skip>()[0].rounds, (RoundRange{{0}, {5}}));
}

TEST(Node, RoundsJumpedOverAreSkipped) {
  LoneNode lone(lone_options(3));
  lone.run();
  lone.receive(2, message::Batch{{4}, false, bytes("x")});
  const Round round = lone.node().propose(bytes("mine"), lone.now());
  EXPECT_EQ(round, Round{4}) << "not below top";
  lone.tick();
  ASSERT_EQ(lone.sent_of<message::Skip>().size(), 1U);
  EXPECT_EQ(lone.sent_of<message::Skip>()[0].rounds, (RoundRange{{0}, {4}}));
}

// Given no answer of the disk, when batches are proposed, then none goes beyond what is reserved.
TEST(Node, NoRoundIsUsedWithoutADurableReservation) {
  NodeOptions options = lone_options(3);
  options.own_undecided_max = 1000;
  LoneNode lone(options);
  lone.run();
  const Round reserved = lone.node().own_lane().reserved_durable();
  Round last;
  std::uint64_t proposed = 0;
  while (lone.node().can_propose()) {
    last = lone.node().propose(bytes("x"), lone.now());
    ++proposed;
    lone.tick();
  }
  EXPECT_EQ(last + 1, reserved);
  EXPECT_EQ(proposed, reserved.value);
  lone.sync();
  EXPECT_TRUE(lone.node().can_propose()) << "it was renewed ahead";
}

// Given a member whose whole reservation lies below its window (others decided its slots
// meanwhile), and that has no round free for a batch, then it reserves anew and skips what is in
// use: it once did not, and a cluster that needed its lane stood still.
TEST(Node, ALaneLeftBehindIsReservedAnewAlsoWithoutARoundForABatch) {
  LoneNode lone(lone_options(3));
  lone.run();
  ASSERT_EQ(lone.node().own_lane().reserved_durable(), Round{32});
  for (const std::uint16_t lane : {std::uint16_t{1}, std::uint16_t{2}, std::uint16_t{3}}) {
    lone.receive(2, message::Decided{{lane}, {{0}, {50}}, Bit::zero});
  }
  message::Beat beat;
  beat.incarnation = testing::lone_vector();
  beat.in_use_end = {50};
  beat.lanes = {{{1}, 1, {50 + 64}, {}}};  // Zeros were input ahead through the whole window.
  lone.receive(2, beat);
  lone.settle();
  EXPECT_FALSE(lone.node().can_propose());
  lone.forget();
  lone.receive(2, message::Batch{{60}, false, bytes("x")});
  lone.settle();
  ASSERT_EQ(lone.sent_of<message::Skip>().size(), 1U);
  EXPECT_EQ(lone.sent_of<message::Skip>()[0].rounds, (RoundRange{{50}, {61}}));
}

TEST(Node, OwnBatchesUnderWayAreBounded) {
  NodeOptions options = lone_options(3);
  options.own_undecided_max = 3;
  LoneNode lone(options);
  lone.run();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(lone.node().can_propose());
    lone.node().propose(bytes("x"), lone.now());
  }
  EXPECT_FALSE(lone.node().can_propose());
}

// Given members that have given up on the next rounds of this lane, then a batch goes above them.
TEST(Node, NoBatchGoesWhereAZeroWasSeen) {
  LoneNode lone(lone_options(3));
  lone.run();
  lone.receive(2, message::State{{1}, {{0}, {9}}, 1, Bit::zero});
  EXPECT_EQ(lone.node().propose(bytes("x"), lone.now()), Round{9});
}

// ---- beats

// Given a lane that is distrusted and a window that ends before the next zeros, when time does not
// move, then one tick says so and the next says nothing: two members once answered Beat with Beat
// for ever.
TEST(Node, ABeatIsNotAnsweredWithABeat) {
  LoneNode lone(lone_options(3));
  lone.run();
  lone.node().peer_down({3}, lone.now());
  lone.receive(2, message::Batch{{63}, false, bytes("x")});  // The last round of the window.
  lone.settle();
  lone.forget();
  for (int i = 0; i < 10; ++i) {
    message::Beat beat;
    beat.incarnation = testing::lone_vector();
    beat.in_use_end = {64};
    lone.receive(2, beat);
    lone.tick();
  }
  EXPECT_TRUE(lone.sent_of<message::Beat>().empty());
}

// ---- restart

TEST(NodeRestart, BeginsItsLaneAtTheLastReservation) {
  LoneNode lone(lone_options(3));
  lone.run({lone_boot(), record::Reserve{{20}}, record::Reserve{{40}}});
  ASSERT_FALSE(lone.sent_of<message::Beat>().empty());
  EXPECT_EQ(lone.sent_of<message::Beat>()[0].lane_from, Round{40});
  EXPECT_GE(lone.node().propose(bytes("x"), lone.now()), Round{40});
}

// Given states and votes of an earlier life, when asked, then the same are said again, and nothing
// else of these slots is ever written.
TEST(NodeRestart, SaysAgainWhatItSaidAndNothingElse) {
  LoneNode lone(lone_options(3));
  lone.run({lone_boot(), record::Reserve{{32}},
            state_record(2, {{0}, {1}}, 1, Bit::one, bytes("x")),
            state_record(3, {{0}, {1}}, 1, Bit::zero),
            record::CastVote{{3}, {{0}, {1}}, 1, Vote::zero}});
  lone.forget();
  lone.receive(3, message::Batch{{0}, false, bytes("late")});
  lone.receive(3, message::Need{{0}, {1}, {}});
  lone.settle();
  bool one = false;
  bool zero = false;
  for (const message::State& state : lone.sent_of<message::State>()) {
    if (state.lane == Lane{2}) one = state.value == Bit::one;
    if (state.lane == Lane{3}) zero = state.value == Bit::zero;
  }
  EXPECT_TRUE(one && zero);
  ASSERT_EQ(lone.sent_of<message::CastVote>().size(), 1U);
  EXPECT_EQ(lone.sent_of<message::CastVote>()[0].value, Vote::zero);
  for (const record::State& state : lone.written_of<record::State>()) {
    EXPECT_EQ(state.lane, Lane{1}) << "only its own lane's forfeits are new";
  }
}

// Given slots of the own lane below laneFrom without a batch, then this member gives them up
// itself.
TEST(NodeRestart, GivesUpOwnSlotsBelowItsLaneFrom) {
  LoneNode lone(lone_options(3));
  lone.run({lone_boot(), record::Reserve{{8}}});
  const auto states = lone.written_of<record::State>();
  ASSERT_EQ(states.size(), 1U) << "one record for the whole range";
  EXPECT_EQ(states[0].lane, Lane{1});
  EXPECT_EQ(states[0].rounds, (RoundRange{{0}, {8}}));
  EXPECT_EQ(states[0].value, Bit::zero);
}

// Given a record of decisions that reaches beyond the window of its beginning (the window moved
// while it grew), when replayed, then it is taken round by round.
TEST(NodeRestart, ReplaysADecidedRangeLongerThanTheWindow) {
  LoneNode lone(lone_options(1));
  ASSERT_TRUE(
      lone.replay({lone_boot(Mode::always, 1), record::Decided{{1}, {{0}, {200}}, Bit::zero}})
          .ok());
  EXPECT_GE(lone.node().executed_end(), Round{200 - 64});
}

TEST(NodeRestart, ExecutesAgainWhatTheLogHasDecided) {
  LoneNode lone(lone_options(3));
  ASSERT_TRUE(lone.replay({lone_boot(), state_record(2, {{0}, {1}}, 1, Bit::one, bytes("x")),
                           record::Decided{{1}, {{0}, {1}}, Bit::zero},
                           record::Decided{{2}, {{0}, {1}}, Bit::one},
                           record::Decided{{3}, {{0}, {1}}, Bit::zero}})
                  .ok());
  lone.tick();
  ASSERT_EQ(lone.executed.size(), 1U);
  EXPECT_EQ(lone.executed[0].batch.view(), "x");
  EXPECT_EQ(lone.node().executed_end(), Round{1});
}

// Given a log that lacks what its later records rest on, then it is refused.
TEST(NodeRestart, RefusesALogWithAGap) {
  LoneNode lone(lone_options(3));
  const Status status = lone.replay({lone_boot(), state_record(2, {{100}, {101}}, 1, Bit::zero)});
  EXPECT_EQ(status.code(), Code::corrupted);
}

TEST(NodeRestart, RefusesALogThatContradictsItself) {
  const std::vector<std::vector<Record>> logs = {
      {state_record(2, {{0}, {1}}, 1, Bit::zero), state_record(2, {{0}, {1}}, 1, Bit::zero)},
      {record::CastVote{{2}, {{0}, {1}}, 1, Vote::zero},
       record::CastVote{{2}, {{0}, {1}}, 1, Vote::question}},
      {record::Decided{{2}, {{0}, {1}}, Bit::zero}, record::Decided{{2}, {{0}, {1}}, Bit::one}},
      {state_record(2, {{0}, {1}}, 1, Bit::one)},  // Without the batch.
      {state_record(2, {{0}, {1}}, 1000, Bit::zero)},
  };
  for (std::size_t i = 0; i < logs.size(); ++i) {
    std::vector<Record> log = logs[i];
    log.insert(log.begin(), lone_boot());
    LoneNode lone(lone_options(3));
    EXPECT_EQ(lone.replay(log).code(), Code::corrupted) << "log " << i;
  }
}

TEST(NodeRestart, RefusesTheLogOfAnotherMemberOrCluster) {
  record::Boot boot = lone_boot();
  boot.member = {2};
  EXPECT_EQ(LoneNode(lone_options(3)).replay({boot}).code(), Code::failed_precondition);
  boot = lone_boot();
  boot.cluster_id = "other";
  EXPECT_EQ(LoneNode(lone_options(3)).replay({boot}).code(), Code::failed_precondition);
}

// Given mode `os`, when the machine was restarted, then only a clean stop makes the log complete.
TEST(NodeRestart, AfterAPowerFailureInModeOsItComesBackWithoutMemory) {
  NodeOptions options = lone_options(3);
  options.boot_id = "machine, started again";
  const auto stage_after = [&](const std::vector<Record>& log) {
    LoneNode lone(options);
    EXPECT_TRUE(lone.replay(log).ok());
    lone.settle();
    return lone.node().stage();
  };
  using Stage = Node::Stage;
  EXPECT_EQ(stage_after({lone_boot(Mode::os)}), Stage::rejoining);
  EXPECT_EQ(stage_after({lone_boot(Mode::os), record::CleanStop{}}), Stage::running);
  EXPECT_EQ(stage_after({lone_boot(Mode::os), record::CleanStop{}, record::Reserve{{5}}}),
            Stage::rejoining)
      << "a clean stop counts only as the last record";
  EXPECT_EQ(stage_after({lone_boot(Mode::always)}), Stage::running);
  options.vouched = true;
  EXPECT_EQ(stage_after({lone_boot(Mode::os)}), Stage::running) << "the operator's word";
  options.vouched = false;
  options.boot_id = "machine";
  EXPECT_EQ(stage_after({lone_boot(Mode::os)}), Stage::running) << "only the process was restarted";
}

// Given another list of members than the one that founded the cluster, then two lists would be two
// clusters: it is refused.
TEST(NodeRestart, AnotherListOfMembersIsRefused) {
  EXPECT_EQ(LoneNode(lone_options(5)).replay({lone_boot()}).code(), Code::failed_precondition);
  EXPECT_EQ(LoneNode(lone_options(3)).replay({lone_boot(Mode::always, 5)}).code(),
            Code::failed_precondition);
}

TEST(NodeRestart, ALogOfModeMemoryIsRefused) {
  EXPECT_EQ(LoneNode(lone_options(3)).replay({lone_boot(Mode::memory)}).code(), Code::corrupted);
}

// Given a cluster of one that stopped between saying and founding, when it is started again, then
// it founds. It once waited for others to speak.
TEST(NodeRestart, AloneAMemberFoundsAlsoAfterARestart) {
  NodeOptions options = lone_options(1);
  options.may_found = true;
  LoneNode lone(options);
  ASSERT_TRUE(lone.replay({record::Founding{{7, 7}, {{{1}, {7, 7}}}}}).ok());
  lone.settle();
  EXPECT_TRUE(lone.node().open());
}

// ---- messages that do not count

TEST(Node, MessagesOfOtherIncarnationsAndStrangersAreDropped) {
  LoneNode lone(lone_options(3));
  lone.run();
  const message::Batch batch{{5}, false, bytes("x")};
  lone.node().receive({2}, lone.node().incarnation() + 1, batch, lone.now());
  lone.node().receive({9}, lone.node().incarnation(), batch, lone.now());
  EXPECT_EQ(lone.node().in_use_end(), Round{0});
  lone.receive(2, batch);
  EXPECT_EQ(lone.node().in_use_end(), Round{6});
}

// Given what is said ahead of anyone's need, then it does not put rounds in use: or an idle cluster
// with a dead member would run for ever.
TEST(Node, ZerosAndSkipsDoNotRaiseTop) {
  LoneNode lone(lone_options(3));
  lone.run();
  lone.receive(2, message::Skip{{{0}, {10}}});
  lone.receive(2, message::State{{3}, {{0}, {10}}, 1, Bit::zero});
  lone.receive(2, message::CastVote{{3}, {{0}, {10}}, 1, Vote::zero});
  lone.receive(2, message::Decided{{3}, {{0}, {10}}, Bit::zero});
  lone.settle();
  EXPECT_EQ(lone.node().in_use_end(), Round{0});
  lone.receive(2, message::CastVote{{3}, {{11}, {12}}, 1, Vote::question});
  EXPECT_EQ(lone.node().in_use_end(), Round{12});
}

// Given a batch beyond the window, when the window reaches it, then it is counted.
TEST(Node, ABatchBeyondTheWindowWaitsForIt) {
  LoneNode lone(lone_options(3));
  lone.run();
  lone.receive(2, message::Batch{{64}, false, bytes("x")});
  lone.settle();
  EXPECT_EQ(lone.node().window().find({{64}, {2}}), nullptr);
  for (const std::uint16_t lane : {std::uint16_t{1}, std::uint16_t{2}, std::uint16_t{3}}) {
    lone.receive(2, message::Decided{{lane}, {{0}, {1}}, Bit::zero});
  }
  lone.settle();
  const Slot* slot = lone.node().window().find({{64}, {2}});
  ASSERT_NE(slot, nullptr);
  EXPECT_TRUE(slot->agreement.holds_batch());
}

// Given a round far away, then what is kept for it is bounded, and it is known that something was.
TEST(Node, FarBeyondTheWindowNothingIsKept) {
  LoneNode lone(lone_options(3));
  lone.run();
  lone.receive(2, message::Batch{{1'000'000}, false, bytes("x")});
  EXPECT_EQ(lone.node().counters().beyond_window_dropped, 1U);
  EXPECT_EQ(lone.node().in_use_end(), Round{1'000'001});
}

}  // namespace
}  // namespace rabia::consensus
