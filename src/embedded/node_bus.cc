#include "embedded/node_bus.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

#include "library/patience.h"

namespace rabia::embedded {
namespace {

// Taken by one visit to the replica's thread.
constexpr std::size_t taken_at_once = 64;

}  // namespace

NodeBus::NodeBus(Replica& replica, StoreNode& node) : replica_(replica), node_(node) {
  replica_.peek([this] {
    node_.set_wake([this] { deliver_soon(); });
    deliver_soon();  // The bus wakes nobody again for what waits since somebody else's time.
  });
}

NodeBus::~NodeBus() {
  replica_.peek([this] {
    *alive_ = false;
    node_.set_wake({});
    for (const kv::SubscriptionId id : ids_) node_.bus().unsubscribe(id);
  });
}

void NodeBus::deliver_soon() {
  replica_.post([this, alive = alive_] {
    // A callback may be the end of this. Others have their turn between.
    if (*alive && node_.bus().deliver() && *alive) deliver_soon();
  });
}

template <typename Subscribe>
Result<kv::SubscriptionId> NodeBus::subscribe(From from, Subscribe subscribe) {
  return from_there(from, [&] {
    const kv::SubscriptionId id = subscribe();
    ids_.insert(id);
    return id;
  });
}

template <typename Subscribe>
auto NodeBus::from_there(From from, Subscribe subscribe) -> Result<decltype(subscribe())> {
  std::optional<Result<decltype(subscribe())>> out;
  replica_.peek([&] {
    const kv::ChangeLog& log = node_.bus().log();
    if (!node_.config().enable_notifications) {
      out.emplace(Status(Code::failed_precondition,
                         "this store has no notifications: set enable_notifications"));
    } else if (from && (*from < log.begin() || *from > log.end())) {
      out.emplace(Status(Code::not_found, "the changes above revision " + std::to_string(*from) +
                                              " are not all kept: those above " +
                                              std::to_string(log.begin()) + " are, up to " +
                                              std::to_string(log.end())));
    } else {
      out.emplace(subscribe());
    }
  });
  return std::move(*out);
}

Result<kv::SubscriptionId> NodeBus::subscribe_to_changes(Callback callback, From from) {
  return subscribe(from,
                   [&] { return node_.bus().subscribe_to_changes(std::move(callback), from); });
}

Result<kv::SubscriptionId> NodeBus::subscribe_to_prefix(const std::string& prefix,
                                                        Callback callback, From from) {
  return subscribe(
      from, [&] { return node_.bus().subscribe_to_prefix(prefix, std::move(callback), from); });
}

Result<kv::SubscriptionId> NodeBus::subscribe_to_key(const std::string& key, Callback callback,
                                                     From from) {
  return subscribe(from,
                   [&] { return node_.bus().subscribe_to_key(key, std::move(callback), from); });
}

bool NodeBus::unsubscribe(kv::SubscriptionId id) {
  bool was_there = false;
  replica_.peek([&] { was_there = ids_.erase(id) == 1 && node_.bus().unsubscribe(id); });
  return was_there;
}

std::size_t NodeBus::subscribers() {
  std::size_t count = 0;
  replica_.peek([&] { count = node_.bus().subscribers(); });
  return count;
}

// Pulls by turns: nothing is kept for it but what one turn has brought.
class NodeBus::Stream final : public kv::ChangeStream {
 public:
  Stream(Replica& replica, StoreNode& node) : replica_(replica), node_(node) {}
  ~Stream() override {
    replica_.peek([this] { cursor_.reset(); });
  }

  // Replica's thread.
  void open(kv::ChangeFilter filter, std::optional<std::uint64_t> from) {
    cursor_ = node_.bus().open_cursor(
        std::move(filter), [this] { set_ready(); }, from);
  }

  std::optional<kv::ChangeNotification> next(std::chrono::milliseconds patience) override {
    const auto end = library::end_of(patience);
    while (taken_.empty()) {
      {
        std::unique_lock lock(mutex_);
        if (!woken_.wait_until(lock, end, [this] { return ready_; })) return std::nullopt;
        ready_ = false;
      }
      replica_.peek([this] { take(); });
    }
    kv::ChangeNotification first = std::move(taken_.front());
    taken_.pop_front();
    return first;
  }

 private:
  using Kind = kv::ChangeCursor::Next::Kind;

  void set_ready() {
    {
      const std::lock_guard lock(mutex_);
      ready_ = true;
    }
    woken_.notify_one();
  }

  // Replica's thread, while the stream's waits.
  void take() {
    while (taken_.size() < taken_at_once) {
      const kv::ChangeCursor::Next next = cursor_->next();
      if (next.kind == Kind::nothing) return;
      if (next.kind == Kind::later) break;
      if (next.kind == Kind::change) {
        taken_.push_back(kv::notification_of(next.change));
      } else {
        taken_.push_back({node_.bus().log().begin(), kv::Lagged{}});
      }
    }
    set_ready();
  }

  Replica& replica_;
  StoreNode& node_;
  std::unique_ptr<kv::ChangeCursor> cursor_;
  std::deque<kv::ChangeNotification> taken_;
  std::mutex mutex_;  // Guards what follows.
  std::condition_variable woken_;
  bool ready_ = false;  // There is something to take.
};

Result<std::unique_ptr<kv::ChangeStream>> NodeBus::open_stream(const std::string& prefix,
                                                               From from) {
  return from_there(from, [&]() -> std::unique_ptr<kv::ChangeStream> {
    auto stream = std::make_unique<Stream>(replica_, node_);
    kv::ChangeFilter filter;
    if (!prefix.empty()) filter = {kv::ChangeFilter::Scope::prefix, prefix};
    stream->open(std::move(filter), from);
    return stream;
  });
}

}  // namespace rabia::embedded
