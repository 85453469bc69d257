// What a replica drives, whichever protocol agrees on its log: inputs in, Ready out. Node (lanes,
// the protocol of docs/protocol.md) and published::Node (the paper's, its section 16). What only
// lanes have (replay, snapshots, rejoin) is Node's own.
#pragma once

#include <cstdint>
#include <string>

#include "base/shared_bytes.h"
#include "base/time.h"
#include "consensus/membership.h"
#include "consensus/message.h"
#include "consensus/types.h"
#include "rabia/result.h"

namespace rabia::consensus {

struct Ready;         // node.h
struct NodeCounters;  // node.h

// The contract of Node, where each of these is described. A few calls in each step of a replica,
// and none for a command.
class Engine {
 public:
  enum class Stage : std::uint8_t {
    founding,     // Empty: no incarnation yet.
    booting,      // Boot is on its way to the disk.
    rejoining,    // Without memory: executes, and takes no part (section 8).
    running,      //
    must_rejoin,  // Refuses to go on without the operator's word: why_refused().
  };

  virtual ~Engine() = default;

  // ---- inputs
  virtual Status start(base::Instant now) = 0;
  virtual Round propose(base::SharedBytes batch, base::Instant now) = 0;
  [[nodiscard]] virtual bool can_propose() const = 0;
  virtual void receive(ReplicaId from, Incarnation incarnation, const Message& message,
                       base::Instant now) = 0;
  virtual void durable(RecordNumber up_to, base::Instant now) = 0;
  virtual std::uint64_t read() = 0;
  [[nodiscard]] virtual std::uint64_t reads_done() const = 0;
  virtual void peer_up(ReplicaId peer, base::Instant now) = 0;
  virtual void peer_down(ReplicaId peer, base::Instant now) = 0;
  virtual void round_trip(ReplicaId peer, base::Duration measured) = 0;
  virtual void know(ReplicaId peer) = 0;
  virtual void tick(base::Instant now) = 0;

  // ---- outputs
  [[nodiscard]] virtual Ready& ready() = 0;
  [[nodiscard]] virtual base::Instant wake_at() const = 0;

  // ---- what can be seen
  [[nodiscard]] virtual Stage stage() const = 0;
  [[nodiscard]] virtual const std::string& why_refused() const = 0;
  [[nodiscard]] virtual bool open() const = 0;
  [[nodiscard]] virtual bool has_quorum() const = 0;
  [[nodiscard]] virtual bool is_voter() const = 0;
  [[nodiscard]] virtual Incarnation incarnation() const = 0;
  [[nodiscard]] virtual Round executed_end() const = 0;
  [[nodiscard]] virtual Round in_use_end() const = 0;
  [[nodiscard]] virtual Round peer_executed_end(ReplicaId peer) const = 0;
  [[nodiscard]] virtual const message::Beat* last_beat(ReplicaId peer) const = 0;
  [[nodiscard]] virtual Round floor() const = 0;
  [[nodiscard]] virtual const ConfigurationHistory& configurations() const = 0;
  [[nodiscard]] virtual std::size_t own_undecided() const = 0;
  [[nodiscard]] virtual const NodeCounters& counters() const = 0;
};

}  // namespace rabia::consensus
