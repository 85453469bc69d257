// The key-value store in your own program: every replica takes reads and writes, and all agree.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rabia/ids.h"
#include "rabia/kv/notification_bus.h"
#include "rabia/kv/operation.h"
#include "rabia/kv/store_config.h"
#include "rabia/kv/store_error.h"
#include "rabia/replica.h"
#include "rabia/result.h"
#include "rabia/state_machine.h"

namespace rabia::kv {

// Everything that a store holds, as it was at one place of the log.
struct StoreState {
  std::map<std::string, std::string> data;
  std::uint64_t operation_count = 0;  // Changes that there were: the revision.
  LogTime created_at;                 // Of the first batch of the log.
  LogTime last_modified;              // Of the last change; 0: there was none.
};

// Of one replica, since it was opened; zero when its config has no metrics.
struct StoreMetrics {
  std::uint64_t reads = 0;  // Operations and batches that were asked for here.
  std::uint64_t writes = 0;
  std::uint64_t failures = 0;  // Of these.
  std::uint64_t keys = 0;
  std::uint64_t memory_bytes = 0;  // Of keys, values and table, as max_memory_bytes counts them.
  std::uint64_t keys_expired = 0;
  std::uint64_t keys_evicted = 0;
};

// A state machine that is a store: for LocalCluster and Replica, with ReplicatedStore::attach().
[[nodiscard]] std::unique_ptr<StateMachine> make_store(const StoreConfig& config = {});

// A store at one replica. Linearizable: an operation sees everything that was answered anywhere
// before it began. Any thread may call anything, but the functions that wait for an answer (all
// that take no `done`) are answered Code::failed_precondition from inside a callback.
//
// Errors are Statuses, for which StoreError has questions. Code::invalid_argument: the operation is
// none, and nothing was done; exhausted: a limit is reached; unavailable: nothing was done, try
// again; unknown_outcome: it may have been done.
class ReplicatedStore {
 public:
  // One replica that is alone, in the memory of this process: for tests, and to begin with.
  static rabia::Result<std::unique_ptr<ReplicatedStore>> create(const StoreConfig& config = {});
  static rabia::Result<std::unique_ptr<ReplicatedStore>> create_with_notifications();
  // A member of a cluster; see Replica::open().
  static rabia::Result<std::unique_ptr<ReplicatedStore>> open(const ReplicaOptions& options,
                                                              const StoreConfig& config = {});
  // At a replica, and its machine of make_store(). Both outlive it; one of it at a time. When the
  // replica serves, the limits of its config are in force when this returns, unless the cluster has
  // others; else they come with the first writes. Subscriptions end with it.
  static rabia::Result<std::unique_ptr<ReplicatedStore>> attach(Replica& replica,
                                                                StateMachine& machine);
  ~ReplicatedStore();
  ReplicatedStore(const ReplicatedStore&) = delete;
  ReplicatedStore& operator=(const ReplicatedStore&) = delete;

  // --- Operations. Each waits for its answer.

  Status set(std::string key, std::string value);
  Status set(std::string key, std::string value, std::chrono::milliseconds time_to_live);
  [[nodiscard]] rabia::Result<std::optional<std::string>> get(std::string key);
  rabia::Result<bool> del(std::string key);  // True: it was there.
  [[nodiscard]] rabia::Result<bool> exists(std::string key);
  // The replica does nothing else while it looks at all keys.
  [[nodiscard]] rabia::Result<std::vector<std::string>> list_keys(std::string prefix = {});
  Status clear();
  [[nodiscard]] rabia::Result<std::uint64_t> size();

  rabia::Result<Result> apply_command(const Operation& operation);
  using OnResult = std::function<void(rabia::Result<Result>)>;
  void apply_command(const Operation& operation, OnResult done);

  // All at one place of the log, in this order, on every replica, or none: reads see the writes
  // before them. An operation that is invalid: the message says which, and nothing was done.
  rabia::Result<std::vector<Result>> apply_commands(std::span<const Operation> operations);
  rabia::Result<std::vector<Result>> apply_commands(std::initializer_list<Operation> operations) {
    return apply_commands(std::span(operations.begin(), operations.size()));
  }
  using OnResults = std::function<void(rabia::Result<std::vector<Result>>)>;
  void apply_commands(std::span<const Operation> operations, OnResults done);

  // --- The state as a whole: for stores that are small enough to be copied at once.

  [[nodiscard]] rabia::Result<StoreState> state();
  // The keys with values and deadlines; the same bytes at all replicas that hold the same.
  [[nodiscard]] rabia::Result<std::string> serialize_state();
  // Replaces all contents by those, at one place of the log. Code::corrupted: these are no such
  // bytes, and nothing was done; invalid_argument: they are more than a command may be; exhausted:
  // a limit is reached, of what there is and what comes together: clear() first.
  Status deserialize_state(std::string_view bytes);

  // --- Changes

  [[nodiscard]] NotificationBus& notifications();
  rabia::Result<SubscriptionId> subscribe_to_changes(NotificationBus::Callback callback);
  rabia::Result<SubscriptionId> subscribe_to_prefix(const std::string& prefix,
                                                    NotificationBus::Callback callback);
  bool unsubscribe(SubscriptionId id);

  // ---

  [[nodiscard]] StoreMetrics metrics();
  [[nodiscard]] Replica& replica();

 private:
  class Impl;
  struct Owned;
  ReplicatedStore(std::unique_ptr<Owned> owned, std::unique_ptr<Impl> impl);
  static rabia::Result<std::unique_ptr<ReplicatedStore>> attach(std::unique_ptr<Owned> owned,
                                                                Replica& replica,
                                                                StateMachine& machine);

  std::unique_ptr<Owned> owned_;
  std::unique_ptr<Impl> impl_;  // Ends before what is owned.
};

// As the mission calls it.
using KVStoreSMR = ReplicatedStore;

}  // namespace rabia::kv
