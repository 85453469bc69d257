// The log as a model to search: three members with all their slots, batches of their owners, one
// read, everything that is said heard at any time and in any order, or never. README.md says what
// is left out.
#pragma once

#include "sim/explore/log_blocks.h"
#include "sim/explore/log_members.h"
#include "sim/explore/log_rules.h"
#include "sim/explore/search.h"

namespace rabia::sim::explore {

class LogModel final : public Model {
 public:
  explicit LogModel(const LogBound& bound)
      : bound_(bound), members_(bound), blocks_(members_, bound.blocks) {}

  [[nodiscard]] Key start() override;
  void steps(Key state, std::vector<Step>& out) override;
  [[nodiscard]] std::optional<std::string> broken(Key state) override;
  void describe(Key from, const Step& step, std::vector<std::string>& lines) override;
  // What anyone but its member can see of a state: all that was said, and acknowledged.
  [[nodiscard]] std::string seen_in(Key state) const;
  [[nodiscard]] std::uint64_t local_states() const override { return members_.size(); }
  [[nodiscard]] std::uint64_t node_runs() const override { return members_.node_runs(); }

 private:
  enum class Read : std::uint8_t { not_yet, asked, lost };
  struct State {
    std::array<LogMembers::Id, log_members> members{};
    LogHistory history;
    SlotMask must_see = 0;  // Acknowledged when the read was asked.
    Read read = Read::not_yet;
    unsigned crashes = 0;
    unsigned time_passes = 0;
  };

  [[nodiscard]] static Key pack(const State& state);
  [[nodiscard]] static State unpack(Key key);
  [[nodiscard]] LogOffer offer(const State& state, std::size_t member) const;
  [[nodiscard]] const std::vector<LogBlock>& blocks(const State& state, std::size_t member) {
    return blocks_.of(state.members[member], offer(state, member)).blocks;
  }
  [[nodiscard]] State after(const State& state, std::size_t member, const LogBlock& block) const;
  // What some member can decide counts as decided.
  void note_decisions(State& state);
  [[nodiscard]] unsigned created_by(const State& state, std::size_t member) const;

  LogBound bound_;
  LogMembers members_;
  LogBlockBook blocks_;
};

}  // namespace rabia::sim::explore
