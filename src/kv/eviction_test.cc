// Limits of the store: what is refused, what goes instead, and that all replicas agree on it.
#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "kv/operations_text.h"

namespace rabia::kv {
namespace {

constexpr std::string_view memory_error =
    "(error) OOM command not allowed when used memory > 'maxmemory'.";
constexpr std::string_view entries_error =
    "(error) OOM command not allowed when it adds keys beyond 'max-entries'.";

std::string snapshot_of(StoreMachine& machine) {
  const auto reader = machine.begin_snapshot();
  std::string state;
  while (reader->read(1 << 20, state)) {
  }
  return state;
}

Status load(StoreMachine& machine, std::string_view state) {
  const auto loader = machine.begin_load();
  Status status = loader->add(state);
  return status.ok() ? loader->finish() : status;
}

// A machine whose time is the test's.
class EvictionTest : public testing::Test {
 protected:
  EvictionTest() { at(1'000'000); }
  void at(std::uint64_t time) { machine.begin_batch({.time = {time}}); }
  std::string ask(const std::string& command) { return run(machine, command); }
  void limit_to(LimitField field, std::uint64_t value) {
    ASSERT_EQ(ask(set_limits({{field, value}})), "OK");
  }
  void limit_to(EvictionPolicy policy) {
    limit_to(LimitField::policy, static_cast<std::uint64_t>(policy));
  }
  [[nodiscard]] bool has(std::string_view key) const { return machine.store().contains(key); }
  [[nodiscard]] const Store& store() const { return machine.store(); }
  static std::string key(std::uint64_t i) { return "key:" + std::to_string(i); }
  // Sets keys [from, to), with a value of 100 bytes and a deadline in an hour if asked.
  void fill(std::uint64_t from, std::uint64_t to, bool expiring = false) {
    const SetOptions options{.expiry = expiring ? Expiry{Expiry::Kind::in, 3'600'000} : Expiry{}};
    for (std::uint64_t i = from; i < to; ++i) ask(set(key(i), std::string(100, 'v'), options));
  }
  StoreMachine machine;
};

// Given noeviction, when the memory is over its limit, then what may add data is refused as in
// Redis and changes nothing, and the rest works: deleting makes room again.
TEST_F(EvictionTest, NoevictionRefusesWhatMayAddDataAndNothingElse) {
  fill(0, 100);
  limit_to(LimitField::max_memory_bytes, 1'000);
  const StateDigest before = machine.digest();
  EXPECT_EQ(ask(set("new", "v")), memory_error);
  EXPECT_EQ(ask(set(key(1), "v")), memory_error);
  EXPECT_EQ(ask(append(key(1), "v")), memory_error);
  EXPECT_EQ(ask(increment("n", 1)), memory_error);
  EXPECT_EQ(ask(increment_float("n", "1")), memory_error);
  EXPECT_EQ(ask(set_range(key(1), 0, "v")), memory_error);
  EXPECT_EQ(ask(set_many({{"a", "1"}})), memory_error);
  EXPECT_EQ(ask(set_many({{"a", "1"}}, true)), memory_error);
  EXPECT_EQ(ask(copy(key(1), "a", false)), memory_error);
  EXPECT_EQ(machine.digest(), before);
  EXPECT_EQ(machine.wake_at(), std::nullopt);
  EXPECT_EQ(ask(rename(key(1), "a", false)), "OK");
  EXPECT_EQ(ask(expire(key(2), {Expiry::Kind::in, 1'000})), "(integer) 1");
  EXPECT_EQ(ask(get_and_erase(key(3))), "\"" + std::string(100, 'v') + "\"");
  EXPECT_EQ(ask(clear()), "OK");
  limit_to(LimitField::max_memory_bytes, 100'000);
  EXPECT_EQ(ask(set("new", "v")), "OK");
}

// Given max_entries and noeviction, then never more keys are there, and those that are there can be
// written.
TEST_F(EvictionTest, NeverMoreKeysThanMaxEntries) {
  limit_to(LimitField::max_entries, 3);
  EXPECT_EQ(ask(set_many({{"a", "1"}, {"b", "2"}})), "OK");
  EXPECT_EQ(ask(set_many({{"b", "1"}, {"c", "2"}, {"d", "3"}})), entries_error);
  EXPECT_EQ(ask(set_many({{"b", "1"}, {"c", "2"}})), "OK");
  EXPECT_EQ(ask(set("d", "4")), entries_error);
  EXPECT_EQ(ask(increment("d", 1)), entries_error);
  EXPECT_EQ(ask(copy("a", "d", false)), entries_error);
  EXPECT_EQ(ask(increment("a", 1)), "(integer) 2");
  EXPECT_EQ(ask(append("a", "x")), "(integer) 2");
  EXPECT_EQ(ask(rename("a", "d", false)), "OK");
  EXPECT_EQ(ask(erase({"b"})), "(integer) 1");
  EXPECT_EQ(ask(set("e", "5")), "OK");
  EXPECT_EQ(store().size(), 3U);
}

// Given a policy that evicts any key, then each new key takes the place of another, and a command
// that alone has more keys than there may be is refused before anything goes.
TEST_F(EvictionTest, WithAnEvictingPolicyNewKeysTakeThePlaceOfOthers) {
  limit_to(LimitField::max_entries, 50);
  limit_to(EvictionPolicy::allkeys_random);
  fill(0, 500);
  EXPECT_EQ(store().size(), 50U);
  EXPECT_EQ(store().keys_evicted(), 450U);
  EXPECT_TRUE(has(key(499)));
  std::vector<std::string> names;
  for (std::uint64_t i = 0; i < 51; ++i) names.push_back(key(1'000 + i));
  std::vector<KeyValue> pairs;
  for (const std::string& name : names) pairs.push_back({name, "v"});
  EXPECT_EQ(ask(set_many(pairs)), entries_error);
  EXPECT_EQ(store().keys_evicted(), 450U);
  pairs.pop_back();
  EXPECT_EQ(ask(set_many(pairs)), "OK");
  EXPECT_EQ(store().size(), 50U);
  EXPECT_TRUE(has(names.front()));
}

// Given the same key many times in one command, then it counts once.
TEST_F(EvictionTest, AKeyThatIsNamedTwiceIsOne) {
  limit_to(LimitField::max_entries, 1);
  EXPECT_EQ(ask(set_many({{"a", "1"}, {"a", "2"}})), "OK");
  EXPECT_EQ(store().get("a"), "2");
  EXPECT_EQ(ask(set_many({{"a", "1"}, {"b", "2"}, {"b", "3"}})), entries_error);
}

// Given keys that are due and not removed yet, when there is no room, then they go, and nothing
// that lives.
TEST_F(EvictionTest, WhatIsDueGoesBeforeWhatLives) {
  for (const EvictionPolicy policy : {EvictionPolicy::noeviction, EvictionPolicy::allkeys_random}) {
    limit_to(LimitField::max_entries, 0);
    limit_to(policy);
    ask(clear());
    fill(0, 5'000, true);
    for (int i = 0; i < 100; ++i) ask(set("alive" + std::to_string(i), "v"));
    at(store().clock() + 3'600'000);
    limit_to(LimitField::max_entries, 200);
    for (int i = 0; i < 90; ++i) EXPECT_EQ(ask(set("new" + std::to_string(i), "v")), "OK");
    while (machine.wake_at()) at(store().clock());
    EXPECT_EQ(store().size(), 190U);
  }
}

// Given a policy for which many keys must be looked at, then a batch evicts fewer, and a command
// that adds many is executed at once: what is too much goes with the batches.
TEST_F(EvictionTest, NoCommandAndNoBatchTakesLong) {
  fill(0, 20'000, true);
  limit_to(EvictionPolicy::volatile_lru);
  limit_to(LimitField::samples, Limits::samples_max);
  limit_to(LimitField::max_entries, 20'000);
  std::vector<std::string> names;
  for (std::uint64_t i = 0; i < 1'000; ++i) names.push_back(key(50'000 + i));
  std::vector<KeyValue> pairs;
  for (const std::string& name : names) pairs.push_back({name, "v"});
  EXPECT_EQ(ask(set_many(pairs)), "OK");
  EXPECT_EQ(store().size(), 21'000U - 4);
  at(store().clock());
  EXPECT_EQ(store().size(), 21'000U - 4 - 20);
}

// Given a limit of memory, then the account stays below it but for what one command adds.
TEST_F(EvictionTest, TheAccountStaysBelowItsLimit) {
  constexpr std::uint64_t most = 1 << 20;
  limit_to(LimitField::max_memory_bytes, most);
  limit_to(EvictionPolicy::allkeys_lru);
  base::Random random(7);
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    ask(set(key(i), std::string(random.below(2'000), 'v')));
    ASSERT_LT(machine.store().account_bytes(), most + 4'096);
  }
  EXPECT_GT(machine.store().account_bytes(), most / 10 * 9);
}

// Given a limit that is lowered far below what there is, then batches bring the store down to it,
// also when nobody writes, and commands are executed meanwhile.
TEST_F(EvictionTest, WhatIsTooMuchGoesWithTheBatches) {
  fill(0, 5'000);
  limit_to(EvictionPolicy::allkeys_random);
  EXPECT_EQ(machine.wake_at(), std::nullopt);
  limit_to(LimitField::max_entries, 100);
  EXPECT_EQ(machine.wake_at(), LogTime{0});
  EXPECT_EQ(ask(set("new", "v")), "OK");
  int batches = 0;
  for (; machine.wake_at(); ++batches) at(1'000'000);
  EXPECT_EQ(batches, 5);
  EXPECT_EQ(store().size(), 100U);
}

// Given LRU, when keys are used in an order, then those used last stay: by writes, and by touches
// (which change no revision).
TEST_F(EvictionTest, LruKeepsWhatWasUsedLast) {
  limit_to(EvictionPolicy::allkeys_lru);
  limit_to(LimitField::samples, Limits::samples_max);
  fill(0, 60);
  std::vector<std::string> used;
  for (std::uint64_t i = 0; i < 60; i += 3) used.push_back(key(i));
  at(1'001'000);
  const std::uint64_t revision = store().revision();
  EXPECT_EQ(ask(touch(used)), "(integer) 20");
  EXPECT_EQ(store().revision(), revision);
  at(1'002'000);
  limit_to(LimitField::max_entries, 20);
  at(1'003'000);
  EXPECT_EQ(store().size(), 20U);
  for (const std::string& each : used) EXPECT_TRUE(has(each)) << each;
}

// Given keys of which nobody knows a use, since the policy came later, then they go first, those
// that were changed first before the others.
TEST_F(EvictionTest, KeysWhoseUseWasNotNotedGoFirst) {
  fill(0, 30);
  limit_to(EvictionPolicy::allkeys_lru);
  limit_to(LimitField::samples, Limits::samples_max);
  fill(30, 40);
  limit_to(LimitField::max_entries, 20);
  at(1'000'001);
  for (std::uint64_t i = 0; i < 40; ++i) EXPECT_EQ(has(key(i)), i >= 20) << i;
}

// Given LFU, then keys that were used often stay although others were used later, until their fame
// is old.
TEST_F(EvictionTest, LfuKeepsWhatIsUsedOften) {
  limit_to(EvictionPolicy::allkeys_lfu);
  limit_to(LimitField::samples, Limits::samples_max);
  fill(0, 40);
  std::vector<std::string> often;
  for (std::uint64_t i = 0; i < 10; ++i) often.push_back(key(i));
  for (int times = 0; times < 20; ++times) ask(touch(often));
  at(1'060'000);
  fill(40, 50);
  limit_to(LimitField::max_entries, 10);
  at(1'060'001);
  for (const std::string& each : often) EXPECT_TRUE(has(each)) << each;

  limit_to(LimitField::max_entries, 20);
  fill(50, 60);
  at(1'060'000 + 40 * 60'000);
  std::vector<std::string> fresh;
  for (std::uint64_t i = 50; i < 60; ++i) fresh.push_back(key(i));
  for (int times = 0; times < 3; ++times) ask(touch(fresh));
  limit_to(LimitField::max_entries, 10);
  at(1'060'001 + 40 * 60'000);
  for (const std::string& each : fresh) EXPECT_TRUE(has(each)) << each;
}

// Given a policy for keys with a deadline, then no other goes, however few have one; and when none
// is left, writes are refused.
TEST_F(EvictionTest, VolatilePoliciesTakeOnlyKeysWithADeadline) {
  for (const EvictionPolicy policy :
       {EvictionPolicy::volatile_lru, EvictionPolicy::volatile_lfu, EvictionPolicy::volatile_random,
        EvictionPolicy::volatile_ttl}) {
    limit_to(LimitField::max_entries, 0);
    ask(clear());
    limit_to(policy);
    fill(0, 1'000);
    fill(2'000, 2'010, true);
    limit_to(LimitField::max_entries, 1'000);
    at(1'000'001);
    EXPECT_EQ(store().size(), 1'000U);
    EXPECT_EQ(store().keys_with_deadline(), 0U);
    EXPECT_EQ(ask(set("new", "v")), entries_error);
    EXPECT_EQ(machine.wake_at(), std::nullopt);
  }
}

TEST_F(EvictionTest, VolatileTtlTakesWhatExpiresNext) {
  limit_to(EvictionPolicy::volatile_ttl);
  for (std::uint64_t i = 0; i < 20; ++i) {
    ask(set(key(i), "v", {.expiry = {Expiry::Kind::in, static_cast<std::int64_t>(5'000 - i)}}));
  }
  limit_to(LimitField::max_entries, 5);
  at(1'000'001);
  for (std::uint64_t i = 0; i < 20; ++i) EXPECT_EQ(has(key(i)), i < 5) << i;
}

// Given a transaction, then it is judged once, as a whole, by all keys that it would add: refused
// it changes nothing.
TEST_F(EvictionTest, ATransactionIsJudgedAsAWhole) {
  limit_to(LimitField::max_entries, 2);
  EXPECT_EQ(ask(transaction({{false, set("a", "1")}, {false, set_many({{"b", "2"}, {"a", "2"}})}})),
            "[OK, OK]");
  const StateDigest before = machine.digest();
  EXPECT_EQ(ask(transaction({{false, set("a", "3")}, {false, copy("b", "c")}})),
            "(error) EXECABORT Transaction discarded because of: " +
                std::string(entries_error.substr(8)));
  EXPECT_EQ(machine.digest(), before);
  EXPECT_EQ(ask(transaction({{false, set("a", "5")}, {false, increment("b", 1)}})),
            "[OK, (integer) 3]");
  EXPECT_EQ(ask(transaction({{false, erase({"b"})}})), "[(integer) 1]");
  ask(set("b", "2"));
  limit_to(EvictionPolicy::allkeys_random);
  EXPECT_EQ(ask(transaction({{false, set("d", "4")}, {false, set("e", "5")}})), "[OK, OK]");
  EXPECT_EQ(store().size(), 2U);
  EXPECT_TRUE(has("d") && has("e"));
}

// Given a transaction that depends on a key, when making room for it evicts that key, then it is
// not executed. (Found by the simulator: seed 62.)
TEST_F(EvictionTest, RoomIsMadeBeforeATransactionsConditionsAreChecked) {
  ask(set("watched", std::string(100, 'v')));
  const std::uint64_t revision = store().find("watched")->revision;
  limit_to(EvictionPolicy::allkeys_random);
  limit_to(LimitField::max_memory_bytes, machine.store().account_bytes() - 1);
  EXPECT_EQ(ask(transaction({{false, set("watched", "w")}}, {{"watched", revision}})), "(nil)");
}

// Given a command with a name, when it is refused for want of room, then it may be sent again under
// that name.
TEST_F(EvictionTest, ARefusedOnceMayBeSentAgain) {
  limit_to(LimitField::max_entries, 1);
  ask(set("a", "1"));
  EXPECT_EQ(ask(once("s", 1, set("b", "2"))), entries_error);
  ask(erase({"a"}));
  EXPECT_EQ(ask(once("s", 1, increment("b", 1))), "(integer) 1");
  EXPECT_EQ(ask(once("s", 1, increment("b", 1))), "(integer) 1");
}

// Given key_expiration_enabled = no, then nothing expires and deadlines are kept; when it is set
// again, what is due goes.
TEST_F(EvictionTest, NothingExpiresWhileExpirationIsOff) {
  limit_to(LimitField::key_expiration_enabled, 0);
  ask(set("a", "1", {.expiry = {Expiry::Kind::in, 10}}));
  for (const std::int64_t long_ago : {std::int64_t{-5}, std::int64_t{0}, std::int64_t{7}}) {
    ask(set("past", "1", {.expiry = {Expiry::Kind::at, long_ago}}));
    EXPECT_TRUE(has("past"));
    EXPECT_EQ(store().find("past")->deadline,
              static_cast<Deadline>(std::max(long_ago, std::int64_t{1})));
  }
  ask(erase({"past"}));
  EXPECT_EQ(machine.wake_at(), std::nullopt);
  at(2'000'000);
  EXPECT_TRUE(has("a"));
  EXPECT_EQ(store().find("a")->deadline, 1'000'010U);
  limit_to(LimitField::key_expiration_enabled, 1);
  EXPECT_FALSE(has("a"));
  EXPECT_EQ(machine.wake_at(), LogTime{1'000'010});
  at(2'000'001);
  EXPECT_EQ(store().size(), 0U);
}

// Given limits that nobody set, then a start may give them; later ones give way.
TEST_F(EvictionTest, OnlyTheFirstStartGivesALimit) {
  EXPECT_EQ(ask(set_limits({{LimitField::max_entries, 5}}, true)), "OK");
  EXPECT_EQ(ask(set_limits({{LimitField::max_entries, 6}, {LimitField::samples, 3}}, true)), "OK");
  EXPECT_EQ(machine.limits().limits().max_entries, 5U);
  EXPECT_EQ(machine.limits().limits().samples, 3U);
  limit_to(LimitField::max_entries, 7);
  EXPECT_EQ(machine.limits().limits().max_entries, 7U);
}

// Given values out of range or bytes that are no command, then nothing is changed.
TEST_F(EvictionTest, ValuesOutOfRangeAreRefused) {
  const StateDigest before = machine.digest();
  EXPECT_EQ(ask(set_limits({{LimitField::max_entries, 5}, {LimitField::policy, 8}})),
            "(error) ERR a limit is out of its range");
  EXPECT_EQ(ask(set_limits({{LimitField::samples, 0}})), "(error) ERR a limit is out of its range");
  EXPECT_EQ(ask(set_limits({{static_cast<LimitField>(5), 0}})),
            "(error) ERR a limit is out of its range");
  for (const std::string_view malformed :
       {std::string_view("\x13\x00\x02\x00", 4), std::string_view("\x13\x02\x00", 3),
        std::string_view("\x13\x00\x00x", 4), std::string_view("\x14\x02\x01k", 4),
        std::string_view("\x14\x00x", 3)}) {
    EXPECT_EQ(ask(std::string(malformed)), "(error) ERR malformed command");
  }
  EXPECT_EQ(machine.digest(), before);
}

// Given a clock beyond all others, then a use fits into the state all the same. (Found by a
// fuzzer.)
TEST_F(EvictionTest, AUseFitsWhateverTheClockSays) {
  limit_to(EvictionPolicy::allkeys_lfu);
  at(~std::uint64_t{0} - 1);
  ask(set("a", "1"));
  ask(touch({"a"}));
  StoreMachine restored;
  ASSERT_TRUE(load(restored, snapshot_of(machine)).ok());
  EXPECT_EQ(restored.digest(), machine.digest());
}

// Golden: replicas of different builds must count the same memory, or they would not evict the
// same. docs/formats/store-state.md.
TEST(Account, IsThatOfTheDocument) {
  constexpr std::uint64_t table = 5'656;
  const auto account_of = [](std::uint64_t key, std::uint64_t value, Deadline deadline,
                             UseTracking tracking) {
    Store store;
    store.advance_clock(1);
    store.track_uses(tracking);
    store.set(std::string(key, 'k'), std::string(value, 'v'), deadline);
    return store.account_bytes() - table;
  };
  EXPECT_EQ(Store().account_bytes(), table);
  EXPECT_EQ(account_of(1, 1, 0, UseTracking::none), 24U);
  EXPECT_EQ(account_of(16, 64, 0, UseTracking::none), 96U);
  EXPECT_EQ(account_of(16, 64, 9, UseTracking::none), 104U + 22);
  EXPECT_EQ(account_of(16, 64, 9, UseTracking::time), 112U + 22);
  EXPECT_EQ(account_of(16, 225, 0, UseTracking::none), 288U);
  EXPECT_EQ(account_of(16, 6'112, 0, UseTracking::frequency), 6'144U + 16);
  EXPECT_EQ(account_of(16, 1'000'000, 0, UseTracking::none), 1'000'048U);
  Store grown;
  grown.append("key", std::string(100, 'v'));
  grown.append("key", std::string(100, 'v'));
  EXPECT_EQ(grown.account_bytes() - table, 16U + 224);
  Store many;
  for (int i = 0; i < 415; ++i) {
    EXPECT_EQ(many.account_bytes(), table + 24U * static_cast<std::uint64_t>(i));
    many.set(std::to_string(1'000 + i), "");
  }
  EXPECT_EQ(many.account_bytes(), 2 * table + 24U * 415);
}

// Golden, for the same reason: which of the keys k0 to k99 goes first.
TEST(Account, TheFirstVictimsAreAlwaysTheSame) {
  const auto victims_of = [](EvictionPolicy policy) {
    StoreMachine machine;
    std::uint64_t now = 1'000;
    run(machine, set_limits({{LimitField::policy, static_cast<std::uint64_t>(policy)}}));
    for (int i = 0; i < 100; ++i) {
      machine.begin_batch({.time = {now += 10}});
      run(machine, set("k" + std::to_string(i), "v", {.expiry = {Expiry::Kind::in, 100'000 - i}}));
    }
    run(machine, touch({"k1", "k2", "k50"}));
    run(machine, set_limits({{LimitField::max_entries, 97}}));
    machine.begin_batch({.time = {now}});
    std::string gone;
    for (int i = 0; i < 100; ++i) {
      const std::string name = "k" + std::to_string(i);
      if (!machine.store().contains(name)) gone += (gone.empty() ? "" : " ") + name;
    }
    return gone;
  };
  EXPECT_EQ(victims_of(EvictionPolicy::allkeys_lru), "k0 k24 k25");
  EXPECT_EQ(victims_of(EvictionPolicy::allkeys_lfu), "k0 k24 k25");
  EXPECT_EQ(victims_of(EvictionPolicy::allkeys_random), "k24 k38 k53");
  EXPECT_EQ(victims_of(EvictionPolicy::volatile_lru), "k0 k24 k25");
  EXPECT_EQ(victims_of(EvictionPolicy::volatile_ttl), "k0 k1 k2");
}

class Policies : public testing::TestWithParam<EvictionPolicy> {};

// Given any policy and random commands, when another replica takes the state over by a snapshot in
// between, then it evicts the same keys from there on: the digests stay equal.
TEST_P(Policies, AReplicaThatWasRestoredEvictsTheSame) {
  base::Random random(static_cast<std::uint64_t>(GetParam()) + 1);
  StoreMachine first;
  StoreMachine second;
  std::uint64_t time = 1'000'000;
  const auto draw = [&] {
    const std::string name = "key:" + std::to_string(random.below(3'000));
    switch (random.below(8)) {
      case 0:
        return append(name, std::string(random.below(300), 'a'), 5'000);
      case 1:
        return set_range(name, random.below(600), std::string(random.below(300), 'r'), 5'000);
      case 2:
        return erase({name});
      case 3:
        return touch({name, "key:1", "key:2"});
      case 4:
        return expire(name, {Expiry::Kind::in, static_cast<std::int64_t>(random.below(60'000))});
      case 5:
        return rename(name, "key:" + std::to_string(random.below(3'000)), false);
      default:
        return set(
            name, std::string(random.below(400), 's'),
            {.expiry = {random.chance(50) ? Expiry::Kind::in : Expiry::Kind::never, 90'000}});
    }
  };
  const auto both = [&](const std::string& command) {
    time += random.below(200);
    for (StoreMachine* machine : {&first, &second}) {
      machine->begin_batch({.time = {time}});
      machine->apply({}, command, nullptr);
    }
  };
  both(set_limits({{LimitField::policy, static_cast<std::uint64_t>(GetParam())},
                   {LimitField::max_memory_bytes, 300'000}}));
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 5'000; ++i) both(draw());
    ASSERT_EQ(first.digest(), second.digest()) << round;
    ASSERT_EQ(first.store().account_bytes(), second.store().account_bytes());
    const std::string state = snapshot_of(first);
    ASSERT_TRUE(load(second, state).ok());
    ASSERT_EQ(first.digest(), second.digest());
    ASSERT_EQ(first.store().account_bytes(), second.store().account_bytes());
    ASSERT_EQ(snapshot_of(second), state);
  }
  EXPECT_GT(first.store().keys_evicted(), 100U);
}

INSTANTIATE_TEST_SUITE_P(All, Policies,
                         testing::Values(EvictionPolicy::allkeys_lru, EvictionPolicy::allkeys_lfu,
                                         EvictionPolicy::allkeys_random,
                                         EvictionPolicy::volatile_lru, EvictionPolicy::volatile_lfu,
                                         EvictionPolicy::volatile_random,
                                         EvictionPolicy::volatile_ttl),
                         [](const auto& policy) {
                           std::string name(
                               eviction_policy_names[static_cast<std::size_t>(policy.param)]);
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace rabia::kv
