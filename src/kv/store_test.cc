#include "kv/store.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <map>
#include <string>

#include "base/random.h"
#include "kv/block_pool.h"
#include "kv/entry.h"
#include "kv/test_hashes.h"

namespace rabia::kv {
namespace {

using Model = std::map<std::string, std::string, std::less<>>;

std::string key_of(std::uint64_t number) {
  return "key:" + std::to_string(number);
}

std::string random_bytes(base::Random& random, std::uint64_t size_max) {
  std::string bytes(random.below(size_max + 1), '\0');
  for (char& byte : bytes) byte = static_cast<char>(random.next());
  return bytes;
}

void expect_equal(const Store& store, const Model& model) {
  ASSERT_EQ(store.size(), model.size());
  Model seen;
  store.for_each([&seen](std::string_view key, std::string_view value) {
    EXPECT_TRUE(seen.emplace(key, value).second) << "visited twice: " << key;
  });
  ASSERT_EQ(seen, model);
  for (const auto& [key, value] : model) ASSERT_EQ(store.get(key), value);
}

// One random change to both, and what it answers compared.
void change_both(Store& store, Model& model, base::Random& random, std::uint64_t keys) {
  const std::string key = key_of(random.below(keys));
  const bool existed = model.contains(key);
  const std::uint64_t kind = random.below(100);
  if (kind < 45) {
    const std::string value = random_bytes(random, 80);
    ASSERT_EQ(store.set(key, value), !existed);
    model[key] = value;
  } else if (kind < 80) {
    ASSERT_EQ(store.erase(key), existed);
    model.erase(key);
  } else if (kind < 90) {
    const std::string bytes = random_bytes(random, 40);
    model[key] += bytes;
    ASSERT_EQ(store.append(key, bytes), model[key].size());
  } else {
    const std::string bytes = random_bytes(random, 20);
    const std::uint64_t offset = random.below(60);
    std::string& value = model[key];
    if (value.size() < offset + bytes.size()) value.resize(offset + bytes.size());
    value.replace(offset, bytes.size(), bytes);
    ASSERT_EQ(store.set_range(key, offset, bytes), value.size());
  }
  ASSERT_EQ(store.contains(key), model.contains(key));
}

class StoreWithHash : public testing::TestWithParam<NamedHash> {};
INSTANTIATE_TEST_SUITE_P(, StoreWithHash, testing::ValuesIn(test_hashes),
                         [](const auto& instance) { return std::string(instance.param.name); });

// Given random changes to few keys (often found) and to many keys (the table grows and shrinks),
// when made to a store and to a std::map, then all answers and the contents are equal.
TEST_P(StoreWithHash, BehavesLikeAMap) {
  for (const std::uint64_t keys : {50U, 3'000U}) {
    Store store(GetParam().hash);
    Model model;
    base::Random random(keys);
    for (int step = 0; step < 20'000; ++step) {
      ASSERT_NO_FATAL_FAILURE(change_both(store, model, random, keys));
      if (step % 4'000 == 0) {
        ASSERT_NO_FATAL_FAILURE(expect_equal(store, model));
      }
      if (random.below(5'000) == 0) {
        store.clear();
        model.clear();
      }
    }
    expect_equal(store, model);
  }
}

// Given many more keys than one segment holds, when all are inserted and all are erased in another
// order, then each is found until it is erased, and the table's memory has come back.
TEST_P(StoreWithHash, GrowsAndShrinksWithItsKeys) {
  constexpr std::uint64_t keys = 4'000;
  Store store(GetParam().hash);
  const std::uint64_t empty_bytes = store.memory_bytes();
  for (std::uint64_t i = 0; i < keys; ++i) ASSERT_TRUE(store.set(key_of(i), "v"));
  ASSERT_EQ(store.size(), keys);
  for (std::uint64_t i = 0; i < keys; ++i) {
    const std::string key = key_of(i * 1'999 % keys);  // 1999 and 4000 share no factor.
    ASSERT_EQ(store.get(key), "v");
    ASSERT_TRUE(store.erase(key));
    ASSERT_FALSE(store.contains(key));
  }
  EXPECT_EQ(store.size(), 0U);
  // What may stay: the directory, and for colliding keys some enlarged or empty segments.
  EXPECT_LT(store.memory_bytes(), empty_bytes + 200'000);
}

TEST(Store, FindsNothingWhenEmpty) {
  Store store;
  EXPECT_EQ(store.size(), 0U);
  EXPECT_EQ(store.get("a"), std::nullopt);
  EXPECT_FALSE(store.erase("a"));
  EXPECT_EQ(store.random_key(1), std::nullopt);
  EXPECT_FALSE(store.reclaim(1));
}

TEST(Store, TakesAnyBytesAsKeyAndValue) {
  Store store;
  const std::string zeros(3, '\0');
  EXPECT_TRUE(store.set("", "empty key"));
  EXPECT_TRUE(store.set(zeros, ""));
  EXPECT_TRUE(store.set(std::string(100'000, 'k'), std::string(200'000, 'v')));
  EXPECT_EQ(store.get(""), "empty key");
  EXPECT_EQ(store.get(zeros), "");
  EXPECT_EQ(store.get(std::string(2, '\0')), std::nullopt);
  EXPECT_EQ(store.get(std::string(100'000, 'k')), std::string(200'000, 'v'));
}

// Given 100,000 keys, when they are erased, then all but the directory and a few segments comes
// back.
TEST(Store, GivesMemoryBackWhenKeysAreErased) {
  Store store;
  for (std::uint64_t i = 0; i < 100'000; ++i) store.set(key_of(i), "value");
  const std::uint64_t full_bytes = store.memory_bytes();
  for (std::uint64_t i = 0; i < 100'000; ++i) store.erase(key_of(i));
  EXPECT_LT(store.memory_bytes(), full_bytes / 100);
}

void expect_within_a_tenth(std::uint64_t estimate, std::uint64_t truth) {
  EXPECT_LE(estimate, truth + truth / 10);
  EXPECT_GE(estimate, truth - truth / 10);
}

// What malloc has given out in this process; always the same under a sanitizer.
std::uint64_t allocated_bytes() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

// Given keys of 16 and values of 64 bytes, when a million are stored, then each takes at most 126
// bytes, table included, and the store's own account is near what malloc has given out.
TEST(Store, KeepsAMillionSmallKeysInLittleMemory) {
  constexpr std::uint64_t keys = 1'000'000;
  const std::string value(64, 'v');
  const std::uint64_t before = allocated_bytes();
  Store store;
  for (std::uint64_t i = 0; i < keys; ++i) {
    store.set(std::to_string(1'000'000'000'000'000 + i), value);
  }
  const std::uint64_t allocated = allocated_bytes() - before;
  EXPECT_EQ(store.size(), keys);
  EXPECT_LE(store.memory_bytes(), 126 * keys);
  if (allocated == 0) return;  // A sanitizer's allocator, which does not count.
  EXPECT_LE(allocated, 126 * keys);
  expect_within_a_tenth(store.memory_bytes(), allocated);
}

// Given large entries, of all sizes, some grown by appending, when asked for its memory, then the
// store's answer is near the sum of what malloc says is usable of their blocks.
TEST(Store, AccountsForLargeEntries) {
  Store store;
  base::Random random(1);
  for (std::uint64_t i = 0; i < 1'000; ++i) {
    store.set(key_of(i), std::string(BlockPool::small_bytes_max + random.below(30'000), 'v'));
    if (i % 2 == 0) store.append(key_of(i), random_bytes(random, 2'000));
    if (i % 5 == 0) store.erase(key_of(random.below(i + 1)));
  }
  std::uint64_t usable = 0;
  store.for_each([&usable](std::string_view key, std::string_view) {
    usable += malloc_usable_size(const_cast<char*>(key.data()) - sizeof(Entry));
  });
  expect_within_a_tenth(store.memory_bytes(), usable);
}

// Given a store with entries, when cleared, then it is empty and usable at once, and its memory
// comes back as reclaim() is called, so many entries at a time.
TEST(Store, ClearsAtOnceAndFreesLater) {
  Store store;
  for (std::uint64_t i = 0; i < 10'000; ++i) store.set(key_of(i), "old");
  const std::uint64_t full_bytes = store.memory_bytes();
  store.clear();
  EXPECT_EQ(store.size(), 0U);
  EXPECT_EQ(store.get(key_of(1)), std::nullopt);
  EXPECT_GE(store.memory_bytes(), full_bytes);

  EXPECT_TRUE(store.set(key_of(1), "new"));
  EXPECT_TRUE(store.reclaim(5'000));
  EXPECT_LT(store.memory_bytes(), full_bytes * 2 / 3);
  EXPECT_FALSE(store.reclaim(10'000));
  EXPECT_EQ(store.get(key_of(1)), "new");
  EXPECT_EQ(store.size(), 1U);
  EXPECT_LT(store.memory_bytes(), full_bytes / 50);
}

// Given a cleared store, when only changes follow, then they free all that was cleared.
TEST(Store, FreesWhatWasClearedWhileItChanges) {
  Store store;
  for (std::uint64_t i = 0; i < 10'000; ++i) store.set(key_of(i), "old");
  store.clear();
  for (std::uint64_t i = 0; i < 1'000; ++i) store.set(key_of(1), "new");
  EXPECT_FALSE(store.reclaim(0));
}

// Given a store that is filled a little and cleared again and again, then nothing piles up.
TEST(Store, StaysSmallWhenClearedOften) {
  Store store;
  for (std::uint64_t i = 0; i < 10'000; ++i) store.set(key_of(i), "large");
  for (int round = 0; round < 10'000; ++round) {
    store.clear();
    store.set("a", "b");
  }
  EXPECT_LT(store.memory_bytes(), 30'000U);
}

// Given a value, when 64 bytes are appended until it has 16 MiB, then the blocks it has lived in
// are few: growth is by a share, not by a step.
TEST(Store, AppendsWithoutCopyingEachTime) {
  Store store;
  const std::string part(64, 'x');
  std::uint64_t blocks = 0;
  std::uint64_t last_bytes = 0;
  std::string expected;
  for (std::uint64_t length = 64; length <= 16U << 20; length += 64) {
    ASSERT_EQ(store.append("log", part), length);
    if (store.memory_bytes() != last_bytes) ++blocks;
    last_bytes = store.memory_bytes();
  }
  EXPECT_LE(blocks, 100U);  // 4 for each of 18 doublings, and the first ones.
  EXPECT_EQ(store.get("log")->size(), 16U << 20);
  EXPECT_EQ(store.get("log")->find_first_not_of('x'), std::string_view::npos);
  EXPECT_LT(store.memory_bytes(), 21U << 20);
}

// Given a value that grew with room to spare, when it is set again, then the room is given back.
TEST(Store, GivesBackTheRoomOfAReplacedValue) {
  Store store;
  store.append("a", std::string(1'000'000, 'x'));
  store.append("a", "y");
  store.set("a", "short");
  EXPECT_LT(store.memory_bytes(), 10'000U);
  EXPECT_EQ(store.get("a"), "short");
}

TEST(Store, FillsTheGapBeforeARangeWithZeros) {
  Store store;
  EXPECT_EQ(store.set_range("a", 3, "xy"), 5U);
  EXPECT_EQ(store.get("a"), std::string_view("\0\0\0xy", 5));
  EXPECT_EQ(store.set_range("a", 1, "z"), 5U);
  EXPECT_EQ(store.get("a"), std::string_view("\0z\0xy", 5));
  store.set("b",
            std::string(100, 'b'));  // Leaves bytes in freed memory that must not shine through.
  store.set("b", "b");
  EXPECT_EQ(store.set_range("b", 90, "!"), 91U);
  EXPECT_EQ(store.get("b"), "b" + std::string(89, '\0') + "!");
}

// Given n keys, when a key is drawn 100 n times, then each is drawn about 100 times.
TEST(Store, DrawsKeysNearlyUniformly) {
  Store store;
  constexpr std::uint64_t keys = 2'000;
  for (std::uint64_t i = 0; i < keys; ++i) store.set(key_of(i), "");
  std::map<std::string, int, std::less<>> drawn;
  for (std::uint64_t i = 0; i < 100 * keys; ++i) ++drawn[std::string(*store.random_key(i))];
  ASSERT_EQ(drawn.size(), keys);
  for (const auto& [key, times] : drawn) {
    EXPECT_GT(times, 30) << key;
    EXPECT_LT(times, 200) << key;
  }
}

TEST(Store, DrawsTheLastKeyLeft) {
  Store store;
  for (std::uint64_t i = 0; i < 5'000; ++i) store.set(key_of(i), "");
  for (std::uint64_t i = 1; i < 5'000; ++i) store.erase(key_of(i));
  for (std::uint64_t i = 0; i < 100; ++i) EXPECT_EQ(store.random_key(i), key_of(0));
}

}  // namespace
}  // namespace rabia::kv
