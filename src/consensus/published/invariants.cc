#include "consensus/published/invariants.h"

#include <algorithm>

#include "base/hash.h"
#include "consensus/common_coin.h"

namespace rabia::consensus::published {

namespace {

constexpr std::size_t violations_max = 20;

std::string text(const RequestId& id) {
  return "request " + std::to_string(id.number) + " of member " + std::to_string(id.owner.value);
}
std::string text(const std::optional<RequestId>& id) {
  return id ? text(*id) : "no request";
}

}  // namespace

void Invariants::broken(Seq seq, const std::string& how) {
  if (violations_.size() < violations_max) {
    violations_.push_back("section 16: slot " + std::to_string(seq.value) + ": " + how);
  }
}

std::size_t Invariants::count(const Values& all, int value) {
  return static_cast<std::size_t>(std::count_if(
      all.begin(), all.end(), [value](const auto& each) { return each.second == value; }));
}

void Invariants::sent(ReplicaId member, const Said& said_) {
  const std::size_t index = *members_.index_of(member);
  std::visit([&](const auto& alternative) { said(index, alternative); }, said_);
}

void Invariants::said(std::size_t /*member*/, const Request& said) {
  const std::uint64_t digest = base::hash64(said.bytes.view());
  const auto known = digests_.try_emplace(said.id, digest).first;
  if (known->second != digest) broken({}, text(said.id) + " has two contents");
}

void Invariants::said(std::size_t member, const Proposal& said) {
  const auto known = slots_[said.seq].proposals.try_emplace(member, said.id).first;
  if (known->second != said.id) broken(said.seq, "a member makes two proposals");
}

void Invariants::check_once(Values& all, std::size_t member, int value, Seq seq, const char* what) {
  const auto known = all.try_emplace(member, value).first;
  if (known->second != value) broken(seq, std::string("two values of one member's ") + what);
}

void Invariants::said(std::size_t member, const State& said) {
  SlotHistory& slot = slots_[said.seq];
  check_once(slot.phases[said.phase].states, member, static_cast<int>(said.value), said.seq,
             "state in one phase");
  if (said.phase == first_phase) {
    check_first_state(said, slot);
  } else {
    check_next_state(said, slot);
  }
}

// Exchange stage: a state 1 says that a majority proposes one request; two majorities meet.
void Invariants::check_first_state(const State& said, SlotHistory& slot) {
  if (said.value == Bit::zero) return;
  if (slot.named && slot.named != said.request) {
    broken(said.seq, "two requests are named by states 1");
  }
  slot.named = said.request;
  const auto proposers = static_cast<std::size_t>(
      std::count_if(slot.proposals.begin(), slot.proposals.end(),
                    [&](const auto& each) { return each.second == said.request; }));
  if (proposers <= members_.size() / 2) {
    broken(said.seq, "a state 1, and no majority proposes " + text(said.request));
  }
}

// From votes to the next state: the value of some vote, or, without one, the common coin.
void Invariants::check_next_state(const State& said, SlotHistory& slot) {
  const Values& votes = slot.phases[said.phase - 1].votes;
  if (votes.size() < members_.quorums().quorum()) {
    broken(said.seq, "a state of a phase before there were n - f votes of the last one");
  }
  if (count(votes, static_cast<int>(said.value)) > 0) return;
  if (count(votes, static_cast<int>(Vote::question)) < members_.quorums().quorum()) {
    broken(said.seq, "a coin was flipped while n - f votes were not ?");
  } else if (said.value != common_coin(coin_key_, {said.seq, {0}}, said.phase - 1)) {
    broken(said.seq, "a state is neither a vote nor the common coin");
  }
}

void Invariants::said(std::size_t member, const CastVote& said) {
  PhaseHistory& phase = slots_[said.seq].phases[said.phase];
  check_once(phase.votes, member, static_cast<int>(said.value), said.seq, "vote in one phase");
  if (count(phase.votes, 0) > 0 && count(phase.votes, 1) > 0) {
    broken(said.seq, "votes 0 and 1 of one phase");
  }
  if (said.value == Vote::question) return;
  if (count(phase.states, static_cast<int>(said.value)) <= members_.size() / 2) {
    broken(said.seq, "a vote that no majority of states stands behind");
  }
}

void Invariants::said(std::size_t /*member*/, const Decided& said) {
  decided(said.seq, said.request);
}

// Agreement.
void Invariants::decided(Seq seq, const std::optional<RequestId>& value) {
  SlotHistory& slot = slots_[seq];
  if (slot.decision && *slot.decision != value) {
    broken(seq, "decided both " + text(*slot.decision) + " and " + text(value));
  }
  slot.decision = value;
}

// Agreement, validity and integrity of the log.
void Invariants::executed(ReplicaId member, std::uint64_t before, SlotId request,
                          const base::SharedBytes& bytes, Seq end) {
  const LogEntry entry{request, base::hash64(bytes.view()), end};
  const Seq seq = end - 1;
  const std::string who = "member " + std::to_string(member.value) + " executes request " +
                          std::to_string(request.round.value) + " of member " +
                          std::to_string(request.lane.value);
  if (before < log_.size()) {
    const LogEntry& known = log_[before];
    if (known.request != request || known.digest != entry.digest || known.end != end) {
      broken(seq, who + " where others executed another");
    }
    return;
  }
  if (before > log_.size()) return broken(seq, who + " and leaves out what is before it");
  log_.push_back(entry);
  if (!in_log_.insert(request).second) broken(seq, who + " a second time");
  if (!created_.contains({request.lane, request.round.value})) {
    broken(seq, who + ", which was never made");
  }
  const auto& proposals = slots_[seq].proposals;
  const auto proposers = std::count_if(proposals.begin(), proposals.end(), [&](const auto& each) {
    return each.second.owner == request.lane && each.second.number == request.round.value;
  });
  // Alone, a member says nothing.
  if (members_.size() > 1 && static_cast<std::size_t>(proposers) <= members_.size() / 2) {
    broken(seq, who + ", which no majority proposed");
  }
}

}  // namespace rabia::consensus::published
