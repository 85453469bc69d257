// All changes of a world's store, in their order, as the replica that executed each first told it:
// held against what every other replica tells, in all its lives, and against the log's clock.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/testing/manual_executor.h"
#include "kv/change.h"
#include "kv/store.h"
#include "rabia/state_machine.h"
#include "sim/history/history.h"
#include "sim/world/tally.h"

namespace rabia::sim {

// One thread.
class ChangesWatch {
 public:
  struct World {
    io::testing::ManualExecutor& executor;
    Tally& tally;
    std::function<void(std::string)> broken;
    std::function<bool(ReplicaId)> is_up;
  };
  // `world` outlives it.
  explicit ChangesWatch(World& world) : world_(world) {}

  // A replica has executed something, and tells of the next change.
  void told(const std::string& host, const ApplyContext& context, const kv::Change& change);
  // A replica whose last change is of this revision has executed the beginning of a batch: by now
  // everything is gone that is due, or too much (keys_max; 0: nothing is).
  void begun(const std::string& host, std::uint64_t revision, LogTime time, std::uint64_t keys_max);

  // What watchers are told: of revision 1 and so on.
  struct Event {
    kv::ChangeKind kind{};
    std::string key;
    std::string new_key;
    std::string value;
    std::optional<std::string> old_value;
    kv::Deadline deadline = kv::no_deadline;
    std::uint64_t keys = 0;
    friend bool operator==(const Event&, const Event&) = default;
  };
  [[nodiscard]] std::uint64_t end() const { return events_.size(); }
  [[nodiscard]] const Event& at(std::uint64_t revision) const { return events_[revision - 1]; }

  // Empty, or how a store that has all changes differs from what they make of nothing.
  [[nodiscard]] std::string compare(const kv::Store& store) const;
  // Keys that expired or were evicted, as operations that were executed when the first replica did
  // so: before that nobody can have seen it, and whoever asks after it must (protocol.md, section
  // 6).
  [[nodiscard]] const history::History& removed() const { return removed_; }

 private:
  struct Item {
    std::string value;
    kv::Deadline deadline;
    ReplicaId origin;  // Who gave it the deadline.
  };
  void apply(const Event& event, const ApplyContext& context);
  void expire(const std::string& host, const Event& event, LogTime time);
  void note_removed(const char* operation, const Event& event);

  World& world_;
  std::vector<Event> events_;
  std::map<std::string, Item, std::less<>> items_;  // What all of them made.
  history::History removed_;
};

// A change as a watcher of values and old values is told it, behind its revision: kind, key, and
// pairs. docs/commands.md, "Changes". Nothing: nil.
[[nodiscard]] std::vector<std::optional<std::string>> words_of(const ChangesWatch::Event& event);

}  // namespace rabia::sim
