// What a replica must not forget. protocol.md, section 10. Bytes: docs/formats/record.md.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/shared_bytes.h"
#include "consensus/types.h"
#include "rabia/durability.h"

namespace rabia::consensus {

// Recorded in Boot: what the log of this store survives.
using Mode = Durability;

namespace record {

// Durable before the State is sent or counted. Value 1 needs the slot's batch durable: it is in
// `batch` when it was not stored before (then `rounds` is one round).
struct State {
  Lane lane;
  RoundRange rounds;
  Phase phase = first_phase;
  Bit value = Bit::zero;
  base::SharedBytes batch;
};

// Durable before the vote is sent or counted.
struct CastVote {
  Lane lane;
  RoundRange rounds;
  Phase phase = first_phase;
  Vote value = Vote::zero;
};

// Lazily: the states and votes of a quorum lead to the same.
struct Decided {
  Lane lane;
  RoundRange rounds;
  Bit value = Bit::zero;
};

// Lazily: a batch learned after input 0 or by Decided.
struct Batch {
  SlotId slot;
  base::SharedBytes bytes;
};

// H: the own lane may be used in rounds below. Durable before it is.
struct Reserve {
  Round end;
};

// The nonce and the vector that are about to be said while founding; synced before they are.
struct Founding {
  Nonce nonce;
  FoundingVector said;
  friend bool operator==(const Founding&, const Founding&) = default;
};

// Section 8: from the round `end` on this member takes part again, and its lane begins there; of
// what it did before it remembers nothing. Durable before it takes part.
struct Rejoin {
  Round end;
};

// The first record of a life of a founded member; synced before anything is sent.
struct Boot {
  std::string cluster_id;
  FoundingVector incarnation;
  ReplicaId member;
  Mode mode = Mode::always;
  std::string boot_id;  // Of the machine: tells a restart of the process from one of the system.
  bool without_memory = false;  // It takes no part until a Rejoin follows.
};

// Repeats, in one record, whatever earlier records say that still matters at a moment when all
// rounds below `round` were executed: with a snapshot of that round, they can be dropped
// (section 7).
struct Checkpoint {
  Round round;
  Boot boot;
  Round reserved_end;   // H, as last written.
  Round floor;          // Of the last Rejoin, or 0.
  Round state_one_end;  // Part of the frontier: the round after the last one with a State 1.
  std::vector<Batch> batches;
  std::vector<State> states;  // Without batches: they are above.
  std::vector<CastVote> votes;
  std::vector<Decided> decided;
};

// The last record of a clean stop; counts only as the last record.
struct CleanStop {};

}  // namespace record

using Record = std::variant<record::State, record::CastVote, record::Decided, record::Batch,
                            record::Reserve, record::Founding, record::Boot, record::CleanStop,
                            record::Checkpoint, record::Rejoin>;

}  // namespace rabia::consensus
