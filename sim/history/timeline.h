// The operations of one part as the search wants them: numbered, and at each return what was open.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/history/parts.h"

namespace rabia::sim::history {

// The number of an operation in its part. First those that are done, in the order of their returns;
// behind them the unknown ones, in the order of their invocations.
using Id = std::uint32_t;
using Ids = std::vector<Id>;  // Sorted, where nothing else is said.

class Timeline {
 public:
  // `part` must outlive it.
  explicit Timeline(const Part& part);

  // How many operations returned. They are 0, 1, …, and the return of each is an event.
  [[nodiscard]] Id returns() const { return static_cast<Id>(open_.size()); }
  [[nodiscard]] Id size() const { return static_cast<Id>(operations_.size()); }
  [[nodiscard]] bool is_done(Id id) const { return id < returns(); }
  [[nodiscard]] const Operation& operation(Id id) const { return *operations_[id]->operation; }
  [[nodiscard]] const Footprint& footprint(Id id) const { return operations_[id]->footprint; }

  // What may take effect before the event: invoked at its time or before, and not returned before
  // it. With the event's own operation.
  [[nodiscard]] const Ids& open(Id event) const { return open_[event]; }

  // The last unknown operation before `unknown` with the same command.
  [[nodiscard]] std::optional<Id> twin(Id unknown) const { return twins_[unknown - returns()]; }

  // False only when no key has to do with both.
  [[nodiscard]] bool may_share_keys(Id a, Id b) const { return (masks_[a] & masks_[b]) != 0; }

  // False when the order of the two makes no difference.
  [[nodiscard]] bool are_tied(Id a, Id b) const {
    return may_share_keys(a, b) && !(footprint(a).reads_only && footprint(b).reads_only);
  }

  // Whether an unknown operation is without any trace when `next` comes straight after it.
  [[nodiscard]] bool is_lost_in(Id unknown, Id next) const;

 private:
  void make_masks(const Part& part);
  void sweep();
  void find_twins();

  std::vector<const PartOperation*> operations_;  // By id.
  std::vector<std::uint64_t> masks_;              // By id: a bit for each key, or for several.
  std::vector<Ids> open_;                         // By event.
  std::vector<std::optional<Id>> twins_;          // By id, from the first unknown one.
};

}  // namespace rabia::sim::history
