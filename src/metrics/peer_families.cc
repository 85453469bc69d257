// Of the other members, as this replica sees them: which of them hurts the others.
#include <algorithm>
#include <string>

#include "metrics/families.h"
#include "metrics/family.h"

namespace rabia::metrics {
namespace {

// Families that have one value for each of the peers.
class Peers {
 public:
  Peers(const Picture& picture, Families& families) : picture_(picture), families_(families) {}

  template <typename Value>
  void gauge(std::string name, std::string help, Value value) {
    Family family = families_.gauges(std::move(name), std::move(help));
    fill(family, value);
  }
  template <typename Value>
  void counter(std::string name, std::string help, Value value) {
    Family family = families_.counters(std::move(name), std::move(help));
    fill(family, value);
  }

 private:
  template <typename Value>
  void fill(Family& family, Value value) {
    for (const replica::PeerStatus& peer : picture_.replica.peers) {
      family.value(value(peer), {{"peer", std::to_string(peer.id.value)}});
    }
  }

  const Picture& picture_;
  Families& families_;
};

using Peer = replica::PeerStatus;

void add_links(Peers& peers, std::uint64_t executed_round) {
  peers.gauge("rabia_peer_connected", "1 while the link to the member is up.",
              [](const Peer& peer) { return peer.connected; });
  peers.gauge("rabia_peer_round_trip_seconds", "The last one measured on the link.",
              [](const Peer& peer) { return seconds_of(peer.round_trip); });
  peers.gauge("rabia_peer_behind_rounds", "Executed here and not there, as far as was heard.",
              [=](const Peer& peer) {
                return executed_round - std::min(executed_round, peer.executed_round);
              });
  peers.counter("rabia_peer_sent_bytes_total", "Sent to the member.",
                [](const Peer& peer) { return peer.bytes_sent; });
  peers.counter("rabia_peer_received_bytes_total", "Received from the member.",
                [](const Peer& peer) { return peer.bytes_received; });
  peers.counter("rabia_peer_dropped_frames_total",
                "Not sent, since the member was away or the queue to it full.",
                [](const Peer& peer) { return peer.frames_dropped; });
  peers.counter("rabia_peer_connects_total", "How often the link came up.",
                [](const Peer& peer) { return peer.connects; });
  peers.gauge("rabia_peer_digest_differs", "1 when the member's state differs from the one here.",
              [](const Peer& peer) { return peer.digest_differs.value > 0; });
}

void add_lanes(Peers& peers) {
  peers.counter("rabia_lane_waits_total",
                "How often the member was waited for in vain; waits that overlap count once.",
                [](const Peer& peer) { return peer.waits; });
  peers.counter("rabia_lane_forfeits_total", "Slots of the member given up after waiting.",
                [](const Peer& peer) { return peer.forfeits; });
  peers.counter("rabia_lane_zeros_ahead_total",
                "Slots of the member given up without waiting, since it was late before.",
                [](const Peer& peer) { return peer.zeros_ahead; });
  peers.gauge("rabia_lane_trust_interval_rounds",
              "The member is waited for in one round of so many; 1: it is trusted.",
              [](const Peer& peer) { return peer.trust_interval; });
  peers.gauge("rabia_lane_recent_wait_seconds", "How long it made this replica wait of late.",
              [](const Peer& peer) { return seconds_of(peer.recent_wait); });
  peers.gauge("rabia_lane_patience_seconds", "How long it would be waited for now.",
              [](const Peer& peer) { return seconds_of(peer.patience); });
}

}  // namespace

void add_peer_families(const Picture& picture, std::vector<prometheus::MetricFamily>& out) {
  Families families(out);
  Peers peers(picture, families);
  add_links(peers, picture.replica.executed_round);
  if (picture.replica.protocol == Protocol::lanes) add_lanes(peers);
}

}  // namespace rabia::metrics
