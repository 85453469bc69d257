// What a client does, at replicas that a test answers for.
#include "client/cluster_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <thread>

#include "client/testing/fake_replicas.h"

namespace rabia::client {
namespace {

using testing::addresses;
using testing::FakeReplicas;
using testing::integer;
using testing::list;
using testing::text;
using Heard = std::vector<std::string>;

constexpr auto patience = std::chrono::seconds(30);

kv::ClientOptions options() {
  return {.replicas = addresses(2)};
}

// Replicas with one integer under each key, that know enough for these tests.
class Replicas {
 public:
  std::optional<Reply> answer(const std::string& command) {
    std::istringstream in(command);
    std::vector<std::string> words{std::istream_iterator<std::string>(in), {}};
    if (words[0] == "RABIA.ONCE") {
      sessions.insert(words[1]);
      const bool is_new = numbers.insert(words[2]).second;
      words.erase(words.begin(), words.begin() + 3);
      if (is_new && words[0] == "SET") change(words[1], words[2]);
      if (is_new && lose_next_answer) return lose_next_answer = false, std::nullopt;
      return text("OK");
    }
    if (words[0] == "PING") return text("PONG");
    if (words[0] == "RABIA.REVISION") return integer(revision);
    if (words[0] == "RABIA.EVENTS") return lost_feed ? std::nullopt : events(std::stoll(words[2]));
    const auto found = values.find(words[1]);
    if (found == values.end()) return Reply{};
    if (words[0] == "GET") return text(found->second.first);
    return list({text(found->second.first), integer(found->second.second)});
  }
  void change(const std::string& key, const std::string& value) {
    values[key] = {value, ++revision};
    changes.push_back(key);
  }
  std::set<std::string> sessions;
  std::set<std::string> numbers;
  bool lose_next_answer = false;
  std::atomic<bool> lost_feed = false;

