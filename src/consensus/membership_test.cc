#include "consensus/membership.h"

#include <gtest/gtest.h>

#include <string>

namespace rabia::consensus {
namespace {

Membership three() {
  return founded_with({{1}, {2}, {3}});
}

// As `from`, with this done to it, and counted.
template <typename Change>
Membership changed(const Membership& from, Change change) {
  Membership next = from;
  ++next.number;
  change(next);
  return next;
}

MemberEntry learner(std::uint16_t id) {
  return {.id = {id}, .address = "host:1", .votes = false, .promote = true, .replaces = {}};
}

// Section 5, and what an operator may ask for: one member at a time.
TEST(Membership, OneMemberIsChangedAtATime) {
  const Membership with_learner =
      changed(three(), [](Membership& m) { m.members.push_back(learner(4)); });
  EXPECT_TRUE(may_follow(three(), with_learner).ok());
  const Membership promoted =
      changed(with_learner, [](Membership& m) { m.members[3].votes = true; });
  EXPECT_TRUE(may_follow(with_learner, promoted).ok());
  const Membership replaced = changed(with_learner, [](Membership& m) {
    m.members[3].votes = true;
    m.members.erase(m.members.begin());
    m.retired = {{1}};
  });
  EXPECT_TRUE(may_follow(with_learner, replaced).ok());
  const Membership two_gone = changed(three(), [](Membership& m) {
    m.members.resize(1);
    m.retired = {{2}, {3}};
  });
  EXPECT_FALSE(may_follow(three(), two_gone).ok());
  const Membership two_new = changed(three(), [](Membership& m) {
    m.members.push_back({.id = {4}, .address = {}});
    m.members.push_back({.id = {5}, .address = {}});
  });
  EXPECT_FALSE(may_follow(three(), two_new).ok());
}

TEST(Membership, NoNumberIsGivenTwice) {
  const Membership without = changed(three(), [](Membership& m) {
    m.members.pop_back();
    m.retired = {{3}};
  });
  ASSERT_TRUE(may_follow(three(), without).ok());
  const Membership again = changed(without, [](Membership& m) { m.members.push_back(learner(3)); });
  EXPECT_FALSE(may_follow(without, again).ok());
  const Membership forgotten = changed(three(), [](Membership& m) { m.members.pop_back(); });
  EXPECT_FALSE(may_follow(three(), forgotten).ok()) << "it does not say who was removed";
}

TEST(Membership, AChangeFollowsTheLastOne) {
  Membership late = three();
  late.number = 2;
  EXPECT_FALSE(may_follow(three(), late).ok());
  const Membership nobody = changed(three(), [](Membership& m) {
    for (MemberEntry& member : m.members) member.votes = false;
  });
  EXPECT_FALSE(may_follow(three(), nobody).ok());
}

// Source: docs/formats/membership.md.
TEST(Membership, WritesTheGoldenBytes) {
  const base::SharedBytes batch = batch_of(founded_with({{1}, {2}}));
  EXPECT_EQ(batch.view(), std::string_view("\x02\x00\x02\x01\x00\x01\x00\x02\x00\x01\x00\x00", 12));
}

TEST(Membership, IsReadBackAndOtherBatchesAreNone) {
  Membership membership = changed(three(), [](Membership& m) {
    m.members.push_back(learner(7));
    m.members.back().replaces = {2};
    m.retired = {{4}, {5}};
  });
  EXPECT_EQ(membership_in(batch_of(membership).view()), membership);
  EXPECT_FALSE(membership_in(std::string_view("\x01", 1)).has_value());
  EXPECT_FALSE(membership_in({}).has_value());
}

// Given bytes that are cut off anywhere or go on too long, then they are a change that may follow
// nothing: every replica sees the same, and none is harmed.
TEST(Membership, AMalformedChangeFollowsNothing) {
  const std::string whole(batch_of(changed(three(), [](Membership&) {})).view());
  for (std::size_t size = 1; size < whole.size(); ++size) {
    const auto cut = membership_in(std::string_view(whole).substr(0, size));
    ASSERT_TRUE(cut.has_value()) << size;
    EXPECT_FALSE(may_follow(three(), *cut).ok()) << size;
  }
  EXPECT_FALSE(may_follow(three(), *membership_in(whole + "x")).ok());
}

TEST(Membership, EpochsOfASnapshotAreReadBack) {
  const Membership next = changed(three(), [](Membership& m) { m.members.push_back(learner(4)); });
  const std::vector<Epoch> epochs = {{{5}, three()}, {{9}, next}};
  const auto read = decode_epochs(encode_epochs(epochs));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read.value(), epochs);
  EXPECT_FALSE(decode_epochs({}).ok());
  EXPECT_FALSE(decode_epochs(encode_epochs({{{9}, next}, {{5}, three()}})).ok());
}

// C(r), section 1.
TEST(ConfigurationHistory, KnowsWhoIsInForceInEachRound) {
  ConfigurationHistory history{three()};
  const Configuration* const founders = &history.at({0});
  const Membership next = changed(three(), [](Membership& m) {
    m.members.pop_back();
    m.retired = {{3}};
  });
  history.add({{20}, next});
  EXPECT_EQ(&history.at({19}), founders) << "references stay";
  EXPECT_EQ(history.at({19}).size(), 3U);
  EXPECT_EQ(history.at({20}).size(), 2U);
  EXPECT_EQ(history.in_force({{0}, {20}}).size(), 1U);
  EXPECT_EQ(history.in_force({{0}, {21}}).size(), 2U);
  EXPECT_EQ(history.same_until({5}, {100}), Round{20});
  EXPECT_EQ(history.same_until({20}, {100}), Round{100});
  EXPECT_EQ(history.from({19}).size(), 2U);
  EXPECT_EQ(history.from({20}).size(), 1U);
}

}  // namespace
}  // namespace rabia::consensus
