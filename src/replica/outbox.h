// The messages of one step, gathered into one frame for each peer.
#pragma once

#include <map>
#include <string>

#include "consensus/codec.h"
#include "consensus/node.h"
#include "transport/transport.h"

namespace rabia::replica {

// A frame: the sender's incarnation (fixed 64 bits), then messages. docs/formats/message.md.
class Outbox {
 public:
  // A frame that has grown to this goes out before the step ends.
  static constexpr std::size_t frame_bytes = 4U << 20;

  explicit Outbox(transport::Transport& transport) : transport_(transport) {}

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
    if (frame.empty()) base::Encoder(frame).fixed(incarnation);
    frame.append(scratch_);
    if (frame.size() >= frame_bytes) flush(to, frame);
  }
  void flush(ReplicaId to, std::string& frame) {
    if (frame.empty()) return;
    transport_.send(to, frame);
    const bool was_large = frame.capacity() > frame_bytes;
    frame.clear();
    if (was_large) frame.shrink_to_fit();
  }

  transport::Transport& transport_;
  std::map<ReplicaId, std::string> frames_;
  std::string scratch_;
};

}  // namespace rabia::replica
