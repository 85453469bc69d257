// What replicas say to each other in the protocol as published (docs/protocol.md, section 16).
// Bytes: docs/formats/message.md. Idempotent, as all messages: lost, repeated and reordered ones
// are borne.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "base/shared_bytes.h"
#include "consensus/types.h"

namespace rabia::consensus::published {

// The paper's seq: a slot of the log. Slots are decided one after the other. (A "round" of the
// paper is half of a phase; Round is the log's coordinate in the rest of this room.)
using Seq = Round;

// Names a request: what one proxy has gathered from its clients (section 4 of the paper). The order
// is that of the priority queue (Alg. 1): the oldest first.
struct RequestId {
  std::uint64_t time = 0;    // Its time stamp, in microseconds.
  ReplicaId owner;           // The proxy.
  std::uint64_t number = 0;  // From 1, of its owner's.
  friend constexpr auto operator<=>(const RequestId&, const RequestId&) = default;
};

// A request, forwarded to all (Alg. 1), or given to who lacks it.
struct Request {
  RequestId id;
  base::SharedBytes bytes;
};

// Alg. 2, exchange stage.
struct Proposal {
  Seq seq;
  RequestId id;
};

// Alg. 2, first round of a phase. A State 1 of the first phase names the request that a majority
// proposes: what FindReturnValue looks for, for those who will never hear that majority.
struct State {
  Seq seq;
  Phase phase = first_phase;
  Bit value = Bit::zero;
  std::optional<RequestId> request;
};

// Alg. 2, second round of a phase.
struct CastVote {
  Seq seq;
  Phase phase = first_phase;
  Vote value = Vote::zero;
};

// What Weak-MVC returned at the sender; none: ⊥.
struct Decided {
  Seq seq;
  std::optional<RequestId> request;
};

// The sender is at this slot and hears nothing new: say again what it may lack.
struct Ask {
  Seq seq;
};

// Give these requests: the sender has only heard of them. At least one; wanted_max.
inline constexpr std::size_t wanted_max = 256;
struct Want {
  std::vector<RequestId> ids;
};

// The sender no longer has the slots below: who needs them cannot come back.
struct Gone {
  Seq kept_from;
};

// Ends a reply to an Ask of who is behind: it told the slots below.
struct Told {
  Seq end;
};

using Said = std::variant<Request, Proposal, State, CastVote, Decided, Ask, Want, Gone, Told>;

}  // namespace rabia::consensus::published
