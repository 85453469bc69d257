// The states of single members of the log, and what each does in them. Every answer comes from a
// real Node, and is kept.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sim/explore/log_node.h"

namespace rabia::sim::explore {

// One thing that can happen to a member.
struct LogInput {
  enum class Kind : std::uint8_t { deliver, sync, propose, read, pass_time, crash };
  Kind kind = Kind::sync;
  std::uint8_t from = 0;   // Of deliver: the index of who said it.
  std::uint8_t which = 0;  // Of deliver: the number of the message. Of crash: how many of the
                           // records that were on their way are on the disk.
};

class LogMembers {
 public:
  // A member's state, with what it ever said; numbered in the order of finding.
  using Id = std::uint32_t;
  static constexpr unsigned id_bits = 21;
  // Messages of one member, each by its number.
  using Messages = std::uint64_t;
  struct Facts {
    Messages said = 0;  // In all lives.
    std::size_t pending = 0;
    unsigned life = 0;
    unsigned passes = 0;
    SlotMask executed = 0;
    unsigned position = 0;  // Slots of the log that it has passed.
    consensus::Round frontier_end;
  };
  struct Step {
    Id next = 0;
    bool seen = false;        // By anyone but the member: it says something new, or acknowledges.
    bool low_answer = false;  // It gave a frontier below a State 1 that it had said.
    LogEvents events;
  };

  explicit LogMembers(const LogBound& bound) : bound_(bound) {}

  [[nodiscard]] Id start(std::size_t member);
  [[nodiscard]] const Facts& facts(Id id) const { return members_[id].facts; }
  // Whether it can happen to the member, as far as that is for the member alone to say.
  [[nodiscard]] bool possible(Id id, LogInput input) const;
  [[nodiscard]] const Step& given(Id id, LogInput input);
  // The messages of `from` that `to` can hear.
  [[nodiscard]] Messages reaching(std::size_t from, std::size_t to) const {
    return reaching_[from][to];
  }
  [[nodiscard]] const consensus::Message& message(std::size_t from, std::size_t message) const {
    return messages_[from][message].message;
  }

  [[nodiscard]] std::uint64_t size() const { return members_.size(); }
  [[nodiscard]] std::uint64_t node_runs() const { return node_runs_; }

 private:
  // A member without what it said: how to bring a Node there.
  struct Local {
    std::size_t birth;
    std::vector<LogInput> inputs;
    Facts facts;  // `said` unused.
  };
  struct LocalStep {
    std::size_t next;
    Messages says;
    LogEvents events;
  };
  struct Member {
    std::size_t local;
    Facts facts;
  };

  [[nodiscard]] Step crash(Id id, std::size_t kept);
  void relive(LogNode& node, const Local& local) const;
  void give(LogNode& node, LogInput input) const;
  [[nodiscard]] LocalStep run(std::size_t local, LogInput input);
  [[nodiscard]] std::size_t local_of(std::size_t birth, std::vector<LogInput> inputs,
                                     const LogNode& node);
  [[nodiscard]] Id member_of(std::size_t local, Messages said);
  [[nodiscard]] std::size_t born(LogBirth birth);
  [[nodiscard]] Messages number(std::size_t member, const std::vector<LogMessage>& sent);
  [[nodiscard]] bool answers_too_low(std::size_t member, Messages said, Messages says) const;
  [[nodiscard]] std::size_t self_of(const Local& local) const {
    return births_[local.birth].self.value - 1U;
  }

  LogBound bound_;
  std::vector<LogBirth> births_;
  std::vector<Local> locals_;
  std::vector<Member> members_;
  std::array<std::vector<LogMessage>, log_members> messages_;
  std::unordered_map<std::string, std::size_t> birth_ids_;
  std::unordered_map<std::string, std::size_t> local_ids_;
  std::array<std::unordered_map<std::string, std::size_t>, log_members> message_ids_;
  std::array<std::array<Messages, log_members>, log_members> reaching_{};
  std::unordered_map<std::uint64_t, LocalStep> local_steps_;
  std::unordered_map<std::uint64_t, Step> steps_;
  // By local and what was said.
  std::map<std::pair<std::size_t, Messages>, Id> member_ids_;
  std::uint64_t node_runs_ = 0;
};

}  // namespace rabia::sim::explore
