#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "kv/store.h"
#include "kv/test_hashes.h"

namespace rabia::kv {
namespace {

std::string key_of(std::uint64_t number) {
  return "key:" + std::to_string(number);
}

using Visits = std::map<std::string, int, std::less<>>;

class StoreScan : public testing::TestWithParam<NamedHash> {};
INSTANTIATE_TEST_SUITE_P(, StoreScan, testing::ValuesIn(test_hashes),
                         [](const auto& instance) { return std::string(instance.param.name); });

// Given a store, when scanned from 0 to 0, then every entry is visited once, with its value.
TEST_P(StoreScan, VisitsEveryEntryOnce) {
  Store store(GetParam().hash);
  for (std::uint64_t i = 0; i < 3'000; ++i) store.set(key_of(i), std::to_string(i));
  for (const std::uint64_t count : {1U, 10U, 1'000U, 1'000'000U}) {
    Visits visits;
    std::uint64_t cursor = 0;
    do {
      cursor = store.scan(cursor, count, [&visits](std::string_view key, std::string_view value) {
        EXPECT_EQ(key, "key:" + std::string(value));
        ++visits[std::string(key)];
      });
      ASSERT_LT(cursor, std::uint64_t{1} << 53);
    } while (cursor != 0);
    EXPECT_EQ(visits.size(), 3'000U);
    for (const auto& [key, times] : visits) EXPECT_EQ(times, 1) << key;
  }
}

// Given an iteration during which other keys come and go in great numbers (segments split and
// merge), when it ends, then every key that was there throughout was visited exactly once.
TEST_P(StoreScan, VisitsWhatIsThereThroughoutWhateverElseChanges) {
  constexpr std::uint64_t staying = 500;
  Store store(GetParam().hash);
  base::Random random(3);
  for (std::uint64_t i = 0; i < staying; ++i) store.set(key_of(i), "stays");

  for (const bool growing : {true, false, true, false}) {
    Visits visits;
    std::uint64_t passing = 0;  // The number of the next key that comes or goes.
    const auto change = [&] {
      if (growing) {
        store.set(key_of(staying + passing), std::string(random.below(50), 'p'));
      } else {
        store.erase(key_of(staying + passing));
      }
      ++passing;
    };
    std::uint64_t cursor = 0;
    do {
      cursor = store.scan(cursor, 20, [&visits](std::string_view key, std::string_view value) {
        if (value == "stays") ++visits[std::string(key)];
      });
      for (int i = 0; i < 100 && passing < 3'000; ++i) change();
    } while (cursor != 0);
    while (passing < 3'000) change();
    ASSERT_EQ(store.size(), staying + (growing ? 3'000 : 0));
    ASSERT_EQ(visits.size(), staying);
    for (const auto& [key, times] : visits) EXPECT_EQ(times, 1) << key;
  }
}

// Given a good hash, when scanned, then a call visits as many entries as asked for, but the last.
TEST(StoreScanCount, IsExactWithAGoodHash) {
  Store store;
  for (std::uint64_t i = 0; i < 5'000; ++i) store.set(key_of(i), "");
  std::uint64_t cursor = 0;
  std::uint64_t left = 5'000;
  do {
    std::uint64_t visited = 0;
    cursor = store.scan(cursor, 7, [&visited](std::string_view, std::string_view) { ++visited; });
    EXPECT_EQ(visited, std::min<std::uint64_t>(left, 7));
    left -= visited;
  } while (cursor != 0);
  EXPECT_EQ(left, 0U);
}

// Given two stores that came to the same contents on different ways, when one is scanned half and
// the other from there on, then together they give every key once: a client may change the replica.
TEST(StoreScanCursor, IsGoodAtAnotherReplica) {
  Store grown;
  for (std::uint64_t i = 0; i < 2'000; ++i) grown.set(key_of(i), "");
  Store shrunk;
  for (std::uint64_t i = 0; i < 50'000; ++i) shrunk.set(key_of(i), "");
  for (std::uint64_t i = 2'000; i < 50'000; ++i) shrunk.erase(key_of(i));
  std::multiset<std::string> keys;
  const auto visit = [&keys](std::string_view key, std::string_view) { keys.emplace(key); };
  std::uint64_t cursor = grown.scan(0, 1'000, visit);
  ASSERT_NE(cursor, 0U);
  while (cursor != 0) cursor = shrunk.scan(cursor, 1'000, visit);
  EXPECT_EQ(keys.size(), 2'000U);
  EXPECT_EQ(std::set<std::string>(keys.begin(), keys.end()).size(), 2'000U);
}

// Given numbers that no scan has returned, when used as cursors, then the scan starts somewhere or
// ends; nothing worse.
TEST(StoreScanCursor, MayBeAnyNumber) {
  Store store;
  for (std::uint64_t i = 0; i < 2'000; ++i) store.set(key_of(i), "");
  base::Random random(5);
  for (int round = 0; round < 1'000; ++round) {
    const std::uint64_t cursor = random.next() >> random.below(64);
    const std::uint64_t next = store.scan(cursor, random.below(20), [](auto, auto) {});
    EXPECT_TRUE(next == 0 || next > cursor);
  }
  EXPECT_EQ(store.scan(~std::uint64_t{0}, 10, [](auto, auto) { ADD_FAILURE(); }), 0U);
}

}  // namespace
}  // namespace rabia::kv
