// The key-value store in a program: a tour, step by step, on three replicas in this process.
#include <array>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "rabia/kv/replicated_store.h"
#include "rabia/local_cluster.h"

namespace {

using namespace std::chrono_literals;
namespace kv = rabia::kv;

int steps = 0;
int failures = 0;

void step(const char* what) {
  std::printf("%d. %s\n", ++steps, what);
}

void expect(bool holds, const std::string& what) {
  std::printf("   %s %s\n", holds ? "ok:" : "FAILED:", what.c_str());
  if (!holds) ++failures;
}

bool ok(const rabia::Status& status) {
  if (!status.ok()) std::printf("   %s\n", status.message().c_str());
  return status.ok();
}

std::string value_of(kv::ReplicatedStore& store, const std::string& key) {
  const auto found = store.get(key);
  if (!found.ok()) return found.status().message();
  return found.value().value_or("(none)");
}

// Three replicas, and a store at each.
struct Cluster {
  std::unique_ptr<rabia::LocalCluster> replicas;
  std::array<std::unique_ptr<kv::ReplicatedStore>, 3> stores;

  bool attach(std::size_t index) {
    auto attached = kv::ReplicatedStore::attach(replicas->replica(index), replicas->machine(index));
    if (attached.ok()) stores[index] = attached.take();
    return ok(attached.status());
  }
  kv::ReplicatedStore& at(int replica) { return *stores[static_cast<std::size_t>(replica - 1)]; }
};

void operations(Cluster& cluster) {
  step("Set at one replica, get at another: reads are linearizable everywhere");
  expect(ok(cluster.at(1).set("user:1", "Ada")), "replica 1 sets user:1");
  expect(ok(cluster.at(2).set("user:2", "Grace")), "replica 2 sets user:2");
  expect(value_of(cluster.at(3), "user:1") == "Ada", "replica 3 reads user:1");

  step("Exists, list, size, delete");
  expect(cluster.at(1).exists("user:2").value(), "user:2 exists");
  expect(cluster.at(2).list_keys("user:").value().size() == 2, "two keys begin with user:");
  expect(cluster.at(3).del("user:2").value(), "replica 3 deletes user:2");
  expect(cluster.at(1).size().value() == 1, "one key is left");
}

void batch(Cluster& cluster) {
  step("A batch is applied as one, or not at all");
  const std::array<kv::Operation, 3> batch = {kv::Set{"a", "1"}, kv::Set{"b", "2"}, kv::Get{"a"}};
  const auto results = cluster.at(2).apply_commands(batch);
  expect(results.ok() && std::get<kv::Found>(results.value()[2]).value == "1",
         "a read in the batch sees the write before it");
  const std::array<kv::Operation, 2> invalid = {
      kv::Set{"a", "changed"}, kv::Set{std::string(kv::operation_key_bytes_max + 1, 'k'), ""}};
  const auto refused = cluster.at(2).apply_commands(invalid);
  expect(!refused.ok() && kv::StoreError(refused.status()).is_client_error(),
         "an invalid one is refused: " + refused.status().message());
  expect(value_of(cluster.at(1), "a") == "1", "and nothing of it was applied");
}

void changes(Cluster& cluster) {
  step("Changes come in the order of the log, with a revision that is the same everywhere");
  const auto stream = cluster.at(3).notifications().open_stream("flag:");
  if (!ok(stream.status())) return expect(false, "a stream of changes is open at replica 3");
  expect(ok(cluster.at(1).set("flag:new-ui", "on")), "replica 1 sets flag:new-ui");
  const std::optional<kv::ChangeNotification> change = stream.value()->next(10s);
  const auto* set = change ? std::get_if<kv::KeySet>(&change->what) : nullptr;
  expect(set != nullptr && set->value == "on",
         "replica 3 is told, at revision " + std::to_string(change ? change->revision : 0));
}

void expiry(Cluster& cluster) {
  step("A key with a time to live expires on all replicas at one place of the log");
  expect(ok(cluster.at(1).set("session", "token", 100ms)), "session lives for 100 ms");
  std::this_thread::sleep_for(1s);
  expect(!cluster.at(2).exists("session").value(), "and is gone");
}

void state(Cluster& cluster) {
  step("The state as a whole, and as bytes for a new store");
  const kv::StoreState state = cluster.at(1).state().value();
  std::printf("   %zu keys after %llu changes\n", state.data.size(),
              static_cast<unsigned long long>(state.operation_count));
  const std::string bytes = cluster.at(1).serialize_state().value();
  auto created = kv::KVStoreSMR::create();
  if (!ok(created.status())) return expect(false, "a new store is created");
  expect(ok(created.value()->deserialize_state(bytes)), "a new store takes them");
  expect(created.value()->size().value() == state.data.size(), "and is as large");
}

void loss(Cluster& cluster) {
  step("A replica is lost, the others go on, it comes back");
  cluster.stores[0].reset();
  expect(ok(cluster.replicas->stop(0)), "replica 1 stops");
  expect(ok(cluster.at(2).set("while", "away")), "replica 2 goes on at once: there is no leader");
  expect(ok(cluster.replicas->start(0)) && cluster.attach(0), "replica 1 comes back");
  expect(value_of(cluster.at(1), "while") == "away", "and has what it missed");
  expect(ok(cluster.replicas->wait_until_equal()), "all states are equal");
}

}  // namespace

int main() {
  kv::StoreConfig config;
  config.max_entries = 1'000;
  config.enable_notifications = true;
  auto opened = rabia::LocalCluster::open({}, [&config] { return kv::make_store(config); });
  if (!ok(opened.status())) return 1;
  Cluster cluster{opened.take(), {}};
  for (std::size_t i = 0; i < 3; ++i) {
    if (!cluster.attach(i)) return 1;
  }
  operations(cluster);
  batch(cluster);
  changes(cluster);
  expiry(cluster);
  state(cluster);
  loss(cluster);
  std::printf("%d steps, %d failures\n", steps, failures);
  return failures == 0 ? 0 : 1;
}
