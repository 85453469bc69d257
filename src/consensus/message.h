// What replicas say to each other. protocol.md, section 9. Bytes: docs/formats/message.md.
//
// Messages are idempotent: they may be lost, repeated and reordered, and may come from an earlier
// life of their sender. Fields named _end hold the round after (types.h).
#pragma once

#include <variant>
#include <vector>

#include "base/shared_bytes.h"
#include "base/time.h"
#include "consensus/published/message.h"
#include "consensus/types.h"
#include "rabia/state_machine.h"

namespace rabia::consensus {

namespace message {

// The owner's proposal for its slot of the round. The lane is the sender's.
struct Batch {
  Round round;
  bool with_state = false;  // Mode `memory`: stands for State(round, 1, 1) too.
  base::SharedBytes bytes;
  // Not said: the receiver does not support it (section 4, (e)).
  bool refused = false;
};

// The promise that the owner (the sender) created no batch in these rounds and never will.
struct Skip {
  RoundRange rounds;
};

struct State {
  Lane lane;
  RoundRange rounds;
  Phase phase = first_phase;
  Bit value = Bit::zero;
};

struct CastVote {
  Lane lane;
  RoundRange rounds;
  Phase phase = first_phase;
  Vote value = Vote::zero;
};

struct Decided {
  Lane lane;
  RoundRange rounds;
  Bit value = Bit::zero;
};

// Asks for whatever the sender lacks. The reply is in log order from `executed_end` on.
inline constexpr std::size_t wanted_max = 4096;

struct Need {
  Round executed_end;          // L of the sender.
  Round in_use_end;            // top + 1 of the sender.
  std::vector<SlotId> wanted;  // Slots whose batch is wanted, whatever their state; wanted_max.
};

// Ends a reply to Need. `more`: the reply was cut short; ask again from `next`.
struct NeedEnd {
  Round next;
  bool more = false;
};

// A batch, from any holder of it.
struct BatchCopy {
  SlotId slot;
  base::SharedBytes bytes;
  bool refused = false;  // As of a Batch.
};

enum class BarrierKind : std::uint8_t { read = 0, rejoin = 1 };

struct Ask {
  BarrierKind kind = BarrierKind::read;
  Nonce nonce;
};

// Fixed once given for a nonce.
struct Answer {
  BarrierKind kind = BarrierKind::read;
  Nonce nonce;
  Round end;  // To a read the sender's frontier, to a rejoin its bound; plus one.
};

// How the sender of a Beat sees one lane (section 4).
struct LaneReport {
  Lane lane;
  std::uint32_t interval = 1;  // K: 1 means trusted.
  Round ahead_end;             // It has input 0 ahead in rounds below.
  base::Duration waited{};     // How long the lane made it wait of late.
};

struct Beat {
  FoundingVector incarnation;  // V; empty while not founded.
  Round executed_end;          // L
  Round in_use_end;            // top + 1
  Round lane_from;
  Round floor;  // It takes no part in rounds below; none at all: round_never.
  std::vector<LaneReport> lanes;
  // While not founded: the own nonce, and the vector last said (or empty).
  Nonce nonce;
  FoundingVector said;
  // The highest stamp of a batch that it supports by now (section 17): its caller's to say.
  LogTime supports_until{};
};

// The sender has dropped what is asked for: the snapshot holds it (section 7).
struct Below {
  SnapshotName snapshot;
};

// Asks for a part of the snapshot's file, from `offset` on. From its end on: all of it has come,
// and it is not right.
struct SnapshotAsk {
  SnapshotName snapshot;
  std::uint64_t offset = 0;
};

// A part of it. No bytes: the sender no longer has that snapshot.
struct SnapshotPart {
  SnapshotName snapshot;
  std::uint64_t offset = 0;
  base::SharedBytes bytes;
};

// The sender's state after its first `position` batches, from 1 on.
struct Digest {
  LogPosition position;
  StateDigest digest;
};

// Said by replicas that run the protocol as published (section 16), and only among them.
struct Published {
  published::Said said;
};

}  // namespace message

using Message =
    std::variant<message::Batch, message::Skip, message::State, message::CastVote, message::Decided,
                 message::Need, message::NeedEnd, message::BatchCopy, message::Ask, message::Answer,
                 message::Beat, message::Below, message::SnapshotAsk, message::SnapshotPart,
                 message::Digest, message::Published>;

}  // namespace rabia::consensus
