// How a near-cache hears of changes.
#include "client/change_feed.h"

#include <gtest/gtest.h>

#include "client/testing/fake_replicas.h"

namespace rabia::client {
namespace {

using testing::addresses;
using testing::error;
using testing::FakeReplicas;
using testing::integer;
using testing::list;
using testing::text;

Reply event(std::int64_t revision, std::string kind, std::string key,
            std::vector<Reply> more = {}) {
  std::vector<Reply> words = {integer(revision), text(std::move(kind)), text(std::move(key))};
  words.insert(words.end(), more.begin(), more.end());
  return list(std::move(words));
}
Reply looked(std::int64_t revision, std::vector<Reply> events) {
  return list({integer(revision), list(std::move(events))});
}

class ChangeFeedTest : public ::testing::Test {
 protected:
  ChangeFeedTest() { connect(); }
  void connect() { connection = replicas.dial(addresses(1)[0], {}).take(); }
  Status ask() { return feed.ask(*connection); }
  std::optional<Reply> answer(const std::string& command) {
    if (command == "RABIA.REVISION") return revision;
    asked = command;
    return events;
  }
  void keep(const std::string& key, std::uint64_t of) {
    cache.end_fetch(key, cache.begin_fetch(key), {"value", of});
  }
  bool keeps(std::string_view key) { return cache.find(key, Clock::now()).has_value(); }

  std::optional<Reply> revision = integer(10);
  std::optional<Reply> events = looked(10, {});
  std::string asked;
  FakeReplicas replicas{[this](unsigned, const std::string& command) { return answer(command); }};
  NearCache cache{{.prefix = "k", .age_max = std::chrono::minutes(10)}};
  ChangeFeed feed{{.prefix = "k", .wait = Milliseconds(50), .answer_within = Milliseconds(100)},
                  cache};
  std::unique_ptr<Connection> connection;
};

// Given a feed that begins, then it stands at the present revision, asks for what comes behind it,
// and what it hears of is dropped: both names of a key that is renamed, and all when it is cleared.
TEST_F(ChangeFeedTest, TellsWhatChanges) {
  ASSERT_TRUE(ask().ok());
  EXPECT_EQ(asked, "RABIA.EVENTS FROM 10 COUNT 1000 BLOCK 50 PREFIX k");
  for (const char* key : {"k1", "k2", "k3", "k4"}) keep(key, 3);
  events =
      looked(15, {event(11, "set", "k1"), event(15, "renamed", "k2", {text("to"), text("k3")})});
  revision = integer(15);
  ASSERT_TRUE(ask().ok());
  EXPECT_FALSE(keeps("k1") || keeps("k2") || keeps("k3"));
  EXPECT_TRUE(keeps("k4"));
  events = looked(16, {event(16, "cleared", "", {text("keys"), integer(9)})});
  revision = integer(16);
  ASSERT_TRUE(ask().ok());
  EXPECT_EQ(asked, "RABIA.EVENTS FROM 15 COUNT 1000 BLOCK 50 PREFIX k");
  EXPECT_FALSE(keeps("k4"));
}

// Given a replica that has not told yet all that there is, then what is kept does not count as
// looked at, until it has.
TEST_F(ChangeFeedTest, IsBehindUntilAllIsTold) {
  ASSERT_FALSE(cache.answers(Clock::now()));
  std::int64_t revisions_asked = 0;
  FakeReplicas busy([&](unsigned, const std::string& command) {
    if (command == "RABIA.REVISION") return integer(++revisions_asked == 1 ? 10 : 12);
    return looked(9 + revisions_asked, {});
  });
  const auto to_busy = busy.dial(addresses(1)[0], {}).take();
  ASSERT_TRUE(feed.ask(*to_busy).ok());  // It begins at 10; there are 12, and 11 are told.
  EXPECT_FALSE(cache.answers(Clock::now()));
  ASSERT_TRUE(feed.ask(*to_busy).ok());
  EXPECT_TRUE(cache.answers(Clock::now()));
}

// Given a connection that is lost, then another goes on behind what was told, and all is kept.
TEST_F(ChangeFeedTest, GoesOnWithAnotherConnection) {
  ASSERT_TRUE(ask().ok());
  keep("k1", 3);
  events.reset();
  EXPECT_EQ(ask().code(), Code::unavailable);
  connect();
  events = looked(20, {event(20, "set", "k2")});
  ASSERT_TRUE(ask().ok());
  EXPECT_EQ(asked, "RABIA.EVENTS FROM 10 COUNT 1000 BLOCK 50 PREFIX k");
  EXPECT_TRUE(keeps("k1"));
  EXPECT_EQ(cache.counts().resets, 0U);
}

// Given changes that are not kept any more, a cluster that has fewer changes than it had, or an
// answer that makes no sense, then all that is kept is dropped, and the feed begins anew.
TEST_F(ChangeFeedTest, BeginsAnewWhenChangesWereMissed) {
  const Reply bad[] = {error("COMPACTED the changes up to revision 50 are not kept any more"),
                       error("ERR revision 10 has not come yet: the present one is 3"),
                       looked(11, {text("nonsense")}), looked(9, {}), integer(1)};
  std::uint64_t resets = 0;
  for (const Reply& reply : bad) {
    revision = integer(10);
    events = looked(10, {});
    ASSERT_TRUE(ask().ok());
    keep("k1", 3);
    EXPECT_TRUE(keeps("k1"));
    events = reply;
    EXPECT_FALSE(ask().ok());
    EXPECT_FALSE(keeps("k1"));
    EXPECT_EQ(cache.counts().resets, ++resets);
  }
}

// Given a replica without quorum, or that keeps no changes, then nothing is dropped, nothing counts
// as looked at, and another is asked.
TEST_F(ChangeFeedTest, LeavesAReplicaThatCannotTell) {
  revision = error("CLUSTERDOWN The cluster has no quorum");
  events = error("CLUSTERDOWN The cluster has no quorum");
  EXPECT_EQ(ask().code(), Code::unavailable);
  revision = integer(10);
  events = error("ERR changes are not kept at this replica: set enable-notifications to true");
  EXPECT_EQ(ask().code(), Code::failed_precondition);
  EXPECT_FALSE(cache.answers(Clock::now()));
  EXPECT_EQ(cache.counts().resets, 0U);
}

}  // namespace
}  // namespace rabia::client
