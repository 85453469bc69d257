// What may be answered from near, and what may come in.
#include "client/near_cache.h"

#include <gtest/gtest.h>

namespace rabia::client {
namespace {

using std::chrono::seconds;

class NearCacheTest : public ::testing::Test {
 protected:
  NearCacheTest() : cache({.entries_max = 3, .bytes_max = 10'000, .age_max = seconds(1)}) {
    cache.begin();
    cache.follow(now);
  }
  std::optional<std::string> find(std::string_view key) { return cache.find(key, now); }
  void fetch(std::string_view key, std::string value, std::uint64_t revision) {
    cache.end_fetch(key, cache.begin_fetch(key), {std::move(value), revision});
  }

  Instant now{seconds(1'000)};
  NearCache cache;
};

// Given a value that was fetched, then it is answered, until a later change of its key is told; one
// that it holds already, and changes of other keys, leave it.
TEST_F(NearCacheTest, KeepsAValueUntilItsKeyChanges) {
  EXPECT_EQ(find("a"), std::nullopt);
  fetch("a", "1", 5);
  EXPECT_EQ(find("a"), "1");
  cache.changed("b", 9);
  cache.changed("a", 5);
  EXPECT_EQ(find("a"), "1");
  cache.changed("a", 6);
  EXPECT_EQ(find("a"), std::nullopt);
  EXPECT_EQ(cache.counts().invalidations, 1U);
  EXPECT_EQ(cache.counts().hits, 2U);
  EXPECT_EQ(cache.counts().misses, 2U);
}

// Given a fetch under way, when a change of its key is told that it does not hold, then it does not
// come in; one that holds the change does.
TEST_F(NearCacheTest, AFetchOlderThanAChangeDoesNotComeIn) {
  const auto older = cache.begin_fetch("a");
  const auto later = cache.begin_fetch("a");
  cache.changed("a", 7);
  cache.end_fetch("a", older, {"old", 6});
  EXPECT_EQ(find("a"), std::nullopt);
  cache.end_fetch("a", later, {"new", 7});
  EXPECT_EQ(find("a"), "new");
}

// Given fetches that end in another order than they were answered in, and a value that went in
// between to make room, then none that is older than one that has ended comes in.
TEST_F(NearCacheTest, AFetchOlderThanAnotherDoesNotComeIn) {
  const auto slow = cache.begin_fetch("a");
  fetch("a", "new", 9);
  for (const char* key : {"b", "c", "d"}) fetch(key, "x", 10);
  EXPECT_EQ(find("a"), std::nullopt);
  EXPECT_EQ(cache.counts().evictions, 1U);
  cache.end_fetch("a", slow, {"old", 5});
  EXPECT_EQ(find("a"), std::nullopt);
}

// Given a kept value and a fetch that began while it could not be answered, when the fetch ends
// with a later value that may not come in, then the kept one is gone too.
TEST_F(NearCacheTest, ALaterFetchDropsWhatIsKept) {
  fetch("a", "old", 5);
  const auto begun = cache.begin_fetch("a");
  cache.changed("a", 8);
  fetch("a", "later", 8);
  cache.end_fetch("a", begun, {std::string(20'000, 'x'), 9});  // Too large to be kept.
  EXPECT_EQ(find("a"), std::nullopt);
}

// Given a fetch under way, when its key is written here, then it does not come in, whatever its
// revision; one that begins afterwards does.
TEST_F(NearCacheTest, AFetchThatBeganBeforeAnOwnWriteDoesNotComeIn) {
  fetch("a", "old", 5);
  const auto before = cache.begin_fetch("a");
  cache.wrote("a");
  EXPECT_EQ(find("a"), std::nullopt);
  const auto behind = cache.begin_fetch("a");
  cache.end_fetch("a", before, {"old", 5});
  EXPECT_EQ(find("a"), std::nullopt);
  cache.end_fetch("a", behind, {"mine", 6});
  EXPECT_EQ(find("a"), "mine");

  const auto straddling = cache.begin_fetch("b");
  cache.wrote_whatever();
  EXPECT_EQ(find("a"), std::nullopt);
  cache.end_fetch("b", straddling, {"old", 5});
  EXPECT_EQ(find("b"), std::nullopt);
}

// Given fetches of one key, when one finds nothing there, then neither what is kept nor what was
// being fetched is answered behind that.
TEST_F(NearCacheTest, NothingComesBehindAnAbsentKey) {
  const auto slow = cache.begin_fetch("a");
  const auto fast = cache.begin_fetch("a");
  static_cast<void>(cache.begin_fetch("a"));
  cache.end_fetch("a", fast, {"old", 5});
  cache.end_fetch_absent("a");
  EXPECT_EQ(find("a"), std::nullopt);
  cache.end_fetch("a", slow, {"old", 5});
  EXPECT_EQ(find("a"), std::nullopt);
}

// Given a clear, then what is older goes, and does not come in; what is later stays.
TEST_F(NearCacheTest, AClearDropsWhatIsOlder) {
  fetch("old", "1", 5);
  fetch("new", "2", 11);
  const auto slow = cache.begin_fetch("slow");
  cache.cleared(10);
  EXPECT_EQ(find("old"), std::nullopt);
  EXPECT_EQ(find("new"), "2");
  cache.end_fetch("slow", slow, {"3", 9});
  EXPECT_EQ(find("slow"), std::nullopt);
}

// Given that the feed is silent, then nothing is answered after the bound; when it goes on, what is
// kept and was not changed meanwhile is answered again.
TEST_F(NearCacheTest, AnswersNothingWhenTheFeedIsSilent) {
  fetch("a", "1", 5);
  fetch("b", "1", 6);
  now += seconds(1);
  EXPECT_EQ(find("a"), "1");
  now += Milliseconds(1);
  EXPECT_EQ(find("a"), std::nullopt);
  EXPECT_FALSE(cache.answers(now));
  cache.changed("b", 7);
  cache.follow(now);
  EXPECT_EQ(find("a"), "1");
  EXPECT_EQ(find("b"), std::nullopt);
}

// Given that changes were missed, then all goes, and nothing comes in before the feed begins anew;
// nor then what was being fetched before, even with a high revision.
TEST_F(NearCacheTest, MissedChangesDropEverything) {
  fetch("a", "1", 5);
  const auto before = cache.begin_fetch("b");
  cache.reset();
  EXPECT_EQ(cache.counts().resets, 1U);
  EXPECT_EQ(cache.counts().entries, 0U);
  EXPECT_EQ(cache.counts().bytes, 0U);
  fetch("a", "1", 5);
  const auto between = cache.begin_fetch("c");
  cache.begin();
  cache.follow(now);
  EXPECT_EQ(find("a"), std::nullopt);
  cache.end_fetch("b", before, {"2", 100});
  cache.end_fetch("c", between, {"3", 100});
  EXPECT_EQ(find("b"), std::nullopt);
  EXPECT_EQ(find("c"), std::nullopt);
  fetch("a", "4", 3);  // Of a cluster that begins anew.
  EXPECT_EQ(find("a"), "4");
}

// Given more than may be kept, then what was used last stays, and the account is right to the end.
TEST_F(NearCacheTest, KeepsNoMoreThanItMay) {
  for (const char* key : {"a", "b", "c"}) fetch(key, "x", 1);
  EXPECT_EQ(find("a"), "x");
  fetch("d", "x", 2);
  EXPECT_EQ(find("b"), std::nullopt);
  EXPECT_EQ(find("a"), "x");
  fetch("e", std::string(9'800, 'x'), 3);
  EXPECT_EQ(cache.counts().entries, 1U);
  EXPECT_LE(cache.counts().bytes, 10'000U);
  fetch("f", std::string(10'000, 'x'), 4);
  EXPECT_EQ(find("f"), std::nullopt);
  EXPECT_EQ(cache.counts().entries, 1U);
  cache.wrote("e");
  EXPECT_EQ(cache.counts().bytes, 0U);
}

// Given a prefix, then only keys that begin so are kept.
TEST(NearCachePrefix, TakesOnlyItsKeys) {
  NearCache cache({.prefix = "user:"});
  EXPECT_TRUE(cache.takes("user:1"));
  EXPECT_FALSE(cache.takes("use"));
}

}  // namespace
}  // namespace rabia::client
