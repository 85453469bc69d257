#include "rabia/kv/replicated_store.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <future>
#include <mutex>
#include <thread>

#include "rabia/local_cluster.h"
#include "rabia/small_state_machine.h"

namespace rabia::kv {
namespace {

using namespace std::chrono_literals;

std::unique_ptr<ReplicatedStore> made(rabia::Result<std::unique_ptr<ReplicatedStore>> result) {
  EXPECT_TRUE(result.ok()) << result.status().message();
  return result.take();
}

// Three replicas with a store at each.
struct Three {
  explicit Three(const StoreConfig& config = {}) {
    auto opened = LocalCluster::open({}, [config] { return make_store(config); });
    EXPECT_TRUE(opened.ok()) << opened.status().message();
    cluster = opened.take();
    for (std::size_t i = 0; i < 3; ++i) attach(i);
  }
  void attach(std::size_t index) {
    stores[index] = made(ReplicatedStore::attach(cluster->replica(index), cluster->machine(index)));
  }
  std::unique_ptr<LocalCluster> cluster;
  std::array<std::unique_ptr<ReplicatedStore>, 3> stores;
};

TEST(ReplicatedStore, DoesWhatTheMissionNames) {
  const auto store = made(KVStoreSMR::create());
  EXPECT_EQ(store->get("a").value(), std::nullopt);
  ASSERT_TRUE(store->set("a", "1").ok());
  ASSERT_TRUE(store->set("b", "2").ok());
  EXPECT_EQ(store->get("a").value(), "1");
  EXPECT_TRUE(store->exists("b").value());
  EXPECT_EQ(store->list_keys().value().size(), 2U);
  EXPECT_EQ(store->list_keys("b").value(), std::vector<std::string>{"b"});
  EXPECT_TRUE(store->del("a").value());
  EXPECT_FALSE(store->del("a").value());
  EXPECT_EQ(store->size().value(), 1U);
  ASSERT_TRUE(store->clear().ok());
  EXPECT_EQ(store->size().value(), 0U);
  EXPECT_EQ(std::get<Count>(store->apply_command(Size{}).value()).keys, 0U);
}

// Given writes at one replica, then a read at another that begins afterwards sees them, also at one
// that was away.
TEST(ReplicatedStore, ReadsAreLinearizableAtEveryReplica) {
  Three three;
  for (int i = 0; i < 30; ++i) {
    const std::size_t at = static_cast<std::size_t>(i) % 3;
    ASSERT_TRUE(three.stores[at]->set("k", std::to_string(i)).ok());
    ASSERT_EQ(three.stores[(at + 1) % 3]->get("k").value(), std::to_string(i));
  }
  three.stores[2].reset();
  ASSERT_TRUE(three.cluster->stop(2).ok());
  ASSERT_TRUE(three.stores[0]->set("k", "meanwhile").ok());
  ASSERT_TRUE(three.cluster->start(2).ok());
  three.attach(2);
  EXPECT_EQ(three.stores[2]->get("k").value(), "meanwhile");
  EXPECT_TRUE(three.cluster->wait_until_equal().ok());
}

TEST(ReplicatedStore, ABatchIsOneOrNothing) {
  Three three;
  const std::array<Operation, 3> swap = {Set{"a", "1"}, Get{"a"}, Set{"b", "2"}};
  const auto results = three.stores[0]->apply_commands(swap);
  ASSERT_TRUE(results.ok()) << results.status().message();
  EXPECT_EQ(std::get<Found>(results.value()[1]).value, "1");
  const std::array<Operation, 2> invalid = {Set{"a", "changed"},
                                            Get{std::string(operation_key_bytes_max + 1, 'k')}};
  EXPECT_EQ(three.stores[1]->apply_commands(invalid).status().code(), Code::invalid_argument);
  EXPECT_EQ(three.stores[2]->get("a").value(), "1");
  const std::array<Operation, 3> reads = {Get{"a"}, Exists{"b"}, Size{}};
  const auto seen = three.stores[2]->apply_commands(reads);
  ASSERT_TRUE(seen.ok()) << seen.status().message();
  EXPECT_EQ(std::get<Count>(seen.value()[2]).keys, 2U);
  EXPECT_TRUE(three.stores[0]->apply_commands({}).value().empty());
}

// Given batches of pairs from several threads at all replicas, then whoever reads both of a pair at
// once sees them equal.
TEST(ReplicatedStore, BatchesAreAtomic) {
  Three three;
  std::atomic<bool> done = false;
  std::vector<std::thread> writing;
  for (std::size_t at = 0; at < 3; ++at) {
    writing.emplace_back([&, at] {
      for (int i = 0; i < 100; ++i) {
        const std::string value = std::to_string(at) + "/" + std::to_string(i);
        const std::array<Operation, 2> pair = {Set{"x", value}, Set{"y", value}};
        ASSERT_TRUE(three.stores[at]->apply_commands(pair).ok());
      }
    });
  }
  std::thread reading([&] {
    const std::array<Operation, 2> both = {Get{"x"}, Get{"y"}};
    while (!done) {
      const auto seen = three.stores[0]->apply_commands(both);
      ASSERT_TRUE(seen.ok()) << seen.status().message();
      ASSERT_EQ(std::get<Found>(seen.value()[0]).value, std::get<Found>(seen.value()[1]).value);
    }
  });
  for (std::thread& each : writing) each.join();
  done = true;
  reading.join();
}

TEST(ReplicatedStore, AnswersByCallback) {
  const auto store = made(ReplicatedStore::create());
  constexpr int operations = 200;
  std::atomic<int> answered = 0;
  std::promise<void> all;
  for (int i = 0; i < operations; ++i) {
    store->apply_command(Set{std::to_string(i), "x"}, [&](const rabia::Result<Result>& result) {
      EXPECT_TRUE(result.ok());
      if (++answered == operations) all.set_value();
    });
  }
  all.get_future().wait();
  EXPECT_EQ(store->size().value(), 200U);
}

TEST(ReplicatedStore, StateTellsOfItsTimes) {
  const auto store = made(ReplicatedStore::create());
  ASSERT_TRUE(store->set("a", "1").ok());
  const StoreState first = store->state().value();
  EXPECT_EQ(first.data, (std::map<std::string, std::string>{{"a", "1"}}));
  EXPECT_EQ(first.operation_count, 1U);
  EXPECT_GT(first.created_at.value, 1'600'000'000'000U);
  std::this_thread::sleep_for(20ms);
  ASSERT_TRUE(store->set("a", "2").ok());
  const StoreState second = store->state().value();
  EXPECT_EQ(second.created_at, first.created_at);
  EXPECT_GT(second.last_modified, first.last_modified);
  EXPECT_EQ(second.operation_count, 2U);
}

TEST(ReplicatedStore, AStateIsRestoredIntoANewStore) {
  const auto store = made(ReplicatedStore::create());
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(store->set(std::to_string(i), "x").ok());
  ASSERT_TRUE(store->set("fleeting", "x", 1h).ok());
  const std::string bytes = store->serialize_state().value();
  const auto other = made(ReplicatedStore::create());
  ASSERT_TRUE(other->set("gone", "y").ok());
  ASSERT_TRUE(other->deserialize_state(bytes).ok());
  EXPECT_EQ(other->size().value(), store->size().value());
  EXPECT_EQ(other->serialize_state().value(), bytes);
  EXPECT_EQ(other->deserialize_state(bytes.substr(1)).code(), Code::corrupted);
  EXPECT_EQ(other->size().value(), 51U);
}

TEST(ReplicatedStore, SubscribersAreToldOfChangesInOrder) {
  const auto store = made(ReplicatedStore::create_with_notifications());
  std::mutex mutex;
  std::vector<std::string> told;
  const auto id = store->subscribe_to_prefix("user:", [&](const ChangeNotification& change) {
    const std::lock_guard lock(mutex);
    if (const auto* set = std::get_if<KeySet>(&change.what)) {
      told.push_back(set->key + "=" + set->value + set->old_value.value_or("-"));
    } else if (const auto* gone = std::get_if<KeyDeleted>(&change.what)) {
      told.push_back(gone->key + " was " + gone->old_value);
    } else if (const auto* cleared = std::get_if<StoreCleared>(&change.what)) {
      told.push_back("cleared " + std::to_string(cleared->key_count));
    }
  });
  ASSERT_TRUE(id.ok()) << id.status().message();
  const auto stream = store->notifications().open_stream().take();
  ASSERT_TRUE(store->set("user:1", "a").ok());
  ASSERT_TRUE(store->set("other", "b").ok());
  ASSERT_TRUE(store->set("user:1", "c").ok());
  ASSERT_TRUE(store->del("user:1").value());
  ASSERT_TRUE(store->clear().ok());
  for (std::uint64_t revision = 1; revision <= 5; ++revision) {
    const auto next = stream->next(std::chrono::milliseconds::max());
    ASSERT_TRUE(next.has_value()) << revision;
    EXPECT_EQ(next->revision, revision);
  }
  EXPECT_FALSE(stream->next(0ms).has_value());
  const auto last = std::chrono::steady_clock::now() + 10s;
  for (;;) {
    const std::lock_guard lock(mutex);
    if (told.size() == 4 || std::chrono::steady_clock::now() > last) break;
  }
  EXPECT_EQ(told,
            (std::vector<std::string>{"user:1=a-", "user:1=ca", "user:1 was c", "cleared 1"}));
  EXPECT_EQ(store->notifications().subscribers(), 2U);
  EXPECT_TRUE(store->unsubscribe(id.value()));
  EXPECT_FALSE(store->unsubscribe(id.value()));
}

// Given a subscriber that knows changes up to a revision, when it goes on at another replica, then
// it is told of each that follows, once.
TEST(ReplicatedStore, ASubscriberGoesOnAtAnotherReplica) {
  StoreConfig config;
  config.enable_notifications = true;
  Three three(config);
  std::uint64_t known = 0;
  {
    const auto stream = three.stores[0]->notifications().open_stream("k").take();
    for (int i = 0; i < 10; ++i)
      ASSERT_TRUE(three.stores[1]->set("k" + std::to_string(i), "").ok());
    for (int i = 0; i < 4; ++i) known = stream->next(10s).value().revision;
  }
  ASSERT_TRUE(three.stores[2]->get("k9").value().has_value());  // It holds them all.
  const auto stream = three.stores[2]->notifications().open_stream("k", known).take();
  for (std::uint64_t revision = known + 1; revision <= 10; ++revision) {
    EXPECT_EQ(stream->next(10s).value().revision, revision);
  }
  EXPECT_EQ(three.stores[2]->notifications().open_stream("", 99).status().code(), Code::not_found);
}

// Given a store that ends, with changes that its subscriber was not told of, then nobody tells that
// one any more, and the subscribers of the next store at the replica are told.
TEST(ReplicatedStore, SubscriptionsEndWithTheirStore) {
  StoreConfig config;
  config.enable_notifications = true;
  Three three(config);
  std::atomic<int> told_before = 0;
  for (int round = 0; round < 20; ++round) {
    ASSERT_TRUE(three.stores[0]->subscribe_to_changes([&](const auto&) { ++told_before; }).ok());
    three.stores[1]->apply_command(Set{"k", "v"}, nullptr);
    three.stores[0].reset();
    const int before = told_before;
    ASSERT_TRUE(three.stores[1]->set("k", "w").ok());
    three.attach(0);
    std::promise<void> told;
    std::once_flag once;
    const auto id = three.stores[0]->subscribe_to_changes(
        [&](const auto&) { std::call_once(once, [&] { told.set_value(); }); });
    ASSERT_TRUE(id.ok());
    ASSERT_TRUE(three.stores[2]->set("k", "x").ok());
    ASSERT_EQ(told.get_future().wait_for(10s), std::future_status::ready) << round;
    EXPECT_EQ(told_before, before);
    EXPECT_EQ(three.stores[0]->notifications().subscribers(), 1U);
    ASSERT_TRUE(three.stores[0]->unsubscribe(id.value()));
  }
}

// Given keys that are due, more than a batch removes, then nobody counts them.
TEST(ReplicatedStore, SizeCountsWhatThereIs) {
  const auto store = made(ReplicatedStore::create());
  std::vector<Operation> operations;
  for (int i = 0; i < 5'000; ++i) operations.push_back(Set{std::to_string(i), "", 50ms});
  ASSERT_TRUE(store->apply_commands(operations).ok());
  const std::array<Operation, 2> looks = {Size{}, ListKeys{}};
  for (std::size_t left = 1; left > 0;) {
    const auto seen = store->apply_commands(looks).take();
    left = std::get<Keys>(seen[1]).keys.size();
    ASSERT_EQ(std::get<Count>(seen[0]).keys, left);
  }
}

TEST(ReplicatedStore, WithoutNotificationsASubscriberIsToldSo) {
  const auto store = made(ReplicatedStore::create());
  EXPECT_EQ(store->subscribe_to_changes([](const auto&) {}).status().code(),
            Code::failed_precondition);
}

// Given a stream that is not taken from while the history loses what it was not told, then it is
// told that it lagged, and goes on.
TEST(ReplicatedStore, WhoIsSlowIsToldThatItLagged) {
  StoreConfig config;
  config.enable_notifications = true;
  config.notification_buffer_size = 4;
  config.notification_history_bytes = 64 << 10;
  const auto store = made(ReplicatedStore::create(config));
  const auto stream = store->notifications().open_stream().take();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(store->set("k", std::string(8'000, 'x')).ok());
  std::uint64_t revision = 0;
  bool lagged = false;
  while (revision < 100) {
    const auto next = stream->next(10s);
    ASSERT_TRUE(next.has_value());
    if (std::holds_alternative<Lagged>(next->what)) {
      lagged = true;
    } else {
      EXPECT_EQ(next->revision, revision + 1);
    }
    revision = next->revision;
  }
  EXPECT_TRUE(lagged);
}

// Each field of StoreConfig, by what it changes.

TEST(StoreConfig, MaxEntriesIsALimitOfTheCluster) {
  StoreConfig config;
  config.max_entries = 2;
  Three three(config);
  for (const char* key : {"a", "b"}) ASSERT_TRUE(three.stores[0]->set(key, "").ok());
  const Status refused = three.stores[1]->set("c", "");
  EXPECT_EQ(refused.code(), Code::exhausted) << refused.message();
  EXPECT_TRUE(StoreError(refused).is_recoverable());
  const std::array<Operation, 2> batch = {Set{"b", "x"}, Set{"c", ""}};
  const Status refused_as_one = three.stores[1]->apply_commands(batch).status();
  EXPECT_EQ(refused_as_one.code(), Code::exhausted) << refused_as_one.message();
  EXPECT_EQ(three.stores[1]->get("b").value(), "");
  ASSERT_TRUE(three.stores[2]->del("a").value());
  EXPECT_TRUE(three.stores[1]->set("c", "").ok());
}

TEST(StoreConfig, MaxMemoryBytesIsALimit) {
  StoreConfig config;
  config.max_memory_bytes = 100'000;
  const auto store = made(ReplicatedStore::create(config));
  Status last;
  int written = 0;
  for (; written < 200 && last.ok(); ++written) {
    last = store->set(std::to_string(written), std::string(1'000, 'x'));
  }
  EXPECT_EQ(last.code(), Code::exhausted);
  EXPECT_GT(written, 50);
  EXPECT_LT(written, 110);
}

// Bytes of the snapshots of a store that held much of the same.
std::uint64_t snapshot_bytes(bool compression) {
  const std::filesystem::path directory =
      std::filesystem::temp_directory_path() / ("rabia-store-test-" + Session().name());
  ReplicaOptions options;
  options.data_directory = directory;
  options.bootstrap = true;
  StoreConfig config;
  config.snapshot_compression = compression;
  std::uint64_t bytes = 0;
  {
    const auto store = made(ReplicatedStore::open(options, config));
    EXPECT_TRUE(store->replica().wait_until_serving(30s));
    EXPECT_TRUE(store->set("k", std::string(1 << 20, 'x')).ok());
    EXPECT_TRUE(store->replica().take_snapshot().ok());
    for (const auto& file : std::filesystem::directory_iterator(directory / "snapshots")) {
      bytes += file.file_size();
    }
  }
  std::filesystem::remove_all(directory);
  return bytes;
}

TEST(StoreConfig, SnapshotsAreCompressedOrNot) {
  EXPECT_GT(snapshot_bytes(false), 1U << 20);
  EXPECT_LT(snapshot_bytes(true), 1U << 17);
}

TEST(StoreConfig, KeyExpirationCanBeOff) {
  StoreConfig config;
  const auto expires = made(ReplicatedStore::create(config));
  config.key_expiration_enabled = false;
  const auto lasts = made(ReplicatedStore::create(config));
  for (const auto& store : {expires.get(), lasts.get()}) {
    ASSERT_TRUE(store->set("a", "", 1ms).ok());
    std::this_thread::sleep_for(30ms);
    ASSERT_TRUE(store->set("b", "").ok());  // The log's clock goes on.
  }
  EXPECT_FALSE(expires->exists("a").value());
  EXPECT_TRUE(lasts->exists("a").value());
  ASSERT_TRUE(lasts->deserialize_state(lasts->serialize_state().value()).ok());
  EXPECT_TRUE(lasts->exists("a").value());
}

TEST(StoreConfig, MetricsCountOrDoNot) {
  StoreConfig config;
  const auto counts = made(ReplicatedStore::create(config));
  config.metrics_enabled = false;
  const auto does_not = made(ReplicatedStore::create(config));
  for (const auto& store : {counts.get(), does_not.get()}) {
    ASSERT_TRUE(store->set("a", "1").ok());
    ASSERT_TRUE(store->get("a").ok());
    EXPECT_FALSE(store->get(std::string(operation_key_bytes_max + 1, 'k')).ok());
  }
  const StoreMetrics metrics = counts->metrics();
  EXPECT_EQ(metrics.writes, 1U);
  EXPECT_EQ(metrics.reads, 2U);
  EXPECT_EQ(metrics.failures, 1U);
  EXPECT_EQ(metrics.keys, 1U);
  EXPECT_GT(metrics.memory_bytes, 0U);
  EXPECT_EQ(does_not->metrics().reads, 0U);
  EXPECT_EQ(does_not->metrics().keys, 0U);
}

TEST(StoreError, SaysWhoCanDoWhat) {
  const auto error = [](Code code) { return StoreError(Status(code, "x")); };
  EXPECT_TRUE(error(Code::unavailable).is_recoverable());
  EXPECT_TRUE(error(Code::unavailable).is_server_error());
  EXPECT_TRUE(error(Code::invalid_argument).is_client_error());
  EXPECT_FALSE(error(Code::invalid_argument).is_recoverable());
  EXPECT_FALSE(error(Code::corrupted).is_recoverable());
  EXPECT_TRUE(error(Code::corrupted).is_server_error());
  EXPECT_EQ(error(Code::exhausted).message(), "x");
}

TEST(ReplicatedStore, IsOneAtAReplica) {
  Three three;
  const auto attach = [&](std::size_t replica, std::size_t machine) {
    return ReplicatedStore::attach(three.cluster->replica(replica), three.cluster->machine(machine))
        .status()
        .code();
  };
  EXPECT_EQ(attach(0, 0), Code::already_exists);
  EXPECT_EQ(attach(0, 1), Code::invalid_argument);
  three.stores[0].reset();
  EXPECT_EQ(attach(0, 0), Code::ok);
}

// Given a callback that waits for an answer, then it is told that it may not, and nothing hangs.
TEST(ReplicatedStore, ACallbackThatWaitsIsToldSo) {
  const auto store = made(ReplicatedStore::create_with_notifications());
  std::promise<Code> promise;
  const auto id = store->subscribe_to_changes(
      [&](const auto&) { promise.set_value(store->get("a").status().code()); });
  ASSERT_TRUE(id.ok());
  ASSERT_TRUE(store->apply_commands({Set{"a", "1"}}).ok());
  EXPECT_EQ(promise.get_future().get(), Code::failed_precondition);
  EXPECT_EQ(store->get("a").value(), "1");
}

TEST(ReplicatedStore, RefusesAMachineThatIsNoStore) {
  class Nothing final : public SmallStateMachine {
    std::string execute(const ApplyContext&, std::string_view) override { return {}; }
    [[nodiscard]] std::string save() const override { return {}; }
    Status load(std::string_view) override { return {}; }
  };
  auto cluster =
      LocalCluster::open({.replicas = 1}, [] { return std::make_unique<Nothing>(); }).take();
  EXPECT_EQ(ReplicatedStore::attach(cluster->replica(0), cluster->machine(0)).status().code(),
            Code::invalid_argument);
}

}  // namespace
}  // namespace rabia::kv
