#include "kv/digest.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "base/random.h"
#include "kv/snapshot_text.h"
#include "kv/store.h"
#include "kv/test_hashes.h"

namespace rabia::kv {
namespace {

class DigestWithHash : public testing::TestWithParam<NamedHash> {};
INSTANTIATE_TEST_SUITE_P(, DigestWithHash, testing::ValuesIn(test_hashes),
                         [](const auto& instance) { return std::string(instance.param.name); });

// Given random changes, of values of less and of more than a block, when each is made, then the
// digest that the store has kept is the one computed from its contents.
TEST_P(DigestWithHash, IsThatOfTheContentsAfterEveryChange) {
  Store store(GetParam().hash);
  Model model;
  base::Random random(1);
  for (int step = 0; step < 3'000; ++step) {
    change_both(store, model, random, {.keys = 30, .value_bytes_max = 10'000});
    if (random.below(500) == 0) {
      store.clear();
      model.clear();
    }
    ASSERT_EQ(store.digest(), digest_computed_from(store)) << "step " << step;
  }
}

// Given a value that grows by appending and by gaps, to and over the ends of blocks, then the
// digest is that of the value.
TEST(Digest, DoesNotRememberHowAValueCameToBe) {
  for (const std::uint64_t begin : {0U, 1U, 4095U, 4096U, 4097U, 8192U}) {
    for (const std::uint64_t more : {0U, 1U, 4095U, 4096U, 4097U, 8192U, 20'000U}) {
      Store store;
      store.set("key", std::string(begin, 'x'));
      store.append("key", std::string(more, 'y'));
      store.set_range("key", begin + more + 5'000, "z");
      EXPECT_EQ(store.digest(), digest_computed_from(store)) << begin << " and " << more;
    }
  }
}

TEST(Digest, OfANewStoreIsZeroAndOfAnEmptyOneTellsOfItsChanges) {
  Store store;
  EXPECT_EQ(store.digest(), StateDigest());
  store.set("a", std::string(5'000, 'x'));
  store.erase("a");
  EXPECT_EQ(store.digest(), digest_of_history({.revision = 2}));
  store.set("a", "");
  store.clear();
  EXPECT_EQ(store.digest(), digest_of_history({.revision = 4}));
  store.advance_clock(7);
  EXPECT_EQ(store.digest(), digest_of_history({.revision = 4, .clock = 7, .created_at = 7}));
}

// Given equal values of equal keys, when revisions or deadlines are exchanged, then the digests
// differ.
TEST(Digest, DependsOnRevisionsAndDeadlines) {
  const auto digest_of_two = [](Entry::About a, Entry::About b) {
    StateDigest sum = KeyDigest("a").about(a);
    add(sum, KeyDigest("b").about(b));
    return sum;
  };
  EXPECT_NE(digest_of_two({1, 0}, {2, 0}), digest_of_two({2, 0}, {1, 0}));
  EXPECT_NE(digest_of_two({1, 5}, {1, 6}), digest_of_two({1, 6}, {1, 5}));
  EXPECT_NE(digest_of_two({1, 2}, {0, 0}), digest_of_two({2, 1}, {0, 0}));
  const std::vector<History> histories = {{1, 2, 3, 4}, {2, 1, 3, 4}, {1, 2, 4, 3}, {1, 3, 2, 4}};
  for (const History& one : histories) {
    for (const History& other : histories) {
      EXPECT_EQ(digest_of_history(one) == digest_of_history(other), one == other);
    }
  }
}

// Given contents that have the same parts in other places (values or blocks exchanged, bytes moved
// from key to value), then their digests differ.
TEST(Digest, DependsOnWhereEverythingIs) {
  const std::string a(4'096, 'a');
  const std::string b(4'096, 'b');
  EXPECT_NE(digest_of({{"x", "1"}, {"y", "2"}}), digest_of({{"x", "2"}, {"y", "1"}}));
  EXPECT_NE(digest_of({{"x", a + b}}), digest_of({{"x", b + a}}));
  EXPECT_NE(digest_of({{"x", a}, {"y", b}}), digest_of({{"x", b}, {"y", a}}));
  EXPECT_NE(digest_of({{"xy", "z"}}), digest_of({{"x", "yz"}}));
  EXPECT_NE(digest_of({{"x", ""}}), digest_of({{"y", ""}}));
  EXPECT_NE(digest_of({{"x", a}}), digest_of({{"x", a + a}}));
  EXPECT_NE(digest_of({{"x", std::string(1, '\0')}}), digest_of({{"x", std::string(2, '\0')}}));
}

}  // namespace
}  // namespace rabia::kv
