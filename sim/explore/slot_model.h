// One slot as a model to search: everything that its members can do, in any order. README.md says
// what is left out, and why nothing is lost by it.
#pragma once

#include <array>

#include "sim/explore/search.h"
#include "sim/explore/slot_members.h"
#include "sim/explore/slot_rules.h"

namespace rabia::sim::explore {

class SlotModel final : public Model {
 public:
  explicit SlotModel(const SlotBound& bound);

  [[nodiscard]] Key start() override;
  void steps(Key state, std::vector<Step>& out) override;
  [[nodiscard]] Key representative(Key state) const override;
  [[nodiscard]] std::optional<std::string> broken(Key state) override;
  void describe(Key from, const Step& step, std::vector<std::string>& lines) override;
  // What ever happened (SlotFlag).
  [[nodiscard]] static std::uint8_t flags_in(Key state) { return unpack(state).flags; }
  [[nodiscard]] std::uint64_t local_states() const override { return members_.size(); }
  [[nodiscard]] std::uint64_t node_runs() const override { return members_.node_runs(); }

 private:
  struct State {
    std::array<SlotMembers::Id, slot_members_max> members{};
    std::uint8_t flags = 0;
  };
  // The word `how` of a Step.
  enum class Kind : std::uint8_t { sync, crash, asked, propose, hear };
  struct How {
    std::size_t member;
    Kind kind;
    consensus::Phase phase;
  };
  using MemberMask = unsigned;

  [[nodiscard]] static Key pack(const State& state);
  [[nodiscard]] static State unpack(Key key);
  [[nodiscard]] static std::uint64_t pack(How how);
  [[nodiscard]] static How unpack_how(std::uint64_t how);
  void add(const State& from, How how, const SlotMembers::Step& step, std::vector<Step>& out);
  void add_hearing(const State& state, std::size_t member, std::vector<Step>& out);
  // What `member` can hear of one phase.
  [[nodiscard]] Heard audible(const State& state, std::size_t member, consensus::Phase phase) const;
  // 13: with a quorum up, one of them can do something with what they themselves have on disk.
  [[nodiscard]] std::optional<std::string> stuck(const State& state);
  [[nodiscard]] bool moves(const State& state, std::size_t member, MemberMask up);
  [[nodiscard]] std::string hearing_text(const State& state, How how, SlotMembers::Id next,
                                         std::uint8_t flags);
  [[nodiscard]] std::string heard_text(std::size_t member, const Heard& heard) const;

  SlotBound bound_;
  SlotMembers members_;
};

}  // namespace rabia::sim::explore
