// What a bad network does to the frames of one direction between two replicas: loses, repeats,
// delays past later ones, and brings up again those of earlier connections (protocol.md, section 1;
// docs/formats/frame.md). A byte stream alone never does that, and the protocol must not depend on
// it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "sim/world/tally.h"
#include "transport/frame.h"

namespace rabia::sim {

// In percent of the frames.
struct FrameFaults {
  std::uint64_t lost = 0;
  std::uint64_t repeated = 0;
  std::uint64_t late = 0;
  std::uint64_t of_old = 0;
  base::Duration late_by_most = std::chrono::milliseconds(20);
};

// One direction between two machines, for all its connections. One thread.
class FrameRoad {
 public:
  FrameRoad(std::uint64_t seed, Tally& tally) : random_(seed), tally_(tally) {}

  void set_faults(const FrameFaults& faults) { faults_ = faults; }

  // What becomes of one frame that is sent: `deliver` is called for each time that it arrives, with
  // the delay after which it does. Frames of the handshake and pings always arrive, once, in order.
  using Deliver = std::function<void(std::string bytes, base::Duration after)>;
  void send(const transport::Frame& frame, const Deliver& deliver);

 private:
  static constexpr std::size_t remembered_max = 16;
  [[nodiscard]] base::Duration lateness();

  base::Random random_;
  Tally& tally_;
  FrameFaults faults_;
  std::vector<std::string> remembered_;  // Some earlier frames.
};

}  // namespace rabia::sim
