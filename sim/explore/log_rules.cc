#include "sim/explore/log_rules.h"

#include <algorithm>

namespace rabia::sim::explore {

using consensus::Quorums;
using consensus::Round;

namespace {

std::string member(std::size_t index) {
  return "member " + std::to_string(index + 1);
}

// 1: everyone executes the slots decided 1, in the order of the log, and nothing else.
std::optional<std::string> broken_order(const LogHistory& history, const LogMembers::Facts& facts,
                                        std::size_t index) {
  const SlotMask passed = slots_before(facts.position);
  if ((passed & ~(history.decided_zero | history.decided_one)) != 0) {
    return "1: " + member(index) + " has passed a slot that nobody decided";
  }
  if (facts.executed != (history.decided_one & passed)) {
    return "1: " + member(index) + " executed other slots than those decided 1 before its place";
  }
  return std::nullopt;
}

// 9: of every quorum one answers with a frontier that covers what was acknowledged.
std::optional<std::string> broken_frontiers(
    const LogHistory& history, const std::array<LogMembers::Facts, log_members>& members) {
  for (std::uint64_t round = 0; round < log_rounds; ++round) {
    const auto first = static_cast<unsigned>(round * log_members);
    const SlotMask slots = slots_before(first + log_members) & ~slots_before(first);
    if ((history.acknowledged & slots) == 0) continue;
    const auto below = std::count_if(members.begin(), members.end(), [&](const auto& facts) {
      return facts.frontier_end <= Round{round};
    });
    if (static_cast<std::size_t>(below) < Quorums{log_members}.quorum()) continue;
    return "9: a quorum of frontiers below round " + std::to_string(round) +
           ", of which a write is acknowledged";
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> broken_rule(const LogHistory& history,
                                       const std::array<LogMembers::Facts, log_members>& members) {
  if ((history.decided_zero & history.decided_one) != 0) return "1: decided both 0 and 1";
  if (history.created_again) return "3: two batches were created";
  if ((history.skipped & history.created) != 0) return "3: a batch, and skipped";
  if ((history.decided_one & ~history.created) != 0) {
    return "3: decided 1, and no batch was created";
  }
  for (std::size_t index = 0; index < members.size(); ++index) {
    if (auto broken = broken_order(history, members[index], index)) return broken;
  }
  if (history.low_answer) return "9: a frontier below a state 1 that its member has said";
  if (history.stale_read) return "10: a read missed a write acknowledged before it was asked";
  return broken_frontiers(history, members);
}

}  // namespace rabia::sim::explore
