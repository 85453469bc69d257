// The first start of a cluster as a model to search: real Foundings, of which each can hear
// anything that was ever said, at any time. protocol.md, section 8, "First start". README.md says
// more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "consensus/configuration.h"
#include "consensus/founding.h"
#include "sim/explore/search.h"

namespace rabia::sim::explore {

struct FoundingBound {
  std::size_t members = 3;  // All of them may found.
  // How many times data is lost, always by the last member (names say nothing else), and how many
  // restarts there are with it, of anyone.
  unsigned losses = 1;
  unsigned restarts = 1;
  // All together draw at most so many; what happens with more is not followed.
  std::uint64_t nonces = 5;
};

class FoundingModel final : public Model {
 public:
  explicit FoundingModel(const FoundingBound& bound);

  [[nodiscard]] Key start() override;
  void steps(Key state, std::vector<Step>& out) override;
  [[nodiscard]] std::optional<std::string> broken(Key state) override;
  void describe(Key from, const Step& step, std::vector<std::string>& lines) override;
  // How many members have an incarnation in this state.
  [[nodiscard]] std::size_t founded_in(Key state) const;
  [[nodiscard]] std::uint64_t local_states() const override { return members_.size(); }
  [[nodiscard]] std::uint64_t node_runs() const override { return runs_; }

 private:
  using MemberId = std::uint32_t;
  // By their numbers in the order of their first appearance.
  using VectorId = std::uint16_t;
  using SayingId = std::uint16_t;

  // What a member says until it is founded.
  struct Saying {
    ReplicaId from;
    consensus::record::Founding what;
    friend bool operator==(const Saying&, const Saying&) = default;
  };
  // All that a member is, in words that can be compared; its Founding follows from them.
  struct Identity {
    std::vector<consensus::record::Founding> log;
    std::size_t durable = 0;
    std::size_t recovered = 0;              // Of the log, by its present life.
    std::map<std::size_t, SayingId> heard;  // Last, by the member who said it.
    std::optional<VectorId> incarnation;
    bool must_rejoin = false;
    std::uint64_t drawn = 0;
    friend bool operator==(const Identity&, const Identity&) = default;
  };
  struct Member {
    Identity identity;
    consensus::Founding founding;
  };
  struct State {
    std::vector<MemberId> members;
    std::set<SayingId> said;                            // Ever.
    std::map<VectorId, std::set<std::size_t>> holders;  // Ever, of each incarnation.
    unsigned losses = 0;
    unsigned restarts = 0;
  };
  // The word `how` of a Step.
  enum class Kind : std::uint8_t { sync, hear, found, meet, restart, lose };
  struct How {
    Kind kind;
    std::size_t member;
    std::uint16_t what;  // A SayingId or a VectorId.
  };

  [[nodiscard]] Key intern(const State& state);
  [[nodiscard]] MemberId intern(std::size_t index, const Member& member);
  [[nodiscard]] VectorId intern(const consensus::FoundingVector& vector);
  [[nodiscard]] SayingId intern(const Saying& saying);
  [[nodiscard]] Member begin_life(std::size_t index, const Identity& before);
  void add(State state, How how, const Member& member, std::vector<Step>& out);
  void add_steps_of(const State& state, std::size_t index, std::vector<Step>& out);
  [[nodiscard]] static ReplicaId id_of(std::size_t index) {
    return {static_cast<std::uint16_t>(index + 1)};
  }

  FoundingBound bound_;
  consensus::Configuration start_list_;
  std::deque<State> states_;
  std::unordered_map<std::string, std::uint32_t> state_ids_;  // By all that a state is.
  std::deque<Member> members_;
  std::unordered_map<std::string, MemberId> member_ids_;
  std::vector<consensus::FoundingVector> vectors_;
  std::vector<Saying> sayings_;
  // Of the member whose turn it is: the nonce that it would draw next.
  consensus::Nonce next_nonce_;
  std::uint64_t runs_ = 0;
};

}  // namespace rabia::sim::explore
