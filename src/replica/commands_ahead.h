// The commands of a batch, which the machine is shown some at a time before they are applied.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "rabia/state_machine.h"
#include "replica/batch.h"

namespace rabia::replica {

// `batch` and `machine` outlive it.
class CommandsAhead {
 public:
  CommandsAhead(std::string_view batch, const StateMachine& machine)
      : batch_(batch), machine_(machine) {}

  // False at the end; else `command` lies in the batch.
  bool next(std::string_view& command) {
    if (next_ == count_ && !look_ahead()) return false;
    command = ahead_[next_++];
    return true;
  }

 private:
  bool look_ahead() {
    next_ = 0;
    count_ = 0;
    while (count_ < ahead_.size() && batch_.next(ahead_[count_])) ++count_;
    if (count_ > 1) machine_.prefetch({ahead_.data(), count_});
    return count_ > 0;
  }

  BatchReader batch_;
  const StateMachine& machine_;
  std::array<std::string_view, 16> ahead_;
  std::size_t next_ = 0;
  std::size_t count_ = 0;
};

}  // namespace rabia::replica
