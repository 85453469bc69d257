// Who is told of the changes of a store.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "rabia/kv/notification.h"
#include "rabia/result.h"

namespace rabia::kv {

using SubscriptionId = std::uint64_t;

// The changes that match, in the order of their revisions, for a thread that takes them when it
// likes. Thread-compatible; ends before its store.
class ChangeStream {
 public:
  virtual ~ChangeStream() = default;
  // The next one; waits for it for so long. Nothing: none came. A Lagged among them: those up to
  // its revision are lost to this stream.
  [[nodiscard]] virtual std::optional<ChangeNotification> next(
      std::chrono::milliseconds patience) = 0;
};

// Of one store at one replica, of its config's enable_notifications. Every subscriber is told of
// each change that matches exactly once, in the order of the log, from the present revision on or
// from above `from`; with the last revision that it knows it goes on at another replica without gap
// or repetition. One that is slow delays nobody: when the history has lost what it was not told, it
// is told Lagged. A write is answered before its subscribers are told, shortly after.
//
// Any thread, but for what a comment says. All fail with Code::failed_precondition when the config
// has no notifications, and with Code::not_found when the changes above `from` are not all kept:
// the message says which are.
class NotificationBus {
 public:
  // Called by the replica's thread, which does nothing else meanwhile: whoever needs time takes a
  // stream. It may subscribe and unsubscribe.
  using Callback = std::function<void(const ChangeNotification&)>;
  using From = std::optional<std::uint64_t>;

  virtual ~NotificationBus() = default;
  virtual rabia::Result<SubscriptionId> subscribe_to_changes(Callback callback, From from = {}) = 0;
  // Also of whoever clears the store.
  virtual rabia::Result<SubscriptionId> subscribe_to_prefix(const std::string& prefix,
                                                            Callback callback, From from = {}) = 0;
  virtual rabia::Result<SubscriptionId> subscribe_to_key(const std::string& key, Callback callback,
                                                         From from = {}) = 0;
  // The callback is not called any more when this returns, unless from inside it. False: there is
  // no such subscription.
  virtual bool unsubscribe(SubscriptionId id) = 0;

  // An empty prefix: all.
  [[nodiscard]] virtual rabia::Result<std::unique_ptr<ChangeStream>> open_stream(
      const std::string& prefix = {}, From from = {}) = 0;

  // Callbacks and streams.
  [[nodiscard]] virtual std::size_t subscribers() = 0;
};

}  // namespace rabia::kv
