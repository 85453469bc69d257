// Framed TCP links between replicas. docs/formats/frame.md has the bytes.
//
// One connection for each pair of members, dialled by the one with the greater id. It carries
// frames, and does not read what is in them. A frame may be lost (a full queue, a broken
// connection), never damaged (CRC-32C), and on one connection never reordered. Whoever needs what
// was lost asks for it (protocol.md, section 7).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "io/executor.h"
#include "io/network.h"
#include "rabia/ids.h"
#include "rabia/result.h"

namespace rabia::transport {

struct Peer {
  ReplicaId id;
  io::Endpoint address;
};

struct TransportOptions {
  std::string cluster_id;
  ReplicaId self;
  io::Endpoint listen;
  std::vector<Peer> peers;                      // At first; without self.
  std::uint64_t frame_bytes_max = 48ULL << 20;  // A larger frame ends the connection.
  std::uint64_t queue_bytes_max = 64ULL << 20;  // Per peer, not yet taken by the OS.
  base::Duration redial_first = std::chrono::milliseconds(20);  // Doubles, with jitter, up to:
  base::Duration redial_last = std::chrono::milliseconds(100);
  base::Duration heartbeat_every = std::chrono::milliseconds(100);  // A ping on every link.
  base::Duration silent_after = std::chrono::milliseconds(500);  // Nothing heard: the link is down.
  std::size_t pending_handshakes_max = 64;  // Unauthenticated inbound connections at once.
  base::Duration handshake_within = std::chrono::seconds(2);
};

// Core thread only. Callbacks come from the event loop, never from inside a call of this interface;
// they may call it, but must not destroy it.
class Transport {
 public:
  // Any may be empty.
  struct Callbacks {
    std::function<void(ReplicaId)> peer_up;  // A handshake succeeded; frames can be sent.
    // Closed, broken, silent or removed. Alternates with peer_up.
    std::function<void(ReplicaId)> peer_down;
    // One frame's payload, valid during the call.
    std::function<void(ReplicaId, std::string_view)> received;
    std::function<void(ReplicaId, base::Duration)> round_trip;  // Measured by a ping.
  };

  struct PeerStats {
    ReplicaId id;
    bool up = false;
    base::Duration round_trip{};  // Last measured.
    std::uint64_t frames_sent = 0;
    std::uint64_t frames_received = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
    std::uint64_t frames_dropped = 0;  // The queue was full, or the peer down.
    std::uint64_t connects = 0;
    // What the peer last said when it refused this member's connection; empty since it was up.
    std::string refused_because;
  };

  // Listens and begins to dial. Fails when the address cannot be listened on, and with
  // Code::invalid_argument when the options contradict themselves.
  static Result<std::unique_ptr<Transport>> open(io::Executor& executor, io::Network& network,
                                                 TransportOptions options, Callbacks callbacks);
  virtual ~Transport() = default;

  // Sends one frame with this payload; dropped (and counted) when the peer is down or its queue
  // full. The payload is at most frame_bytes_max long (checked). To a stranger nothing is sent.
  virtual void send(ReplicaId to, std::string_view payload) = 0;
  // Begins to connect to one more member, or to a known one at another address: then its link is
  // taken down (and counts on in stats()). No effect on a peer that is known at this address. Fails
  // with Code::invalid_argument for id 0 and for self. How many peers there are the caller bounds.
  virtual Status add_peer(Peer peer) = 0;
  // Forgets a peer (no effect on a stranger): its connection is closed, and what it sends or dials
  // from now on is refused. When it was up, up() is false at once, and peer_down is told in a later
  // turn, when the caller may have forgotten it too.
  virtual void remove_peer(ReplicaId peer) = 0;
  // Where a peer is dialled, or would be; nothing for a stranger and for self.
  [[nodiscard]] virtual std::optional<io::Endpoint> address_of(ReplicaId peer) const = 0;
  // What this member says in handshakes from now on: the incarnation that it has (0: none yet).
  // Two members with different incarnations, neither 0, refuse each other. A link to a member that
  // said another one is taken down soon after.
  virtual void set_incarnation(std::uint64_t incarnation) = 0;
  // As if this member's network were cut: takes all links down (peer_down is called from inside),
  // dials nobody, and refuses who comes with this reason, until resume(). Not from inside a
  // callback.
  virtual void suspend(std::string reason) = 0;
  virtual void resume() = 0;
  [[nodiscard]] virtual bool up(ReplicaId peer) const = 0;
  [[nodiscard]] virtual std::vector<PeerStats> stats() const = 0;
  // Handshakes refused, by reason, each logged once per peer address and reason.
  [[nodiscard]] virtual std::uint64_t refused() const = 0;
  // The real one when port 0 was asked for.
  [[nodiscard]] virtual std::uint16_t port() const = 0;
};

}  // namespace rabia::transport
