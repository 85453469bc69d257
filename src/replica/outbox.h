// The messages of one step, gathered into one frame for each peer.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>

#include "consensus/codec.h"
#include "consensus/node.h"
#include "transport/transport.h"

namespace rabia::replica {

// A frame: the sender's incarnation (fixed 64 bits), then messages. docs/formats/message.md.
class Outbox {
 public:
  // `frame_bytes_max`: the transport's. A frame goes out before the step ends rather than grow
  // beyond that, or beyond 4 MiB. A single message must fit.
  Outbox(transport::Transport& transport, std::uint64_t frame_bytes_max)
      : transport_(transport),
        frame_bytes_max_(std::min(frame_bytes_max, std::uint64_t{4} << 20)) {}

  void add(consensus::Incarnation incarnation, ReplicaId self,
           const consensus::Outgoing& outgoing) {
    scratch_.clear();
    consensus::encode(outgoing.message, scratch_);
    if (outgoing.to) {
      add_encoded(incarnation, *outgoing.to);
      return;
    }
    for (const ReplicaId member : outgoing.everyone_of->members()) {
      if (member != self) add_encoded(incarnation, member);
    }
  }

  void flush() {
    for (auto& [peer, frame] : frames_) flush(peer, frame);
  }

 private:
  void add_encoded(consensus::Incarnation incarnation, ReplicaId to) {
    std::string& frame = frames_[to];
    if (frame.size() + scratch_.size() > frame_bytes_max_) flush(to, frame);
    if (frame.empty()) base::Encoder(frame).fixed(incarnation);
    frame.append(scratch_);
  }
  void flush(ReplicaId to, std::string& frame) {
    if (frame.empty()) return;
    transport_.send(to, frame);
    const bool was_large = frame.capacity() > frame_bytes_max_;
    frame.clear();
    if (was_large) frame.shrink_to_fit();
  }

  transport::Transport& transport_;
  std::uint64_t frame_bytes_max_;
  std::map<ReplicaId, std::string> frames_;
  std::string scratch_;
};

}  // namespace rabia::replica
