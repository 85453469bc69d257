// A program of somebody else's: a state machine of its own and a store, on the installed library.
#include <cstdio>
#include <memory>
#include <string>

#include "rabia/kv/client.h"
#include "rabia/kv/replicated_store.h"
#include "rabia/local_cluster.h"
#include "rabia/small_state_machine.h"

namespace {

// Remembers the longest word.
class Longest final : public rabia::SmallStateMachine {
  std::string execute(const rabia::ApplyContext& /*context*/, std::string_view command) override {
    if (command.size() > longest_.size()) longest_ = command;
    return longest_;
  }
  [[nodiscard]] std::string save() const override { return longest_; }
  rabia::Status load(std::string_view bytes) override {
    longest_ = bytes;
    return {};
  }
  std::string longest_;
};

}  // namespace

int main() {
  auto cluster = rabia::LocalCluster::open({}, [] { return std::make_unique<Longest>(); });
  if (!cluster.ok()) return 1;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto reply = cluster.value()->replica(i).submit(std::string(i + 1, 'x')).get();
    if (!reply.ok() || reply.value().size() != i + 1) return 2;
  }
  auto store = rabia::kv::KVStoreSMR::create();
  if (!store.ok() || !store.value()->set("key", "value").ok()) return 3;
  if (store.value()->get("key").value() != "value") return 4;
  rabia::kv::ClientOptions nobody;
  nobody.replicas = {{"127.0.0.1", 1}};
  nobody.retry_within = std::chrono::milliseconds(50);
  if (rabia::kv::Client::connect(nobody).status().code() != rabia::Code::unavailable) return 5;
  std::puts("replicated");
  return 0;
}
