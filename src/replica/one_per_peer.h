// Requests of peers, so that no peer can have more work done at once than others.
#pragma once

#include <map>
#include <optional>
#include <utility>

#include "rabia/ids.h"

namespace rabia::replica {

// One request at a time is served for each peer; of those that it makes meanwhile the latest
// counts. Core thread only.
template <typename Request>
class OnePerPeer {
 public:
  // False: one of this peer is being served; end() gives this one then.
  [[nodiscard]] bool begin(ReplicaId peer, const Request& request) {
    const auto [under_way, fresh] = latest_.try_emplace(peer);
    if (!fresh) under_way->second = request;
    return fresh;
  }
  // The one that was begun is served, or never will be. What the peer has asked since, if anything,
  // is for the caller to begin, or to forget.
  std::optional<Request> end(ReplicaId peer) {
    const auto under_way = latest_.extract(peer);
    return under_way ? std::move(under_way.mapped()) : std::nullopt;
  }

 private:
  std::map<ReplicaId, std::optional<Request>> latest_;  // Of peers that are being served.
};

}  // namespace rabia::replica
