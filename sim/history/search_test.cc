// That the search stays small, and that what it finds is a linearization.
#include "sim/history/search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/random.h"
#include "sim/history/describe.h"
#include "sim/history/linearizability.h"
#include "sim/history/model.h"
#include "sim/history/test_histories.h"

namespace rabia::sim::history {
namespace {

constexpr std::string_view on_one_key =
    "GET GET GET GET SET SET SET INCR APPEND GETSET GETDEL SETNX STRLEN DECRBY";
constexpr std::string_view on_some_keys =
    "GET GET GET GET SET SET SET INCR APPEND GETSET SETNX DEL MSET MGET MGET EXISTS MSETNX";

// Whether `order` is a linearization of `part`: no operation twice, all done ones in it, none after
// one that it precedes, and each reply as the model gives it.
void expect_linearization(const Part& part, const std::vector<const Operation*>& order) {
  std::vector<const Operation*> sorted = order;
  std::ranges::sort(sorted);
  EXPECT_EQ(std::ranges::adjacent_find(sorted), sorted.end());
  for (const PartOperation& each : part.operations) {
    EXPECT_TRUE(each.operation->outcome != Outcome::done ||
                std::ranges::binary_search(sorted, each.operation))
        << describe(*each.operation);
  }
  Contents contents;
  base::Instant last_invocation;
  for (const Operation* const each : order) {
    const std::string reply = execute(contents, each->args);
    if (each->outcome == Outcome::done) {
      EXPECT_EQ(reply, each->reply) << describe(*each);
      EXPECT_LE(last_invocation, each->returned) << describe(*each);
    }
    last_invocation = std::max(last_invocation, each->invoked);
  }
}

// The steps for a good history, all parts together.
std::uint64_t steps_for(const RandomOptions& options, std::uint64_t seed) {
  base::Random random(seed);
  const History history = random_history(options, random);
  std::uint64_t steps = 0;
  for (const Part& part : split_into_parts(history)) {
    const SearchResult result = search(part, 1'000'000);
    EXPECT_EQ(result.kind, SearchResult::Kind::found) << "seed " << seed;
    expect_linearization(part, result.order);
    steps += result.steps;
  }
  return steps;
}

// Given good histories of 2000 operations of 16 busy clients, some with unknown outcomes, when they
// are searched, then an order is found within some steps for each operation.
TEST(Search, FindsAnOrderOfALargeHistory) {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    EXPECT_LT(steps_for({.operations = 2'000,
                         .clients = 16,
                         .keys = 10,
                         .unknown_percent = 2,
                         .commands = on_one_key},
                        seed),
              20'000U);
    EXPECT_LT(steps_for({.operations = 2'000,
                         .clients = 5,
                         .keys = 10,
                         .unknown_percent = 2,
                         .commands = on_some_keys},
                        seed),
              60'000U);
  }
}

// Given good histories with some 40 operations of unknown outcome, when they are searched, then
// these do not multiply the steps: neither over many keys, nor on one counter or one list that all
// clients use.
TEST(Search, IsNotSlowedDownByUnknownOutcomes) {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    RandomOptions options{.operations = 500, .clients = 5, .keys = 10, .unknown_percent = 8};
    options.commands = on_one_key;
    EXPECT_LT(steps_for(options, seed), 5'000U);
    options.commands = on_some_keys;
    EXPECT_LT(steps_for(options, seed), 150'000U);
    options.clients = 16;
    options.keys = 1;
    for (const char* const commands : {"GET INCR", "GET APPEND", "GET SET"}) {
      options.commands = commands;
      EXPECT_LT(steps_for(options, seed), 40'000U);
    }
  }
}

// Whether a late read that was answered got the answer to an early one of the same key instead.
bool make_a_read_stale(History& history) {
  for (std::size_t late = history.size() * 4 / 5; late < history.size(); ++late) {
    if (history[late].args[0] != "GET" || history[late].outcome != Outcome::done) continue;
    for (std::size_t early = 0; early < history.size() / 5; ++early) {
      if (history[early].args != history[late].args) continue;
      if (history[early].outcome != Outcome::done) continue;
      if (history[early].reply == history[late].reply || history[early].reply == nil) continue;
      history[late].reply = history[early].reply;
      return true;
    }
  }
  return false;
}

// Given histories with many unknown outcomes and one read that is stale, when they are checked,
// then each is found out within the usual limit.
TEST(Search, FindsOutAStaleReadAmongUnknownOutcomes) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    base::Random random(seed);
    History history = random_history({.operations = 500,
                                      .clients = 6,
                                      .keys = 10,
                                      .unknown_percent = 8,
                                      .commands = "GET GET GET SET SET GETSET SETNX DEL MGET"},
                                     random);
    ASSERT_TRUE(make_a_read_stale(history));
    const Verdict verdict = check(history);
    EXPECT_EQ(verdict.kind, Verdict::Kind::not_linearizable) << "seed " << seed;
    EXPECT_LT(verdict.steps, 200'000U);
  }
}

// Given a history that is as hard as can be, on one key with many unknown outcomes, when a value is
// read that nobody wrote, then that is found out at once.
TEST(Search, FindsOutAValueOutOfNowhereAtOnce) {
  base::Random random(3);
  History history = random_history({.operations = 500,
                                    .clients = 16,
                                    .keys = 1,
                                    .unknown_percent = 8,
                                    .commands = "GET APPEND APPEND DEL SET"},
                                   random);
  history.push_back(done(99, "GET k0", 0, 1'000, bulk("out of nowhere")));
  const std::vector<Part> parts = split_into_parts(history);
  ASSERT_EQ(parts.size(), 1U);
  const SearchResult result = search(parts.front(), 1'000'000);
  EXPECT_EQ(result.kind, SearchResult::Kind::none);
  EXPECT_LT(result.steps, 5'000U);
}

// Given one history, when it is checked twice, then verdict, steps and explanation are the same.
TEST(Search, IsDeterministic) {
  base::Random random(7);
  History history = random_history({.operations = 300,
                                    .clients = 6,
                                    .keys = 4,
                                    .unknown_percent = 8,
                                    .commands = "GET SET INCR MSET"},
                                   random);
  ASSERT_TRUE(make_a_read_stale(history));
  const Verdict first = check(history);
  const History copy = history;
  const Verdict second = check(copy);
  EXPECT_EQ(first.kind, second.kind);
  EXPECT_EQ(first.steps, second.steps);
  EXPECT_EQ(first.explanation, second.explanation);
}

}  // namespace
}  // namespace rabia::sim::history
