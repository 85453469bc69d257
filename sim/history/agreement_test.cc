// The checker against one that is too simple to be wrong, on many small histories.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/random.h"
#include "sim/history/describe.h"
#include "sim/history/linearizability.h"
#include "sim/history/model.h"
#include "sim/history/parts.h"
#include "sim/history/search.h"
#include "sim/history/test_histories.h"

namespace rabia::sim::history {
namespace {

// Tries every order of the operations that time allows, with and without each unknown one.
class EveryOrder {
 public:
  explicit EveryOrder(const History& history) : history_(history), placed_(history.size()) {}

  bool explains_all(const Contents& contents) {
    if (is_complete()) return true;
    for (std::size_t i = 0; i < history_.size(); ++i) {
      const Operation& operation = history_[i];
      if (placed_[i] || operation.outcome == Outcome::not_executed || must_wait(operation))
        continue;
      Contents after = contents;
      const std::string reply = execute(after, operation.args);
      if (operation.outcome == Outcome::done && reply != operation.reply) continue;
      placed_[i] = true;
      if (explains_all(after)) return true;
      placed_[i] = false;
    }
    return false;
  }

 private:
  bool is_complete() const {
    for (std::size_t i = 0; i < history_.size(); ++i) {
      if (history_[i].outcome == Outcome::done && !placed_[i]) return false;
    }
    return true;
  }
  // Whether something that is not placed yet had returned before it.
  bool must_wait(const Operation& operation) const {
    for (std::size_t i = 0; i < history_.size(); ++i) {
      if (!placed_[i] && history_[i].outcome == Outcome::done &&
          history_[i].returned < operation.invoked) {
        return true;
      }
    }
    return false;
  }

  const History& history_;
  std::vector<bool> placed_;
};

// Changes one thing, so that the history may be bad now.
void perturb(History& history, base::Random& random) {
  Operation& one = history[random.below(history.size())];
  const Operation other = history[random.below(history.size())];
  const base::Duration shift(static_cast<std::int64_t>(random.below(12)) - 6);
  switch (random.below(4)) {
    case 0:  // Another reply.
      one.reply = one.args[0] == other.args[0] ? other.reply : integer(1);
      break;
    case 1:  // At another time.
      one.invoked += shift;
      one.returned += shift;
      break;
    case 2:  // In less time.
      one.returned = one.invoked;
      break;
    case 3:  // Never.
      one.outcome = Outcome::not_executed;
      break;
  }
}

constexpr std::string_view mixes[] = {
    "GET SET",
    "GET SET GETSET SETNX GETDEL STRLEN",
    "GET APPEND APPEND SET DEL",
    "GET INCR INCR INCRBY DECR DECRBY SET",
    "MGET MSET MSETNX GET SET",
    "MGET MSET DEL EXISTS FLUSHALL DBSIZE SET",
    "EXEC EXEC GET SET INCR",
    "SET SET GET EXPIRED EXPIRED PERSIST PEXPIRE APPEND",
    "SET SET GET EVICTED EVICTED EXPIRED PEXPIRE APPEND",
    "EXEC EXEC EXEC MGET MSET DEL APPEND SET",
    RandomOptions().commands,
};

struct Counts {
  int good = 0;
  int bad = 0;
};

// The search alone, without the look at single keys that comes before it.
bool every_part_has_an_order(const History& history) {
  return std::ranges::all_of(split_into_parts(history), [](const Part& part) {
    return search(part, 1'000'000).kind == SearchResult::Kind::found;
  });
}

void compare(const History& history, Counts& counts) {
  const bool is_good = EveryOrder(history).explains_all({});
  const Verdict verdict = check(history);
  ++(is_good ? counts.good : counts.bad);
  EXPECT_EQ(every_part_has_an_order(history), is_good);
  if (verdict.kind == (is_good ? Verdict::Kind::linearizable : Verdict::Kind::not_linearizable)) {
    return;
  }
  std::string text;
  for (const Operation& each : history) text += describe(each) + "\n";
  ADD_FAILURE() << (is_good ? "good:\n" : "bad:\n") << text << verdict.explanation;
}

// Given thousands of small histories of all kinds of commands, half of them good and half perhaps
// not, when they are checked, then the verdict is that of trying every order.
TEST(Agreement, WithTryingEveryOrder) {
  base::Random random(1);
  Counts perturbed;
  Counts as_made;
  for (int round = 0; round < 20'000; ++round) {
    const RandomOptions options{.operations = 2 + random.below(7),
                                .clients = 1 + static_cast<std::uint32_t>(random.below(5)),
                                .keys = 1 + random.below(3),
                                .unknown_percent = random.below(50),
                                .values = random.below(4),
                                .commands = mixes[random.below(std::size(mixes))]};
    History history = random_history(options, random);
    const bool is_as_made = round % 2 == 0;
    if (!is_as_made) perturb(history, random);
    compare(history, is_as_made ? as_made : perturbed);
    if (HasFailure()) break;
  }
  EXPECT_EQ(as_made.good, 10'000);
  EXPECT_EQ(as_made.bad, 0);
  EXPECT_GT(perturbed.good, 2'000);
  EXPECT_GT(perturbed.bad, 1'000);
}

}  // namespace
}  // namespace rabia::sim::history
