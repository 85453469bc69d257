#include "sim/store/changes_watch.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kv/operations.h"
#include "sim/store/watched_machine.h"

namespace rabia::sim {
namespace {

using Words = std::vector<std::optional<std::string>>;

// A cluster of which each replica is a store, and all are watched.
class ChangesWatchTest : public testing::Test {
 protected:
  struct Replica {
    Replica(ChangesWatch& changes, Tally& tally, std::string name)
        : watched(store, changes, tally, std::move(name), [] { return true; }) {
      store.keep_changes(1 << 20);
    }
    void execute(std::uint64_t time, const std::string& operation, std::string* reply = nullptr) {
      const ApplyContext context{{}, {1}, {time}};
      watched.begin_batch(context);
      if (!operation.empty()) watched.apply(context, operation, reply);
    }
    kv::StoreMachine store;
    WatchedMachine watched;
  };

  static std::string set(std::string_view key, std::string_view value,
                         std::int64_t expires_in = 0) {
    std::string operation;
    kv::SetOptions options;
    if (expires_in > 0) options.expiry = {kv::Expiry::Kind::in, expires_in};
    kv::encode_set(operation, key, value, options);
    return operation;
  }

  io::testing::ManualExecutor executor_{1};
  Tally tally_;
  std::vector<std::string> broken_;
  bool origin_is_up_ = true;
  ChangesWatch::World world_{executor_, tally_,
                             [this](std::string what) { broken_.push_back(std::move(what)); },
                             [this](ReplicaId) { return origin_is_up_; }};
  ChangesWatch changes_{world_};
  Replica first_{changes_, tally_, "r1"};
  Replica second_{changes_, tally_, "r2"};
};

// Given two replicas that execute the same, then nothing is said, each change is known once, and
// the stores are what the changes make.
TEST_F(ChangesWatchTest, EqualReplicasAreWell) {
  for (Replica* replica : {&first_, &second_}) {
    replica->execute(10, set("a", "1"));
    replica->execute(11, set("a", "2", 5));
    replica->execute(16, "");
    EXPECT_EQ(changes_.compare(replica->store.store()), "");
  }
  EXPECT_EQ(broken_, std::vector<std::string>());
  ASSERT_EQ(changes_.end(), 3U);
  EXPECT_EQ(words_of(changes_.at(1)), (Words{"set", "a", "value", "1", "old", std::nullopt}));
  EXPECT_EQ(words_of(changes_.at(2)),
            (Words{"set", "a", "value", "2", "old", "1", "deadline", "16"}));
  EXPECT_EQ(words_of(changes_.at(3)), (Words{"expired", "a", "old", "2"}));
  ASSERT_EQ(changes_.removed().size(), 1U);
  EXPECT_EQ(changes_.removed()[0].args, (history::Arguments{"EXPIRED", "a", "2"}));
}

// Given a replica that executes something else, then its change is another one.
TEST_F(ChangesWatchTest, AnotherChangeIsSeen) {
  first_.execute(10, set("a", "1"));
  second_.execute(10, set("a", "2"));
  ASSERT_EQ(broken_.size(), 1U);
  EXPECT_EQ(broken_[0], "changes: r2 tells of change 1 (set a), and others of another one");
}

// Given a change that nobody told of, when the next one is told, or a store has it, then it is
// missed.
TEST_F(ChangesWatchTest, AMissingChangeIsSeen) {
  first_.execute(10, set("a", "1"));
  changes_.told("r1", {}, {.revision = 3, .key = "b"});
  ASSERT_EQ(broken_.size(), 1U);
  first_.store.store().set("b", "1");
  EXPECT_EQ(changes_.compare(first_.store.store()), "its last change is 2 of 1");
}

// Given a key with a deadline, when it is removed before it, or not removed at it, by the clock of
// the log, then this is seen.
TEST_F(ChangesWatchTest, ExpiryAtAnotherTimeIsSeen) {
  first_.execute(10, set("a", "1", 100));
  first_.store.store().advance_clock(110);
  first_.execute(109, "");
  EXPECT_EQ(broken_, std::vector<std::string>{
                         "section 17: r1 removes a, whose deadline the log's clock has not "
                         "reached"});
  broken_.clear();
  first_.execute(110, set("b", "1", 100));
  changes_.begun("r1", first_.store.store().revision(), {209}, 0);
  EXPECT_EQ(broken_, std::vector<std::string>());
  changes_.begun("r1", first_.store.store().revision(), {210}, 0);
  EXPECT_EQ(broken_.size(), 1U);
}

// Given a limit, when keys are evicted, then the judge is told; when there are more than there may
// be at the beginning of a batch, this is seen.
TEST_F(ChangesWatchTest, EvictionsAreTold) {
  std::string limit;
  const std::vector<kv::LimitChange> changes{{kv::LimitField::max_entries, 1},
                                             {kv::LimitField::policy, 3}};
  kv::encode_set_limits(limit, changes, false);
  first_.execute(10, limit);
  first_.execute(10, set("a", "1"));
  first_.execute(10, set("b", "2"));
  ASSERT_EQ(changes_.removed().size(), 1U);
  EXPECT_EQ(changes_.removed()[0].args, (history::Arguments{"EVICTED", "a", "1"}));
  EXPECT_EQ(tally_[Count::keys_evicted], 1U);
  EXPECT_EQ(broken_, std::vector<std::string>());
  first_.store.store().set("c", "3");
  changes_.told("r1", {}, {.revision = 4, .key = "c"});
  changes_.begun("r1", first_.store.store().revision(), {10}, 1);
  EXPECT_EQ(broken_, std::vector<std::string>{"limits: r1 keeps 2 keys of 1"});
}

// Given a key that expires while the replica that set it is down, or up, then that is counted.
TEST_F(ChangesWatchTest, CountsExpiryWithoutTheOrigin) {
  first_.execute(10, set("a", "1", 100));
  first_.execute(110, "");
  origin_is_up_ = false;
  first_.execute(110, set("a", "1", 100));
  first_.execute(210, "");
  EXPECT_EQ(tally_[Count::keys_expired], 2U);
  EXPECT_EQ(tally_[Count::keys_expired_without_origin], 1U);
}

// Given a command under a name, when it comes again and somebody waits for it, then this is
// counted.
TEST_F(ChangesWatchTest, CountsAnswersThatWereKept) {
  std::string once;
  kv::encode_once(once, {"c1", 1, 1000}, set("a", "1"));
  std::string reply;
  first_.execute(10, once, &reply);
  EXPECT_EQ(tally_[Count::answered_from_kept_replies], 0U);
  first_.execute(11, once);
  EXPECT_EQ(tally_[Count::answered_from_kept_replies], 0U);
  first_.execute(12, once, &reply);
  EXPECT_EQ(tally_[Count::answered_from_kept_replies], 1U);
  EXPECT_EQ(changes_.end(), 1U);
}

}  // namespace
}  // namespace rabia::sim
