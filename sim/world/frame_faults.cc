#include "sim/world/frame_faults.h"

#include <utility>

namespace rabia::sim {

base::Duration FrameRoad::lateness() {
  if (!random_.chance(faults_.late)) return {};
  ++tally_[Count::frame_late];
  const auto most = static_cast<std::uint64_t>(faults_.late_by_most.count());
  return base::Duration(static_cast<std::int64_t>(random_.below(most + 1)));
}

void FrameRoad::send(const transport::Frame& frame, const Deliver& deliver) {
  std::string bytes;
  transport::append_frame(bytes, frame.type, frame.payload);
  if (frame.type != transport::FrameType::data) {
    deliver(std::move(bytes), {});
    return;
  }
  if (faults_.of_old > 0) {
    if (!remembered_.empty() && random_.chance(faults_.of_old)) {
      ++tally_[Count::frame_of_old];
      deliver(remembered_[random_.below(remembered_.size())], lateness());
    }
    if (remembered_.size() < remembered_max) {
      remembered_.push_back(bytes);
    } else if (random_.chance(10)) {
      remembered_[random_.below(remembered_max)] = bytes;
    }
  }
  if (random_.chance(faults_.lost)) {
    ++tally_[Count::frame_lost];
    return;
  }
  if (random_.chance(faults_.repeated)) {
    ++tally_[Count::frame_repeated];
    deliver(bytes, lateness());
  }
  deliver(std::move(bytes), lateness());
}

}  // namespace rabia::sim