 private:
  std::optional<Reply> events(std::int64_t from) {
    std::vector<Reply> out;
    for (auto i = from; i < revision; ++i) {
      out.push_back(list({integer(i + 1), text("set"), text(changes[static_cast<unsigned>(i)])}));
    }
    return list({integer(revision), list(std::move(out))});
  }
  std::int64_t revision = 0;
  std::vector<std::string> changes;
  std::map<std::string, std::pair<std::string, std::int64_t>> values;
};

struct World {
  explicit World(kv::ClientOptions given = options()) {
    auto dialer = std::make_unique<FakeReplicas>(
        [this](unsigned, const std::string& command) { return replicas.answer(command); });
    network = dialer.get();
    store = std::make_unique<ClusterStore>(std::move(given), std::move(dialer));
  }
  void wait_until(bool answers) {
    const Instant end = Clock::now() + patience;
    while (store->metrics().near_cache_answers != answers && Clock::now() < end) {
      std::this_thread::sleep_for(Milliseconds(1));
    }
    ASSERT_EQ(store->metrics().near_cache_answers, answers);
  }
  // How often a command that begins so was heard.
  [[nodiscard]] std::ptrdiff_t times(const std::string& command) const {
    const Heard heard = network->heard();
    return std::ranges::count_if(
        heard, [&](const std::string& line) { return line.substr(2).starts_with(command); });
  }
  Replicas replicas;
  FakeReplicas* network = nullptr;
  std::unique_ptr<ClusterStore> store;
};

// Given writes, then each has a number of its own in one session; one whose answer was lost keeps
// it when it is sent again.
TEST(ClusterStore, GivesEachWriteANameOfItsOwn) {
  World world;
  ASSERT_TRUE(world.store->set("a", "1").ok());
  world.replicas.lose_next_answer = true;
  ASSERT_TRUE(world.store->set("a", "2").ok());
  ASSERT_TRUE(world.store->clear().ok());
  EXPECT_EQ(world.replicas.sessions.size(), 1U);
  EXPECT_EQ(world.replicas.numbers.size(), 3U);
  EXPECT_EQ(world.times("RABIA.ONCE"), 4);
  EXPECT_EQ(world.store->metrics().retries, 1U);
  World other;
  ASSERT_TRUE(other.store->set("a", "1").ok());
  EXPECT_NE(world.replicas.sessions, other.replicas.sessions);
}

// Given batches, then one write, and plain sets, go under a name; others as a transaction.
TEST(ClusterStore, SendsBatchesAsOne) {
  World world;
  using Kind = kv::ClientWrite::Kind;
  const std::vector<kv::ClientWrite> sets = {{Kind::set, "a", "1"}, {Kind::set, "b", "2"}};
  const auto set = world.store->apply(sets);
  ASSERT_TRUE(set.ok());
  EXPECT_EQ(set.value().size(), 2U);
  EXPECT_TRUE(world.network->heard().back().ends_with(" 0 MSET a 1 b 2"));
  const kv::ClientWrite timed{.key = "c", .value = "3", .ttl = Milliseconds(5)};
  ASSERT_TRUE(world.store->apply(std::span(&timed, 1)).ok());
  EXPECT_TRUE(world.network->heard().back().ends_with(" 1 SET c 3 PX 5"));
  EXPECT_TRUE(world.store->apply({}).value().empty());
  const kv::ClientWrite wrong[] = {{.kind = Kind::expire, .key = "a"},
                                   {.key = "a", .ttl = Milliseconds(0)}};
  for (const kv::ClientWrite& write : wrong) {
    EXPECT_EQ(world.store->apply(std::span(&write, 1)).status().code(), Code::invalid_argument);
  }
}

// Given commands by name, then reads go as they are, writes under a name, and what would change the
// connection that all share is refused.
TEST(ClusterStore, ExecutesCommandsByWhatTheyAre) {
  World world;
  const auto execute = [&](std::vector<std::string> words) {
    return world.store->execute(words).status().code();
  };
  EXPECT_EQ(execute({"get", "a"}), Code::ok);
  EXPECT_EQ(world.network->heard().back().substr(2), "get a");
  EXPECT_EQ(execute({"Append", "a", "x"}), Code::ok);
  EXPECT_TRUE(world.network->heard().back().substr(2).starts_with("RABIA.ONCE "));
  EXPECT_EQ(execute({"multi"}), Code::invalid_argument);
  EXPECT_EQ(execute({"CLIENT", "REPLY", "OFF"}), Code::invalid_argument);
  EXPECT_EQ(execute({}), Code::invalid_argument);
  EXPECT_EQ(world.network->heard().size(), 2U);
}

kv::ClientOptions with_near_cache(Milliseconds age_max) {
  kv::ClientOptions out = options();
  out.near_cache = kv::NearCacheOptions{.prefix = "near:", .age_max = age_max};
  return out;
}

// Given a key that was read, then it is answered from near, until this client or another writes it.
// Keys without the prefix are always asked for.
TEST(ClusterStore, AnswersFromNear) {
  World world(with_near_cache(patience));
  world.wait_until(true);
  ASSERT_TRUE(world.store->set("near:a", "1").ok());
  ASSERT_TRUE(world.store->set("far", "1").ok());
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(world.store->get("near:a").value(), "1");
    EXPECT_EQ(world.store->get("far").value(), "1");
    EXPECT_EQ(world.store->get("near:none").value(), std::nullopt);
  }
  EXPECT_EQ(world.times("RABIA.GET near:a"), 1);
  EXPECT_EQ(world.times("GET far"), 3);
  EXPECT_EQ(world.times("RABIA.GET near:none"), 3);
  world.replicas.lose_next_answer = true;
  ASSERT_TRUE(world.store->set("near:a", "2").ok());
  EXPECT_EQ(world.store->get("near:a").value(), "2");
  EXPECT_GE(world.store->metrics().hits, 2U);
}

// Given that changes cannot be followed any more, then soon everything is asked for.
TEST(ClusterStore, AnswersNothingFromNearWhenChangesAreNotTold) {
  World world(with_near_cache(Milliseconds(200)));
  world.wait_until(true);
  world.replicas.lost_feed = true;
  world.wait_until(false);
  ASSERT_TRUE(world.store->set("near:a", "1").ok());
  EXPECT_EQ(world.store->get("near:a").value(), "1");
  EXPECT_EQ(world.store->get("near:a").value(), "1");
  EXPECT_EQ(world.times("RABIA.GET near:a"), 2);
  world.replicas.lost_feed = false;
  world.wait_until(true);
  EXPECT_GE(world.store->metrics().watch_connections, 2U);
}

// Given options that make no sense, then it is said which.
TEST(ClientOptions, AreChecked) {
  EXPECT_TRUE(check(options()).ok());
  const std::pair<void (*)(kv::ClientOptions&), const char*> wrong[] = {
      {[](kv::ClientOptions& it) { it.replicas.clear(); }, "replicas"},
      {[](kv::ClientOptions& it) { it.replicas[1].port = 0; }, "replicas"},
      {[](kv::ClientOptions& it) { it.user = "me"; }, "user"},
      {[](kv::ClientOptions& it) { it.connections_per_replica_max = 0; },
       "connections_per_replica"},
      {[](kv::ClientOptions& it) { it.answer_within = {}; }, "answer_within"},
      {[](kv::ClientOptions& it) { it.retry_within = std::chrono::hours(1); }, "retry_within"},
      {[](kv::ClientOptions& it) { it.near_cache.emplace().entries_max = 0; }, "entries_max"},
      {[](kv::ClientOptions& it) { it.near_cache.emplace().age_max = Milliseconds(1); }, "age_max"},
      {[](kv::ClientOptions& it) { it.near_cache.emplace().prefix.assign(257, 'x'); }, "prefix"},
  };
  for (const auto& [spoil, name] : wrong) {
    kv::ClientOptions spoilt = options();
    spoil(spoilt);
    EXPECT_EQ(check(spoilt).code(), Code::invalid_argument) << name;
    EXPECT_NE(check(spoilt).message().find(name), std::string::npos) << name;
  }
}

// Given names of sessions, then they are UUIDs, and differ.
TEST(ClientOptions, MakeNamesThatNobodyElseHas) {
  const std::string name = make_session_name();
  EXPECT_EQ(name.size(), 36U);
  for (const std::size_t dash : {8U, 13U, 18U, 23U}) EXPECT_EQ(name[dash], '-');
  EXPECT_NE(name, make_session_name());
}

}  // namespace
}  // namespace rabia::client
