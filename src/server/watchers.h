// Who is told of changes at this replica, and how far each has been told. docs/commands.md,
// "Changes".
//
// Nothing is kept for a watch but the revisions that it has yet to be told: what happened is in one
// log of the latest changes. So whoever takes slowly costs nobody anything, and when the log has
// lost what comes next for it, it is told so and goes on from what there is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "io/executor.h"
#include "kv/change_log.h"
#include "resp/writer.h"

namespace rabia::server {

class Session;

// What a watch is about, and what it is to be shown.
struct WatchOptions {
  enum class Scope : std::uint8_t { all, prefix, key };
  Scope scope = Scope::all;
  std::string text;  // The prefix, or the key.
  bool values = false;
  bool old_values = false;

  [[nodiscard]] bool matches(const kv::Change& change) const;
};

// Writes a change as an array, or as a push, whose first words are given: revision, kind, key, and
// then names with what they are.
void write_change(const kv::Change& change, const WatchOptions& options,
                  std::span<const std::string_view> first, bool as_push, resp::ReplyWriter& reply);

// Core thread only. A session is removed before it ends.
class Watchers {
 public:
  static constexpr std::size_t watch_bytes = 250;  // What one takes, about.
  // `log` has each change before on_change() is called, and outlives the watchers. `seed` keeps
  // clients from choosing prefixes that fall together.
  Watchers(io::Executor& executor, const kv::ChangeLog& log, std::uint64_t seed);
  ~Watchers();
  Watchers(const Watchers&) = delete;
  Watchers& operator=(const Watchers&) = delete;

  void on_change(const kv::Change& change);
  // The state was replaced by a later one, and the log begins anew.
  void on_skipped();
  [[nodiscard]] const kv::ChangeLog& log() const { return log_; }

  // Tells the session of all changes above `from` (which the log still has) that match. Returns
  // the number of the watch.
  std::uint64_t add(Session& session, WatchOptions options, std::uint64_t from);
  // False: the session has no such watch.
  bool remove(Session& session, std::uint64_t id);
  // How many there were.
  std::size_t remove_all(Session& session);
  [[nodiscard]] std::size_t size() const { return watches_.size(); }

 private:
  struct Watch {
    Session* session;
    WatchOptions options;
    // The revisions that match and are not told yet. Too many: from `scan_from` on, the log is
    // gone through instead.
    std::vector<std::uint64_t> pending;
    std::optional<std::uint64_t> scan_from;
    bool queued = false;
  };
  struct Hash {
    using is_transparent = void;
    std::uint64_t seed;
    std::size_t operator()(std::string_view text) const { return base::hash64(text, seed); }
  };
  using Ids = std::vector<std::uint64_t>;
  using Index = std::unordered_map<std::string, Ids, Hash, std::equal_to<>>;

  Ids& index_of(const WatchOptions& options);
  void remove_from_index(std::uint64_t id, const WatchOptions& options);
  void erase(std::map<std::uint64_t, Watch>::iterator watch);
  void note(const Ids& ids, std::uint64_t revision);
  void note_key(std::string_view key, std::uint64_t revision);
  void note_everyone(std::uint64_t revision);
  void queue(std::uint64_t id, Watch& watch);
  void deliver();
  bool deliver_to(std::uint64_t id, Watch& watch);
  void tell(std::uint64_t id, const Watch& watch, std::uint64_t revision);
  void tell_of_gap(std::uint64_t id, Watch& watch);

  io::Executor& executor_;
  std::unique_ptr<io::Timer> timer_;
  const kv::ChangeLog& log_;
  std::uint64_t noted_;  // The last revision that watches were told of, or have noted.
  std::map<std::uint64_t, Watch> watches_;
  std::uint64_t last_id_ = 0;
  Ids all_;
  Index keys_;
  Index prefixes_;
  std::map<std::size_t, std::size_t> prefix_lengths_;  // How many prefixes are so long.
  Ids queue_;
};

}  // namespace rabia::server
