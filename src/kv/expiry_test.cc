// When keys expire: by the log's clock, at positions of the log.
#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "kv/operations_text.h"

namespace rabia::kv {
namespace {

// A machine whose time is the test's.
class ExpiryTest : public testing::Test {
 protected:
  void at(std::uint64_t time) { machine.begin_batch({.time = {time}}); }
  std::string ask(const std::string& command) { return run(machine, command); }
  [[nodiscard]] Deadline deadline_of(std::string_view key) const {
    return machine.store().find(key)->deadline;
  }
  StoreMachine machine;
};

// Given a lifetime, then it counts from the time of the batch; a key is gone for everyone, and
// removed, when the clock reaches its deadline, and not before.
TEST_F(ExpiryTest, AKeyIsGoneWhenTheClockReachesItsDeadline) {
  at(1'000);
  ask(set("in", "v", {.expiry = {Expiry::Kind::in, 500}}));
  ask(set("at", "v", {.expiry = {Expiry::Kind::at, 1'600}}));
  ask(set("stays", "v"));
  EXPECT_EQ(machine.wake_at(), LogTime{1'500});
  at(1'499);
  EXPECT_EQ(machine.store().get("in"), "v");
  const std::uint64_t revision = machine.store().revision();
  at(1'500);
  EXPECT_FALSE(machine.store().contains("in"));
  EXPECT_EQ(machine.store().size(), 2U);
  EXPECT_EQ(machine.store().revision(), revision + 1);
  EXPECT_EQ(machine.wake_at(), LogTime{1'600});
  at(1'400);  // A clock behind moves nothing back.
  EXPECT_EQ(machine.store().clock(), 1'500U);
  at(9'999);
  EXPECT_EQ(machine.store().size(), 1U);
  EXPECT_EQ(machine.wake_at(), std::nullopt);
}

// Given more due keys than a batch removes, then those that are left are gone for whoever looks or
// changes them, and are removed by the batches that follow.
TEST_F(ExpiryTest, ABatchRemovesSoManyAndTheRestIsGoneAllTheSame) {
  const std::uint64_t keys = StoreMachine::expired_by_a_batch + 500;
  for (std::uint64_t i = 0; i < keys; ++i) {
    ask(set("key:" + std::to_string(i), "old", {.expiry = {Expiry::Kind::in, 10}}));
  }
  at(10);
  EXPECT_EQ(machine.store().size(), 500U);
  EXPECT_EQ(machine.wake_at(), LogTime{10});  // At once.
  const Store& store = machine.store();
  int seen = 0;
  store.for_each([&](std::string_view, std::string_view) { ++seen; });
  store.scan(0, 10'000, [&](std::string_view, std::string_view) { ++seen; });
  EXPECT_EQ(seen, 0);
  for (std::uint64_t i = 0; i < keys; ++i) {
    const std::string key = "key:" + std::to_string(i);
    ASSERT_FALSE(store.contains(key));
    if (i % 3 == 0) {
      ASSERT_EQ(ask(append(key, "new")), "(integer) 3");
    }
    if (i % 3 == 1) {
      ASSERT_EQ(ask(set(key, "new", {.condition = SetCondition::if_present})), "(nil)");
    }
    if (i % 3 == 2) {
      ASSERT_EQ(ask(erase({key})), "(integer) 0");
    }
  }
  at(11);
  EXPECT_EQ(store.size(), (keys + 2) / 3);
  EXPECT_EQ(machine.wake_at(), std::nullopt);
  EXPECT_EQ(store.keys_with_deadline(), 0U);
}

// Given what changes values, then it keeps the deadline or ends it, as in Redis.
TEST_F(ExpiryTest, ChangesKeepOrEndADeadline) {
  const auto volatile_key = [&](std::string_view value) {
    ask(set("k", value, {.expiry = {Expiry::Kind::at, 100}}));
  };
  volatile_key("1");
  ask(increment("k", 1));
  ask(append("k", "0"));
  ask(set_range("k", 0, "3"));
  EXPECT_EQ(machine.store().get("k"), "30");
  EXPECT_EQ(deadline_of("k"), 100U);
  ask(set("k", "v", {.expiry = {Expiry::Kind::keep}}));
  EXPECT_EQ(deadline_of("k"), 100U);
  ask(set("k", "v"));
  EXPECT_EQ(deadline_of("k"), no_deadline);
  volatile_key("v");
  ask(set_many({{"k", "w"}}));
  EXPECT_EQ(deadline_of("k"), no_deadline);
  volatile_key("v");
  EXPECT_EQ(ask(rename("k", "other")), "OK");
  EXPECT_EQ(deadline_of("other"), 100U);
  EXPECT_EQ(ask(copy("other", "k")), "(integer) 1");
  EXPECT_EQ(deadline_of("k"), 100U);
  EXPECT_EQ(ask(persist("k")), "(integer) 1");
  EXPECT_EQ(ask(persist("k")), "(integer) 0");
  EXPECT_EQ(ask(get_and_expire("k", {Expiry::Kind::keep})), "\"v\"");
  EXPECT_EQ(deadline_of("k"), no_deadline);
  EXPECT_EQ(ask(get_and_expire("k", {Expiry::Kind::in, 7})), "\"v\"");
  EXPECT_EQ(deadline_of("k"), 7U);
}

// Given a deadline that is over when it is set, then the key is erased, and nothing is made.
TEST_F(ExpiryTest, ADeadlineThatIsOverErases) {
  at(1'000);
  ask(set("k", "v"));
  EXPECT_EQ(ask(expire("k", {Expiry::Kind::at, 1'000})), "(integer) 1");
  EXPECT_FALSE(machine.store().contains("k"));
  for (const Expiry over : {Expiry{Expiry::Kind::at, -5}, Expiry{Expiry::Kind::in, 0}}) {
    EXPECT_EQ(ask(set("k", "v", {.expiry = over})), "OK");
    EXPECT_EQ(ask(expire("none", over)), "(integer) 0");
    EXPECT_EQ(machine.store().size(), 0U);
  }
  ask(set("k", "v", {.expiry = {Expiry::Kind::in, std::numeric_limits<std::int64_t>::max()}}));
  EXPECT_GT(deadline_of("k"), 1ULL << 62);  // Later than any clock, not before all.
}

TEST_F(ExpiryTest, ConditionsDecide) {
  struct Condition {
    std::int64_t present;  // 0: none.
    std::int64_t next;
    ExpireConditions conditions;
    const char* answer;
  };
  const std::vector<Condition> cases = {
      {0, 5, {.if_none = true}, "1"},
      {9, 5, {.if_none = true}, "0"},
      {0, 5, {.if_any = true}, "0"},
      {9, 5, {.if_any = true}, "1"},
      {0, 5, {.if_greater = true}, "0"},
      {5, 5, {.if_greater = true}, "0"},
      {4, 5, {.if_greater = true}, "1"},
      {0, 5, {.if_less = true}, "1"},
      {5, 5, {.if_less = true}, "0"},
      {6, 5, {.if_less = true}, "1"},
      {0, 5, {.if_any = true, .if_less = true}, "0"},
  };
  for (const Condition& each : cases) {
    ask(set("k", "v"));
    if (each.present > 0) ask(expire("k", {Expiry::Kind::at, each.present}));
    EXPECT_EQ(ask(expire("k", {Expiry::Kind::at, each.next}, each.conditions)),
              std::string("(integer) ") + each.answer)
        << each.present << " to " << each.next;
    const bool changed = std::string_view(each.answer) == "1";
    EXPECT_EQ(deadline_of("k"), static_cast<Deadline>(changed ? each.next : each.present));
  }
}

// Given machines with equal states, one of them restored from a snapshot and both with many keys of
// equal deadlines, when time goes on, then they stay equal batch by batch.
TEST_F(ExpiryTest, ARestoredMachineExpiresInTheSameOrder) {
  base::Random random(5);
  for (int i = 0; i < 20'000; ++i) {
    const std::string key = "key:" + std::to_string(random.below(6'000));
    const auto deadline = static_cast<std::int64_t>(1 + random.below(20));
    if (random.chance(70)) ask(set(key, "v", {.expiry = {Expiry::Kind::at, deadline}}));
    if (random.chance(10)) ask(persist(key));
    if (random.chance(10)) ask(erase({key}));
  }
  StoreMachine other;
  {
    const auto reader = machine.begin_snapshot();
    const auto loader = other.begin_load();
    std::string piece;
    while (reader->read(1'000, piece)) {
      ASSERT_TRUE(loader->add(piece).ok());
      piece.clear();
    }
    ASSERT_TRUE(loader->finish().ok());
  }
  EXPECT_EQ(other.wake_at(), machine.wake_at());
  for (std::uint64_t time = 1; time < 30; ++time) {
    at(time);
    other.begin_batch({.time = {time}});
    ASSERT_EQ(other.digest(), machine.digest()) << time;
    ASSERT_EQ(other.wake_at(), machine.wake_at()) << time;
  }
}

TEST_F(ExpiryTest, RenamesAndCopies) {
  EXPECT_EQ(ask(rename("none", "k")), "(error) ERR no such key");
  ask(set_many({{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(ask(rename("a", "b", true)), "(integer) 0");
  EXPECT_EQ(ask(rename("a", "a", true)), "(integer) 0");
  EXPECT_EQ(ask(rename("a", "a")), "OK");
  EXPECT_EQ(ask(rename("a", "c", true)), "(integer) 1");
  EXPECT_EQ(ask(copy("c", "b")), "(integer) 0");
  EXPECT_EQ(ask(copy("c", "b", true)), "(integer) 1");
  EXPECT_EQ(ask(copy("none", "b", true)), "(integer) 0");
  EXPECT_EQ(ask(copy("c", "c", true)), "(integer) 0");
  EXPECT_EQ(machine.store().get("b"), "1");
  EXPECT_FALSE(machine.store().contains("a"));
}

}  // namespace
}  // namespace rabia::kv
