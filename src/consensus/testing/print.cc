#include "consensus/testing/print.h"

namespace rabia::consensus::testing {

namespace {

std::string text(Round round) {
  return std::to_string(round.value);
}
std::string text(RoundRange rounds) {
  return "[" + text(rounds.first) + "," + text(rounds.end) + ")";
}
std::string text(Lane lane) {
  return "lane " + std::to_string(lane.value);
}
template <typename Value>
std::string text_of(Value value) {
  return std::string(1, "01?"[static_cast<int>(value)]);
}

// A few digits tell nonces apart.
std::string text_of(const Nonce& nonce) {
  return std::to_string((nonce.high ^ nonce.low) % 10'000);
}

std::string text_of(const FoundingVector& vector) {
  std::string all;
  for (const FoundingEntry& entry : vector) all += (all.empty() ? "" : " ") + text_of(entry.nonce);
  return "(" + all + ")";
}

std::string text_of(const SnapshotName& name) {
  return "snapshot " + text(name.round) + " (" + std::to_string(name.bytes) + " bytes)";
}

// What State, CastVote and Decided share.
template <typename Said>
std::string text_of_said(const char* what, const Said& said) {
  std::string all = std::string(what) + " " + text(said.lane) + " " + text(said.rounds);
  if constexpr (requires { said.phase; }) all += " phase " + std::to_string(said.phase);
  return all + " = " + text_of(said.value);
}

std::string text(const published::RequestId& id) {
  return std::to_string(id.number) + " of r" + std::to_string(id.owner.value) + " at " +
         std::to_string(id.time);
}
std::string text(const std::optional<published::RequestId>& id) {
  return id ? "request " + text(*id) : "none";
}

// Of the protocol as published.
struct SaidPrinter {
  std::string operator()(const published::Request& m) const {
    return "Request " + text(m.id) + ", " + std::to_string(m.bytes.size()) + " bytes";
  }
  std::string operator()(const published::Proposal& m) const {
    return "Proposal " + text(m.seq) + " = request " + text(m.id);
  }
  std::string operator()(const published::State& m) const {
    return "State " + text(m.seq) + " phase " + std::to_string(m.phase) + " = " + text_of(m.value) +
           (m.request ? " (request " + text(*m.request) + ")" : "");
  }
  std::string operator()(const published::CastVote& m) const {
    return "Vote " + text(m.seq) + " phase " + std::to_string(m.phase) + " = " + text_of(m.value);
  }
  std::string operator()(const published::Decided& m) const {
    return "Decided " + text(m.seq) + " = " + text(m.request);
  }
  std::string operator()(const published::Ask& m) const { return "Ask from " + text(m.seq); }
  std::string operator()(const published::Want& m) const {
    return "Want request " + text(m.ids.front()) + (m.ids.size() > 1 ? " and others" : "");
  }
  std::string operator()(const published::Gone& m) const {
    return "Gone below " + text(m.kept_from);
  }
  std::string operator()(const published::Told& m) const { return "Told below " + text(m.end); }
};

struct Printer {
  std::string operator()(const message::Batch& m) const { return "Batch " + text(m.round); }
  std::string operator()(const message::Skip& m) const { return "Skip " + text(m.rounds); }
  std::string operator()(const message::State& m) const { return text_of_said("State", m); }
  std::string operator()(const message::CastVote& m) const { return text_of_said("Vote", m); }
  std::string operator()(const message::Decided& m) const { return text_of_said("Decided", m); }
  std::string operator()(const message::Need& m) const {
    return "Need L " + text(m.executed_end) + " top + 1 " + text(m.in_use_end) + " wants " +
           std::to_string(m.wanted.size());
  }
  std::string operator()(const message::NeedEnd& m) const {
    return "NeedEnd " + text(m.next) + (m.more ? " more" : "");
  }
  std::string operator()(const message::BatchCopy& m) const {
    return "BatchCopy " + text(m.slot.lane) + " " + text(m.slot.round);
  }
  std::string operator()(const message::Ask& /*m*/) const { return "Ask"; }
  std::string operator()(const message::Answer& m) const { return "Answer " + text(m.end); }
  std::string operator()(const message::Beat& m) const {
    if (m.incarnation.empty()) {
      return "Beat founding: nonce " + text_of(m.nonce) + " vector " + text_of(m.said);
    }
    return "Beat L " + text(m.executed_end) + " top + 1 " + text(m.in_use_end) + " laneFrom " +
           text(m.lane_from);
  }
  std::string operator()(const message::Below& m) const { return "Below " + text_of(m.snapshot); }
  std::string operator()(const message::SnapshotAsk& m) const {
    return "SnapshotAsk " + text_of(m.snapshot) + " from byte " + std::to_string(m.offset);
  }
  std::string operator()(const message::SnapshotPart& m) const {
    return "SnapshotPart " + text_of(m.snapshot) + " from byte " + std::to_string(m.offset) + ", " +
           std::to_string(m.bytes.size()) + " bytes";
  }
  std::string operator()(const message::Digest& m) const {
    return "Digest of batch " + std::to_string(m.position.value) + ": " +
           std::to_string(m.digest.low % 10'000);
  }
  std::string operator()(const message::Published& m) const {
    return std::visit(SaidPrinter{}, m.said);
  }
  std::string operator()(const record::Checkpoint& r) const {
    return "Checkpoint " + text(r.round) + " with " + std::to_string(r.batches.size()) +
           " batches, " + std::to_string(r.states.size()) + " states, " +
           std::to_string(r.votes.size()) + " votes, " + std::to_string(r.decided.size()) +
           " decisions";
  }
  std::string operator()(const record::State& r) const {
    return text_of_said("State", r) + (r.batch ? " with batch" : "");
  }
  std::string operator()(const record::CastVote& r) const { return text_of_said("Vote", r); }
  std::string operator()(const record::Decided& r) const { return text_of_said("Decided", r); }
  std::string operator()(const record::Batch& r) const {
    return "Batch " + text(r.slot.lane) + " " + text(r.slot.round);
  }
  std::string operator()(const record::Reserve& r) const { return "Reserve " + text(r.end); }
  std::string operator()(const record::Founding& r) const {
    return "Founding nonce " + text_of(r.nonce) + " vector " + text_of(r.said);
  }
  std::string operator()(const record::Boot& r) const {
    return "Boot of " + text_of(r.incarnation) + (r.without_memory ? " without memory" : "");
  }
  std::string operator()(const record::Rejoin& r) const { return "Rejoin " + text(r.end); }
  std::string operator()(const record::CleanStop& /*r*/) const { return "CleanStop"; }
};

}  // namespace

std::string print(const Message& message) {
  return std::visit(Printer{}, message);
}
std::string print(const Record& record) {
  return std::visit(Printer{}, record);
}

}  // namespace rabia::consensus::testing
