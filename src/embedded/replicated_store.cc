#include "rabia/kv/replicated_store.h"

#include <atomic>
#include <future>
#include <utility>

#include "embedded/node_bus.h"
#include "embedded/operation_codec.h"
#include "embedded/state_codec.h"
#include "embedded/store_node.h"
#include "kv/operations.h"
#include "rabia/local_cluster.h"

namespace rabia::kv {
namespace {

using embedded::StoreNode;

constexpr auto relaxed = std::memory_order_relaxed;

struct Counters {
  std::atomic<std::uint64_t> reads = 0;
  std::atomic<std::uint64_t> writes = 0;
  std::atomic<std::uint64_t> failures = 0;
};

// What the first member of a cluster brings.
std::string encode_limits(const StoreConfig& config) {
  std::string out;
  encode_set_limits(
      out,
      std::vector<LimitChange>{
          {LimitField::max_entries, config.max_entries},
          {LimitField::max_memory_bytes, config.max_memory_bytes},
          {LimitField::key_expiration_enabled, config.key_expiration_enabled ? 1U : 0U},
      },
      true);
  return out;
}

Status check(const StoreConfig& config) {
  if (std::max(config.max_entries, config.max_memory_bytes) > Limits::most) {
    return {Code::invalid_argument, "max_entries and max_memory_bytes: at most 2^50"};
  }
  return {};
}

// Waits for what is given to its callback.
template <typename T, typename Start>
T wait_for(const Replica& replica, Start start) {
  if (replica.is_own_thread()) {
    return Status(Code::failed_precondition,
                  "this waits for an answer, and was called from a callback, by the thread that "
                  "answers: use the form with a callback");
  }
  // Shared: set_value() may still be at work when the answer is there already.
  const auto promise = std::make_shared<std::promise<T>>();
  start([promise](T value) { promise->set_value(std::move(value)); });
  return promise->get_future().get();
}

// The payload of the one kind that the operation is answered with.
template <typename Payload, typename Get>
auto payload_of(rabia::Result<Result> result, Get get)
    -> rabia::Result<decltype(get(std::declval<Payload&>()))> {
  if (!result.ok()) return result.status();
  return get(std::get<Payload>(result.value()));
}

}  // namespace

class ReplicatedStore::Impl {
 public:
  Impl(Replica& replica, StoreNode& node)
      : replica_(replica),
        node_(node),
        counters_(node.config().metrics_enabled ? std::make_shared<Counters>() : nullptr),
        bus_(replica, node) {}
  ~Impl() { node_.give_back(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  // As long as none of these have come into the log, each write brings them.
  void offer_limits(const std::function<void(Status)>& done) {
    if (limits_->exchange(Offer::under_way, relaxed) != Offer::due) return done({});
    replica_.submit(encode_limits(node_.config()),
                    [limits = limits_, done](const Replica::Reply& reply) {
                      limits->store(reply.ok() ? Offer::accepted : Offer::due, relaxed);
                      done(reply.status());
                    });
  }
  [[nodiscard]] bool must_offer_limits() const { return limits_->load(relaxed) == Offer::due; }

  void apply(const Operation& operation, OnResult done) {
    if (!done) done = [](const rabia::Result<Result>&) {};
    done = counted(embedded::is_read(operation), std::move(done));
    if (Status checked = embedded::check(operation); !checked.ok()) return done(checked);
    if (embedded::is_read(operation)) {
      return read(
          {embedded::encode_read(operation)},
          [operation, done = std::move(done)](Status status, std::span<const std::string> answers) {
            if (!status.ok()) return done(std::move(status));
            done(embedded::decode_answer(operation, answers.front()));
          });
    }
    write(embedded::encode_write(operation),
          [operation, done = std::move(done)](const Replica::Reply& reply) {
            if (!reply.ok()) return done(reply.status());
            done(embedded::decode_answer(operation, reply.value()));
          });
  }

  void apply(std::span<const Operation> operations, OnResults done) {
    if (!done) done = [](const rabia::Result<std::vector<Result>>&) {};
    const bool reads = std::ranges::all_of(operations, embedded::is_read);
    done = counted(reads, std::move(done));
    if (Status checked = embedded::check(operations); !checked.ok()) return done(checked);
    std::vector<Operation> kept(operations.begin(), operations.end());
    if (reads) {
      std::vector<std::string> encoded;
      for (const Operation& each : operations) encoded.push_back(embedded::encode_read(each));
      return read(std::move(encoded), [kept = std::move(kept), done = std::move(done)](
                                          Status status, std::span<const std::string> answers) {
        if (!status.ok()) return done(std::move(status));
        std::vector<Result> results;
        for (std::size_t i = 0; i < kept.size(); ++i) {
          auto result = embedded::decode_answer(kept[i], answers[i]);
          if (!result.ok()) return done(result.status());
          results.push_back(result.take());
        }
        done(std::move(results));
      });
    }
    write(embedded::encode_batch(operations),
          [kept = std::move(kept), done = std::move(done)](const Replica::Reply& reply) {
            if (!reply.ok()) return done(reply.status());
            done(embedded::decode_batch_answer(kept, reply.value()));
          });
  }

  void write(std::string command, Replica::Done done) {
    if (must_offer_limits()) offer_limits([](const Status&) {});
    replica_.submit(std::move(command), std::move(done));
  }
  // Calls `look` at the store when a linearizable read may.
  [[nodiscard]] Status look(const std::function<void(const StoreNode&)>& look) {
    return replica_.read([&] { look(node_); });
  }

  [[nodiscard]] StoreMetrics metrics() {
    StoreMetrics out;
    if (!counters_) return out;
    out.reads = counters_->reads.load(relaxed);
    out.writes = counters_->writes.load(relaxed);
    out.failures = counters_->failures.load(relaxed);
    replica_.peek([&] {
      const Store& store = node_.store();
      out.keys = store.size();
      out.memory_bytes = store.account_bytes();
      out.keys_expired = store.keys_expired();
      out.keys_evicted = store.keys_evicted();
    });
    return out;
  }

  [[nodiscard]] NotificationBus& bus() { return bus_; }
  [[nodiscard]] Replica& replica() { return replica_; }

 private:
  enum class Offer : std::uint8_t { due, under_way, accepted };

  // All at one place of the log.
  void read(std::vector<std::string> reads,
            std::function<void(Status status, std::span<const std::string> answers)> done) {
    const auto answers = std::make_shared<std::vector<std::string>>(reads.size());
    replica_.read(
        [&node = node_, answers, reads = std::move(reads)] {
          for (std::size_t i = 0; i < reads.size(); ++i) {
            embedded::answer_read(node.store(), reads[i], (*answers)[i]);
          }
        },
        [answers, done = std::move(done)](Status status) { done(std::move(status), *answers); });
  }

  template <typename Answer>
  std::function<void(Answer)> counted(bool reads, std::function<void(Answer)> done) {
    if (!counters_) return done;
    (reads ? counters_->reads : counters_->writes).fetch_add(1, relaxed);
    return [counters = counters_, done = std::move(done)](Answer answer) {
      if (!answer.ok()) counters->failures.fetch_add(1, relaxed);
      done(std::move(answer));
    };
  }

  Replica& replica_;
  StoreNode& node_;
  // Shared with what is under way, which may end later.
  std::shared_ptr<Counters> counters_;
  std::shared_ptr<std::atomic<Offer>> limits_ = std::make_shared<std::atomic<Offer>>(Offer::due);
  embedded::NodeBus bus_;
};

// What a store may own, in the order in which it was made.
struct ReplicatedStore::Owned {
  std::unique_ptr<StateMachine> machine;
  std::unique_ptr<Replica> replica;
  std::unique_ptr<LocalCluster> cluster;
};

ReplicatedStore::ReplicatedStore(std::unique_ptr<Owned> owned, std::unique_ptr<Impl> impl)
    : owned_(std::move(owned)), impl_(std::move(impl)) {}
ReplicatedStore::~ReplicatedStore() = default;

std::unique_ptr<StateMachine> make_store(const StoreConfig& config) {
  return std::make_unique<StoreNode>(config);
}

rabia::Result<std::unique_ptr<ReplicatedStore>> ReplicatedStore::attach(Replica& replica,
                                                                        StateMachine& machine) {
  return attach(std::make_unique<Owned>(), replica, machine);
}

rabia::Result<std::unique_ptr<ReplicatedStore>> ReplicatedStore::attach(
    std::unique_ptr<Owned> owned, Replica& replica, StateMachine& machine) {
  auto* const node = dynamic_cast<StoreNode*>(&machine);
  if (node == nullptr) {
    return Status(Code::invalid_argument, "this state machine is none of make_store()");
  }
  if (Status checked = check(node->config()); !checked.ok()) return checked;
  if (!replica.replicates(machine)) {
    return Status(Code::invalid_argument, "this state machine is another replica's");
  }
  if (!node->take()) {
    return Status(Code::already_exists, "there is a ReplicatedStore at this replica already");
  }
  auto impl = std::make_unique<Impl>(replica, *node);
  if (replica.status().serving) {
    const Status offered =
        wait_for<Status>(replica, [&](auto answer) { impl->offer_limits(std::move(answer)); });
    if (!offered.ok()) return offered;
  }
  return std::unique_ptr<ReplicatedStore>(new ReplicatedStore(std::move(owned), std::move(impl)));
}

rabia::Result<std::unique_ptr<ReplicatedStore>> ReplicatedStore::create(const StoreConfig& config) {
  auto owned = std::make_unique<Owned>();
  auto opened = LocalCluster::open({.replicas = 1}, [&config] { return make_store(config); });
  if (!opened.ok()) return opened.status();
  owned->cluster = opened.take();
  Replica& replica = owned->cluster->replica(0);
  StateMachine& machine = owned->cluster->machine(0);
  return attach(std::move(owned), replica, machine);
}

rabia::Result<std::unique_ptr<ReplicatedStore>> ReplicatedStore::create_with_notifications() {
  StoreConfig config;
  config.enable_notifications = true;
  return create(config);
}

rabia::Result<std::unique_ptr<ReplicatedStore>> ReplicatedStore::open(const ReplicaOptions& options,
                                                                      const StoreConfig& config) {
  ReplicaOptions with_config = options;
  with_config.compress_snapshots = options.compress_snapshots && config.snapshot_compression;
  auto owned = std::make_unique<Owned>();
  owned->machine = make_store(config);
  auto opened = Replica::open(with_config, *owned->machine);
  if (!opened.ok()) return opened.status();
  owned->replica = opened.take();
  Replica& replica = *owned->replica;
  StateMachine& machine = *owned->machine;
  return attach(std::move(owned), replica, machine);
}

// --- Operations

rabia::Result<Result> ReplicatedStore::apply_command(const Operation& operation) {
  return wait_for<rabia::Result<Result>>(
      replica(), [&](OnResult done) { impl_->apply(operation, std::move(done)); });
}

void ReplicatedStore::apply_command(const Operation& operation, OnResult done) {
  impl_->apply(operation, std::move(done));
}

rabia::Result<std::vector<Result>> ReplicatedStore::apply_commands(
    std::span<const Operation> operations) {
  return wait_for<rabia::Result<std::vector<Result>>>(
      replica(), [&](OnResults done) { impl_->apply(operations, std::move(done)); });
}

void ReplicatedStore::apply_commands(std::span<const Operation> operations, OnResults done) {
  impl_->apply(operations, std::move(done));
}

Status ReplicatedStore::set(std::string key, std::string value) {
  return apply_command(Set{std::move(key), std::move(value)}).status();
}

Status ReplicatedStore::set(std::string key, std::string value,
                            std::chrono::milliseconds time_to_live) {
  return apply_command(Set{std::move(key), std::move(value), time_to_live}).status();
}

rabia::Result<std::optional<std::string>> ReplicatedStore::get(std::string key) {
  return payload_of<Found>(apply_command(Get{std::move(key)}),
                           [](Found& found) { return std::move(found.value); });
}

rabia::Result<bool> ReplicatedStore::del(std::string key) {
  return payload_of<WasThere>(apply_command(Delete{std::move(key)}),
                              [](const WasThere& was) { return was.value; });
}

rabia::Result<bool> ReplicatedStore::exists(std::string key) {
  return payload_of<WasThere>(apply_command(Exists{std::move(key)}),
                              [](const WasThere& was) { return was.value; });
}

rabia::Result<std::vector<std::string>> ReplicatedStore::list_keys(std::string prefix) {
  return payload_of<Keys>(apply_command(ListKeys{std::move(prefix)}),
                          [](Keys& keys) { return std::move(keys.keys); });
}

Status ReplicatedStore::clear() {
  return apply_command(Clear{}).status();
}

rabia::Result<std::uint64_t> ReplicatedStore::size() {
  return payload_of<Count>(apply_command(Size{}), [](const Count& count) { return count.keys; });
}

// --- The state as a whole

rabia::Result<StoreState> ReplicatedStore::state() {
  StoreState out;
  Status status = impl_->look([&](const StoreNode& node) {
    node.store().for_each([&](std::string_view key, std::string_view value) {
      if (node.store().contains(key)) out.data.emplace(key, value);
    });
    const History& history = node.store().history();
    out.operation_count = history.revision;
    out.created_at = {history.created_at};
    out.last_modified = {history.last_modified};
  });
  if (!status.ok()) return status;
  return out;
}

rabia::Result<std::string> ReplicatedStore::serialize_state() {
  std::string out;
  Status status =
      impl_->look([&](const StoreNode& node) { out = embedded::serialize(node.store()); });
  if (!status.ok()) return status;
  return out;
}

Status ReplicatedStore::deserialize_state(std::string_view bytes) {
  const auto keys = embedded::parse_state(bytes);
  if (!keys.ok()) return keys.status();
  const auto reply = wait_for<Replica::Reply>(replica(), [&](Replica::Done done) {
    impl_->write(embedded::encode_replacement(keys.value()), std::move(done));
  });
  return reply.ok() ? embedded::check_written(reply.value()) : reply.status();
}

// --- Changes, and the rest

NotificationBus& ReplicatedStore::notifications() {
  return impl_->bus();
}

rabia::Result<SubscriptionId> ReplicatedStore::subscribe_to_changes(
    NotificationBus::Callback callback) {
  return impl_->bus().subscribe_to_changes(std::move(callback));
}

rabia::Result<SubscriptionId> ReplicatedStore::subscribe_to_prefix(
    const std::string& prefix, NotificationBus::Callback callback) {
  return impl_->bus().subscribe_to_prefix(prefix, std::move(callback));
}

bool ReplicatedStore::unsubscribe(SubscriptionId id) {
  return impl_->bus().unsubscribe(id);
}

StoreMetrics ReplicatedStore::metrics() {
  return impl_->metrics();
}

Replica& ReplicatedStore::replica() {
  return impl_->replica();
}

}  // namespace rabia::kv
