// Who is told of changes, and how far each has been told.
//
// Nothing is kept for a subscriber but the revisions that it has yet to be told: what happened is
// in one log of the latest changes. So whoever takes slowly costs nobody anything: beyond its bound
// it is led through the log instead, and when that has lost what comes next for it, it is told so
// and goes on from what there is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "kv/change_filter.h"
#include "kv/change_log.h"
#include "kv/notification.h"

namespace rabia::kv {

class ChangeBus;

// Rises, and is never used twice on one bus.
using SubscriptionId = std::uint64_t;

// The changes that match, one after the other, for somebody who takes them when it likes. Core
// thread only. Ends with the object, which the bus outlives.
class ChangeCursor {
 public:
  ~ChangeCursor();
  ChangeCursor(const ChangeCursor&) = delete;
  ChangeCursor& operator=(const ChangeCursor&) = delete;

  struct Next {
    enum class Kind : std::uint8_t {
      nothing,  // All is told: `on_ready` will be called when there is more.
      change,
      lagged,  // Changes up to log().begin() are lost; what is told next lies behind it.
      later,   // A long part of the log was looked at: ask again, when others had their turn.
    };
    Kind kind = Kind::nothing;
    Change change{};  // Its views are valid until the store changes.
  };
  [[nodiscard]] Next next();
  [[nodiscard]] SubscriptionId id() const { return id_; }

 private:
  friend class ChangeBus;
  ChangeCursor(ChangeBus& bus, SubscriptionId id, ChangeFilter filter,
               std::function<void()> on_ready)
      : bus_(bus), id_(id), filter_(std::move(filter)), on_ready_(std::move(on_ready)) {}

  [[nodiscard]] Next scan();
  [[nodiscard]] bool none_pending() const { return taken_ == pending_.size(); }
  void note(std::uint64_t revision);
  void go_through_log(std::uint64_t from);
  void be_ready();

  ChangeBus& bus_;
  const SubscriptionId id_;
  const ChangeFilter filter_;
  const std::function<void()> on_ready_;
  // The revisions that match and are not told yet, behind the first `taken_`. Too many: from
  // `scan_from_` on, the log is gone through instead.
  std::vector<std::uint64_t> pending_;
  std::size_t taken_ = 0;
  std::optional<std::uint64_t> scan_from_;
  bool ready_ = false;  // on_ready_ was called since next() found nothing.
};

// All of it on the core thread, but the values that are delivered, which may go anywhere. A write
// costs a lookup of its key and one for each length that a prefix has, however many subscribers
// there are, and beside that only what those take for whom it is.
class ChangeBus {
 public:
  static constexpr std::size_t default_buffer_size = 1'000;
  // `log` has each change before on_change() is called, and outlives the bus. `wake` is called when
  // deliver() has something to do, once until then; maybe in the midst of a change, so it only
  // makes a note for later. `seed` keeps clients from choosing prefixes that fall together.
  ChangeBus(const ChangeLog& log, std::uint64_t seed, std::function<void()> wake);
  ~ChangeBus();
  ChangeBus(const ChangeBus&) = delete;
  ChangeBus& operator=(const ChangeBus&) = delete;

  // ---- What happens: told by whoever listens to the machine. Core thread only, as all here.

  void on_change(const Change& change);
  // The state was replaced by a later one, and the log begins anew.
  void on_skipped();

  // ---- Subscribing. Each is told of the changes above the present revision, or above `from`,
  // which must be at least log().begin(), and at most log().end().

  // `callback` is called by deliver(), for each change that matches, in the order of revisions, and
  // when some are lost. It may subscribe and unsubscribe. It runs on the core thread, which does
  // nothing else meanwhile: whoever needs time takes a stream.
  using Callback = std::function<void(const ChangeNotification&)>;
  SubscriptionId subscribe_to_changes(Callback callback, std::optional<std::uint64_t> from = {});
  SubscriptionId subscribe_to_prefix(std::string_view prefix, Callback callback,
                                     std::optional<std::uint64_t> from = {});
  SubscriptionId subscribe_to_key(std::string_view key, Callback callback,
                                  std::optional<std::uint64_t> from = {});
  // Of a callback, which is not called any more. False: there is no such subscription.
  bool unsubscribe(SubscriptionId id);
  // `on_ready` is called when next() has something to tell, once until it has told all of it; maybe
  // inside this call, or in the midst of a change: it takes nothing by itself.
  [[nodiscard]] std::unique_ptr<ChangeCursor> open_cursor(ChangeFilter filter,
                                                          std::function<void()> on_ready,
                                                          std::optional<std::uint64_t> from = {});
  // Calls callbacks, each up to a bounded number of times; true when there is more to do.
  bool deliver();

  // How many revisions are noted for one subscriber; from the next change on.
  void set_buffer_size(std::size_t revisions) { buffer_size_ = revisions; }
  // Streams and callbacks.
  [[nodiscard]] std::size_t subscribers() const { return streams_.size(); }
  // How often so many were noted for one that it was led through the log.
  [[nodiscard]] std::uint64_t buffers_filled() const { return buffers_filled_; }
  [[nodiscard]] const ChangeLog& log() const { return log_; }

 private:
  friend class ChangeCursor;
  struct Listening {
    std::unique_ptr<ChangeCursor> stream;
    Callback callback;
  };
  struct Hash {
    using is_transparent = void;
    std::uint64_t seed;
    std::size_t operator()(std::string_view text) const { return base::hash64(text, seed); }
  };
  using Streams = std::vector<ChangeCursor*>;
  using Index = std::unordered_map<std::string, Streams, Hash, std::equal_to<>>;

  SubscriptionId subscribe(ChangeFilter filter, Callback callback,
                           std::optional<std::uint64_t> from);
  Streams& place_of(const ChangeFilter& filter);
  void remove(ChangeCursor& stream);
  void note_key(std::string_view key, std::uint64_t revision);
  void callback_ready(SubscriptionId id);
  // True: it was told all there is.
  bool deliver_to(SubscriptionId id);

  const ChangeLog& log_;
  const std::function<void()> wake_;
  std::size_t buffer_size_ = default_buffer_size;
  std::uint64_t noted_;  // The last revision that streams have noted.
  std::uint64_t buffers_filled_ = 0;
  SubscriptionId last_id_ = 0;
  std::map<SubscriptionId, ChangeCursor*> streams_;
  Streams all_;
  Index keys_;
  Index prefixes_;
  std::map<std::size_t, std::size_t> prefix_lengths_;  // How many prefixes are so long.
  std::map<SubscriptionId, std::shared_ptr<Listening>>
      callbacks_;                      // Their streams: before this ends.
  std::vector<SubscriptionId> ready_;  // Callbacks to be called.
};

}  // namespace rabia::kv
