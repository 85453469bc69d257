// Compaction and snapshots at one node. protocol.md, section 7; section 12, step 2.
#include <gtest/gtest.h>

#include <string>

#include "consensus/node.h"
#include "consensus/testing/lone_node.h"

namespace rabia::consensus {
namespace {

using testing::lone_boot;
using testing::lone_options;
using testing::LoneNode;

const std::vector<Epoch> three = {{{}, founded_with({{1}, {2}, {3}})}};

base::SharedBytes bytes(const char* text) {
  return base::SharedBytes(std::string(text));
}

// Rounds 0 and 1 executed; of round 2 a batch with the own State 1 and, of another lane, an own
// State 0 with a vote.
void live(LoneNode& lone) {
  lone.run();
  for (const std::uint64_t round : {0U, 1U}) {
    lone.receive(2, message::Batch{{round}, false, bytes("x")});
    lone.receive(2, message::State{{2}, {{round}, {round + 1}}, 1, Bit::one});
    lone.receive(3, message::Skip{{{round}, {round + 1}}});
    lone.settle();
  }
  lone.receive(2, message::Batch{{2}, false, bytes("undecided")});
  lone.receive(2, message::Beat{testing::lone_vector(), {2}, {3}, {}, {}, {}, {}, {}});
  lone.settle();
  for (int i = 0; i < 100; ++i) {  // Lane 3 is given up.
    lone.wait(std::chrono::milliseconds(5));
    lone.settle();
  }
  lone.receive(2, message::State{{3}, {{2}, {3}}, 1, Bit::zero});
  lone.settle();
}

// The last record that was written, which is a checkpoint.
record::Checkpoint checkpoint_of(LoneNode& lone) {
  lone.forget();
  lone.node().write_checkpoint();
  lone.settle();
  return lone.written_of<record::Checkpoint>().at(0);
}

// A later life, whose log begins with record 100.
Status start_from(Node& node, const std::vector<Record>& log, std::optional<Round> snapshot) {
  if (snapshot) node.restore_snapshot({*snapshot, three});
  RecordNumber number = 100;
  for (const Record& record : log) {
    if (Status status = node.restore(record, number++); !status.ok()) return status;
  }
  return node.start(base::Instant(std::chrono::seconds(10)));
}

// Given a checkpoint and the snapshot of its round, when a new life begins with nothing else, then
// it stands where the old one stood, and has said what the old one has said.
TEST(NodeSnapshot, ACheckpointRepeatsAllThatStillMatters) {
  LoneNode lone(lone_options(3));
  live(lone);
  const record::Checkpoint checkpoint = checkpoint_of(lone);
  ASSERT_EQ(checkpoint.round, Round{2});

  Node node(lone_options(3));
  ASSERT_TRUE(start_from(node, {checkpoint}, Round{2}).ok());
  EXPECT_EQ(node.executed_end(), Round{2});
  EXPECT_EQ(node.frontier_end(), lone.node().frontier_end());
  EXPECT_EQ(node.own_lane().lane_from(), lone.node().own_lane().reserved_durable());
  std::size_t own_votes = 0;
  for (const ReplicaId lane : {ReplicaId{1}, ReplicaId{2}, ReplicaId{3}}) {
    const WeakMvc& before = lone.node().window().find({{2}, lane})->agreement;
    const WeakMvc& after = node.window().find({{2}, lane})->agreement;
    EXPECT_EQ(after.decision(), before.decision()) << lane.value;
    EXPECT_EQ(after.batch().view(), before.batch().view()) << lane.value;
    EXPECT_EQ(after.tally(1).own_state, before.tally(1).own_state) << lane.value;
    EXPECT_EQ(after.tally(1).own_vote, before.tally(1).own_vote) << lane.value;
    own_votes += after.tally(1).own_vote ? 1 : 0;
  }
  EXPECT_GT(own_votes, 0U) << "the test must have something to lose";
}

// Given a log that was cut off, and no snapshot or an older one, then it is refused: what the
// snapshot held would be missing in the state.
TEST(NodeSnapshot, ALogThatWasCutOffNeedsItsSnapshot) {
  LoneNode lone(lone_options(3));
  live(lone);
  const record::Checkpoint checkpoint = checkpoint_of(lone);
  for (const std::optional<Round> snapshot : {std::optional<Round>(), std::optional(Round{1})}) {
    Node node(lone_options(3));
    const Status status = start_from(node, {checkpoint}, snapshot);
    EXPECT_EQ(status.code(), Code::corrupted);
    EXPECT_NE(status.message().find("it needs the snapshot of round 2"), std::string::npos);
  }
}

// Given a log that was cut off before its checkpoint was written, then it is refused.
TEST(NodeSnapshot, ALogThatWasCutOffNeedsItsCheckpoint) {
  Node node(lone_options(3));
  EXPECT_EQ(start_from(node, {record::Decided{{2}, {{2}, {3}}, Bit::zero}}, Round{2}).code(),
            Code::corrupted);
}

// Given the rest of a log in front of the checkpoint, whose records speak of batches that were in
// segments that are gone, then the rest is not read.
TEST(NodeSnapshot, WhatLiesBeforeTheFirstCheckpointIsNotRead) {
  LoneNode lone(lone_options(3));
  live(lone);
  const record::Checkpoint checkpoint = checkpoint_of(lone);
  Node node(lone_options(3));
  const record::State without_batch{{3}, {{2}, {3}}, 2, Bit::one, {}};
  EXPECT_TRUE(start_from(node, {without_batch, checkpoint}, Round{2}).ok());
}

// Given a whole log with a checkpoint in it, when it is replayed without a snapshot, then the
// checkpoint changes nothing.
TEST(NodeSnapshot, InAWholeLogACheckpointChangesNothing) {
  LoneNode lone(lone_options(3));
  live(lone);
  std::vector<Record> log{lone_boot()};
  const std::vector<Record> written = lone.written;
  checkpoint_of(lone);
  log.insert(log.end(), written.begin(), written.end());
  log.insert(log.end(), lone.written.begin(), lone.written.end());
  LoneNode again(lone_options(3));
  ASSERT_TRUE(again.replay(log).ok());
  EXPECT_EQ(again.node().executed_end(), lone.node().executed_end());
  EXPECT_EQ(again.node().frontier_end(), lone.node().frontier_end());
}

// Given a snapshot that a peer gave, and a whole log whose records go on inside the snapshot's
// round before a checkpoint of an older one, then it is read: what the checkpoint repeats is no
// contradiction. (Seeds 154 of `all` and 15 of `crash` of the simulator.)
TEST(NodeSnapshot, AnOlderCheckpointIsReadInsideARound) {
  const record::State state{{2}, {{2}, {3}}, 1, Bit::one, bytes("x")};
  const record::State repeated{{2}, {{2}, {3}}, 1, Bit::one, {}};
  const record::Decided none{{1}, {{2}, {3}}, Bit::zero};
  const record::Decided taken{{2}, {{2}, {3}}, Bit::one};
  const record::Checkpoint checkpoint{
      {1}, lone_boot(), {32}, {}, {3}, {{{{2}, {2}}, bytes("x")}}, {repeated}, {}, {none, taken}};
  Node node(lone_options(3));
  node.restore_snapshot({{2}, three});
  RecordNumber number = 0;
  for (const Record& each : std::vector<Record>{lone_boot(), state, none, taken, checkpoint}) {
    const Status status = node.restore(each, ++number);
    ASSERT_TRUE(status.ok()) << status.message();
  }
  EXPECT_FALSE(node.ready().executions.empty());
  EXPECT_EQ(node.ready().executions.size(), 1U) << "executed once";
  EXPECT_TRUE(node.start(base::Instant(std::chrono::seconds(10))).ok());
}

// Given a snapshot of a round above L, when it is installed, then L is there, own batches that it
// passed over are under way no longer, and slots of rounds that stay in the window are kept.
TEST(NodeSnapshot, AnInstalledSnapshotRaisesL) {
  LoneNode lone(lone_options(3));
  lone.run();
  const Round own = lone.node().propose(bytes("mine"), lone.now());
  lone.receive(2, message::Batch{{40}, false, bytes("later")});
  lone.settle();
  ASSERT_LT(own, Round{30});
  lone.node().install({{30}, three}, lone.now());
  lone.settle();
  EXPECT_EQ(lone.node().executed_end(), Round{30});
  EXPECT_GE(lone.node().in_use_end(), Round{41});
  EXPECT_TRUE(lone.node().can_propose());
  const Slot* kept = lone.node().window().find({{40}, {2}});
  ASSERT_NE(kept, nullptr);
  EXPECT_EQ(kept->agreement.tally(1).own_state, Bit::one);
  EXPECT_EQ(lone.node().window().find({own, {1}}), nullptr);
  EXPECT_EQ(lone.node().window().find({{64 + 29}, {2}})->agreement.own_state_unset(), true);
}

// Given States on their way to the disk when a checkpoint leaves their rounds out, then they are
// not said any more (section 7).
TEST(NodeSnapshot, NothingIsSaidOfRoundsThatACheckpointLeftOut) {
  LoneNode lone(lone_options(3));
  lone.run();
  lone.receive(2, message::Batch{{0}, false, bytes("x")});
  lone.receive(2, message::State{{2}, {{0}, {1}}, 1, Bit::one});
  lone.receive(3, message::State{{2}, {{0}, {1}}, 1, Bit::one});
  lone.receive(3, message::Skip{{{0}, {1}}});
  lone.tick();
  ASSERT_EQ(lone.node().executed_end(), Round{1});
  lone.node().write_checkpoint();
  lone.forget();
  lone.settle();
  EXPECT_TRUE(lone.sent_of<message::State>().empty());
}

// Given a snapshot of a cluster that was founded with other members than the start list has, then
// it is refused; when they have changed since, then the snapshot says who they are.
TEST(NodeSnapshot, OtherMembersThanThoseOfTheStartListNeedAChange) {
  for (const std::uint64_t changes : {0U, 1U}) {
    Node node(lone_options(3));
    Membership membership = founded_with({{1}, {2}, {4}});
    membership.number = changes;
    node.restore_snapshot({{5}, {{{3}, membership}}});
    ASSERT_TRUE(node.restore(lone_boot(), 1).ok());
    const Status status = node.start(base::Instant(std::chrono::seconds(10)));
    EXPECT_EQ(status.code(), changes == 0 ? Code::failed_precondition : Code::ok);
    EXPECT_TRUE(node.configurations().at({5}).contains({4}));
  }
}

}  // namespace
}  // namespace rabia::consensus
