// What one member of the log does at a stretch: it takes in things that nobody else can see, up to
// one that others see. What is taken in and not needed by then can as well be taken in later, and
// is left for later: README.md, "Blocks".
#pragma once

#include <array>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "sim/explore/log_members.h"
#include "sim/explore/state_table.h"

namespace rabia::sim::explore {

// What others have said to a member, and what may happen to it now.
struct LogOffer {
  std::array<LogMembers::Messages, log_members> said{};  // By each.
  bool may_propose = false;
  bool may_read = false;
  bool may_pass_time = false;
  bool may_crash = false;
};

struct LogBlock {
  std::vector<LogInput> inputs;
  LogMembers::Id next = 0;
  LogEvents events;  // Of all its inputs.
  bool low_answer = false;
  bool leaf = false;  // Nobody sees its end, but it executes something or its read looks.
};

struct LogBlocks {
  std::vector<LogBlock> blocks;
  // What it can decide with nobody seeing it.
  SlotMask decides_zero = 0;
  SlotMask decides_one = 0;
};

class LogBlockBook {
 public:
  // Without `whole` every input is a block, whether anyone sees it or not.
  LogBlockBook(LogMembers& members, bool whole) : members_(members), whole_(whole) {}
  // All blocks of a member; each once.
  [[nodiscard]] const LogBlocks& of(LogMembers::Id id, const LogOffer& offer);

 private:
  [[nodiscard]] LogBlocks find(LogMembers::Id id, const LogOffer& offer);
  void extend(LogMembers::Id start, const LogBlock& begun, const LogOffer& offer,
              std::vector<LogBlock>& unseen, LogBlocks& found);
  [[nodiscard]] std::vector<LogInput> inputs_at(LogMembers::Id id, const LogOffer& offer) const;
  // Whether some input before the last one could as well come after it.
  [[nodiscard]] bool can_wait(LogMembers::Id start, const LogBlock& block);
  [[nodiscard]] bool can_wait(LogMembers::Id start, const LogBlock& block, std::size_t which);

  // A member with an offer.
  using Question = std::array<std::uint64_t, log_members + 1>;
  struct Hash {
    std::size_t operator()(const Question& question) const {
      std::uint64_t hash = 0;
      for (const std::uint64_t word : question) hash = mixed(hash ^ word);
      return hash;
    }
  };

  LogMembers& members_;
  bool whole_;
  std::unordered_map<Question, LogBlocks, Hash> known_;
};

}  // namespace rabia::sim::explore
