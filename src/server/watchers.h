// Sessions that watch changes: what each is told, at its pace. docs/commands.md, "Changes".
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "io/executor.h"
#include "kv/change_bus.h"
#include "resp/writer.h"

namespace rabia::server {

class Session;

// What a watch is about, and what it is to be shown.
struct WatchOptions {
  kv::ChangeFilter filter;
  bool values = false;
  bool old_values = false;
};

// Writes a change as an array, or as a push, whose first words are given: revision, kind, key, and
// then names with what they are.
void write_change(const kv::Change& change, const WatchOptions& options,
                  std::span<const std::string_view> first, bool as_push, resp::ReplyWriter& reply);

// Core thread only. A session is removed before it ends.
class Watchers {
 public:
  static constexpr std::size_t watch_bytes = 400;  // What one takes, about.
  // The bus outlives the watchers.
  Watchers(io::Executor& executor, kv::ChangeBus& bus);
  ~Watchers();
  Watchers(const Watchers&) = delete;
  Watchers& operator=(const Watchers&) = delete;

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
    std::unique_ptr<kv::ChangeCursor> stream;
  };

  void erase(std::map<std::uint64_t, Watch>::iterator watch);
  void queue(std::uint64_t id);
  void deliver();
  void try_full_ones_again();
  bool deliver_to(std::uint64_t id, Watch& watch, std::size_t& left);
  void tell(std::uint64_t id, const Watch& watch, const kv::Change& change);
  void tell_of_gap(std::uint64_t id, const Watch& watch);

  io::Executor& executor_;
  std::unique_ptr<io::Timer> timer_;
  std::unique_ptr<io::Timer> full_timer_;
  kv::ChangeBus& bus_;
  std::map<std::uint64_t, Watch> watches_;
  std::uint64_t last_id_ = 0;
  std::vector<std::uint64_t> queue_;  // Those that have something to tell, and
  std::vector<std::uint64_t> full_;   // those of them whose sessions take no more for the moment.
  bool full_ones_are_due_ = false;
};

}  // namespace rabia::server
