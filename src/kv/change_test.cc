// Changes as a listener is told of them, and the log of the latest.
#include "kv/change.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "kv/change_log.h"
#include "kv/operations_text.h"
#include "kv/test_hashes.h"

namespace rabia::kv {
namespace {

std::string text_of(const Change& change) {
  constexpr const char* names[] = {"",        "set",     "deleted", "expired",
                                   "evicted", "renamed", "cleared", "deadline"};
  std::string text = std::to_string(change.revision) + " " + names[static_cast<int>(change.kind)];
  if (!change.key.empty()) text.append(" ").append(change.key);
  if (!change.new_key.empty()) text.append(">").append(change.new_key);
  if (!change.value.empty()) text.append("=").append(change.value);
  if (change.old_value) text.append(" was ").append(*change.old_value);
  if (change.deadline != no_deadline) text += " until " + std::to_string(change.deadline);
  if (change.keys > 0) text += " " + std::to_string(change.keys);
  return text + " by " + std::to_string(change.operation);
}

class Told final : public ChangeListener {
 public:
  void on_change(const Change& change) override { texts.push_back(text_of(change)); }
  std::vector<std::string> take() { return std::exchange(texts, {}); }
  std::vector<std::string> texts;
};

using Texts = std::vector<std::string>;

class ChangeTest : public testing::Test {
 protected:
  ChangeTest() { machine.store().set_listener(&told); }
  Texts told_of(const std::string& command) {
    run(machine, command);
    return told.take();
  }
  StoreMachine machine;
  Told told;
};

// Given every operation that changes something, then the listener is told what it did: the values
// before and after, and by which operation; and of what changes nothing, nothing.
TEST_F(ChangeTest, EveryChangeIsTold) {
  EXPECT_EQ(told_of(set("a", "1")), Texts{"1 set a=1 by 1"});
  EXPECT_EQ(told_of(set("a", "2", {.expiry = {Expiry::Kind::at, 50}})),
            Texts{"2 set a=2 was 1 until 50 by 1"});
  EXPECT_EQ(told_of(increment("a", 5)), Texts{"3 set a=7 was 2 until 50 by 4"});
  EXPECT_EQ(told_of(append("a", "x")), Texts{"4 set a=7x was 7 until 50 by 3"});
  EXPECT_EQ(told_of(append("b", "x")), Texts{"5 set b=x by 3"});
  EXPECT_EQ(told_of(set_range("b", 1, "y")), Texts{"6 set b=xy was x by 6"});
  EXPECT_EQ(told_of(rename("a", "b")), Texts{"7 renamed a>b=7x was xy until 50 by 16"});
  EXPECT_EQ(told_of(persist("b")), Texts{"8 deadline b=7x by 15"});
  EXPECT_EQ(told_of(expire("b", {Expiry::Kind::at, 60})), Texts{"9 deadline b=7x until 60 by 13"});
  EXPECT_EQ(told_of(copy("b", "c")), Texts{"10 set c=7x until 60 by 17"});
  EXPECT_EQ(told_of(get_and_erase("c")), Texts{"11 deleted c was 7x by 9"});
  EXPECT_EQ(told_of(set_many({{"c", "1"}, {"d", "2"}})),
            (Texts{"12 set c=1 by 7", "13 set d=2 by 7"}));
  EXPECT_EQ(told_of(erase({"c", "none", "d"})),
            (Texts{"14 deleted c was 1 by 2", "15 deleted d was 2 by 2"}));
  machine.begin_batch({.time = {60}});
  EXPECT_EQ(told.take(), Texts{"16 expired b was 7x by 0"});
  run(machine, set_many({{"c", "1"}, {"d", "2"}}));
  told.take();
  EXPECT_EQ(told_of(clear()), Texts{"19 cleared 2 by 10"});
  for (const std::string& nothing : {clear(), erase({"c"}), persist("c"), get_and_erase("c"),
                                     set("c", "v", {SetCondition::if_present}), std::string("?")}) {
    EXPECT_EQ(told_of(nothing), Texts());
  }
}

// Given a set that keeps the deadline, then it is told apart from one that brings the same.
TEST_F(ChangeTest, ADeadlineThatStaysIsToldFromOneThatIsBrought) {
  told_of(set("a", "1", {.expiry = {Expiry::Kind::at, 50}}));
  EXPECT_EQ(told_of(set("a", "2", {.expiry = {Expiry::Kind::keep}})),
            Texts{"2 set a=2 was 1 until 50 by 129"});
  EXPECT_EQ(told_of(set("a", "3", {.expiry = {Expiry::Kind::at, 50}})),
            Texts{"3 set a=3 was 2 until 50 by 1"});
}

// Given a key that is due and not removed yet, when a command changes it, then it is told to have
// expired before.
TEST_F(ChangeTest, WhatIsDueExpiresBeforeItIsChanged) {
  std::set<std::string> left;
  for (std::uint64_t i = 0; i <= StoreMachine::expired_by_a_batch; ++i) {
    const std::string key = "k" + std::to_string(i);
    run(machine, set(key, "v", {.expiry = {Expiry::Kind::at, 5}}));
    left.insert(key);
  }
  told.take();
  machine.begin_batch({.time = {5}});
  ASSERT_EQ(machine.store().size(), 1U);
  for (const std::string& text : told.take()) {
    left.erase(text.substr(text.find('k'), text.find(" was") - text.find('k')));
  }
  ASSERT_EQ(left.size(), 1U);
  const Texts texts = told_of(append(*left.begin(), "new"));
  ASSERT_EQ(texts.size(), 2U);
  EXPECT_NE(texts[0].find(" expired " + *left.begin() + " was v by 0"), std::string::npos);
  EXPECT_NE(texts[1].find(" set " + *left.begin() + "=new by 3"), std::string::npos);
}

// Given random changes, when the contents are followed by what is told alone, then they are the
// store's; and the log answers with the same changes as far back as it goes.
TEST_F(ChangeTest, TheStoreFollowsFromWhatIsTold) {
  std::map<std::string, std::string, std::less<>> followed;
  ChangeLog log(200'000);
  struct Follower final : ChangeListener {
    Follower(std::map<std::string, std::string, std::less<>>& contents, ChangeLog& changes)
        : followed(contents), log(changes) {}
    void on_change(const Change& change) override {
      ASSERT_EQ(change.revision, log.end() + 1);
      const bool had =
          followed.contains(change.kind == ChangeKind::renamed ? change.new_key : change.key);
      if (change.kind != ChangeKind::deadline && change.kind != ChangeKind::cleared) {
        ASSERT_EQ(change.old_value.has_value(), had) << text_of(change);
      }
      switch (change.kind) {
        case ChangeKind::set:
          followed[std::string(change.key)] = change.value;
          break;
        case ChangeKind::renamed:
          followed.erase(std::string(change.key));
          followed[std::string(change.new_key)] = change.value;
          break;
        case ChangeKind::cleared:
          ASSERT_EQ(change.keys, followed.size());
          followed.clear();
          break;
        case ChangeKind::deadline:
          ASSERT_EQ(followed.find(change.key)->second, change.value);
          break;
        default:
          followed.erase(std::string(change.key));
      }
      log.add(change);
      texts.push_back(text_of(change));
    }
    std::map<std::string, std::string, std::less<>>& followed;
    ChangeLog& log;
    Texts texts;
  } follower(followed, log);
  machine.store().set_listener(&follower);
  base::Random random(3);
  for (std::uint64_t step = 0; step < 20'000; ++step) {
    if (step % 50 == 0) machine.begin_batch({.time = {step}});
    const std::string key = "k" + std::to_string(random.below(60));
    const std::string other = "k" + std::to_string(random.below(60));
    const auto soon = static_cast<std::int64_t>(step + random.below(200));
    const std::string value(random.below(100), static_cast<char>('a' + random.below(26)));
    const std::vector<std::string_view> two = {key, other};
    const std::vector<std::string> commands = {
        set(key, value),
        set(key, value, {.expiry = {Expiry::Kind::at, soon}}),
        append(key, value),
        erase(two),
        rename(key, other),
        kv::copy(key, other, true),
        persist(key),
        expire(key, {Expiry::Kind::at, soon}),
        set_range(key, random.below(50), value),
        random.below(100) == 0 ? clear() : set_many({{key, "1"}, {other, "2"}})};
    run(machine, commands[random.below(std::size(commands))]);
  }
  machine.begin_batch({.time = {30'000}});
  std::map<std::string, std::string, std::less<>> contents;
  machine.store().for_each([&](auto key, auto value) { contents.emplace(key, value); });
  EXPECT_EQ(contents, followed);
  EXPECT_EQ(log.end(), machine.store().revision());
  EXPECT_GT(log.begin(), 0U);
  EXPECT_LE(log.memory_bytes(), 300'000U);
  ASSERT_EQ(follower.texts.size(), log.end());
  for (std::uint64_t revision = log.begin() + 1; revision <= log.end(); ++revision) {
    ASSERT_EQ(text_of(log.at(revision)), follower.texts[revision - 1]);
  }
  machine.store().set_listener(nullptr);
}

// Given a log, when revisions are jumped over, then it begins anew: it never has a gap.
TEST(ChangeLog, HasNoGap) {
  ChangeLog log(1 << 20);
  log.add({.revision = 1, .key = "a"});
  log.add({.revision = 2, .key = "b"});
  EXPECT_EQ(log.begin(), 0U);
  log.add({.revision = 9, .key = "c"});
  EXPECT_EQ(log.begin(), 8U);
  EXPECT_EQ(log.end(), 9U);
  EXPECT_EQ(log.at(9).key, "c");
  log.begin_at(20);
  EXPECT_EQ(log.begin(), 20U);
  EXPECT_EQ(log.end(), 20U);
  EXPECT_EQ(log.memory_bytes(), 0U);
}

// Given a change larger than all that may be kept, then it is kept alone.
TEST(ChangeLog, KeepsTheLastOneWhateverItsSize) {
  ChangeLog log(1'000);
  log.add({.revision = 1, .key = "a", .value = "small"});
  const std::string large(1'000'000, 'x');
  log.add({.revision = 2, .key = "b", .value = large, .old_value = large});
  EXPECT_EQ(log.begin(), 1U);
  EXPECT_EQ(log.at(2).old_value->size(), large.size());
  log.add({.revision = 3, .key = "c"});
  EXPECT_EQ(log.begin(), 2U);
}

}  // namespace
}  // namespace rabia::kv
