#include "replica/history.h"

#include <algorithm>

#include "base/check.h"

namespace rabia::replica {

using consensus::Round;
using consensus::SlotId;

void History::stored(SlotId slot, storage::RecordLocation location) {
  if (!in_memory_) stored_.try_emplace(slot, location);
}

void History::stored_again(SlotId slot, storage::RecordLocation location) {
  if (!in_memory_) stored_.insert_or_assign(slot, location);
}

void History::executed(SlotId slot, const base::SharedBytes& batch, Round executed_end) {
  Entry entry{slot, {}};
  if (in_memory_) {
    batches_.push_back(batch);
    memory_bytes_ += batch.size();
  } else {
    const auto found = stored_.find(slot);
    RABIA_CHECK(found != stored_.end());  // Or a restart could not execute it again.
    entry.location = found->second;
  }
  executed_.push_back(entry);
  while (memory_bytes_ > memory_bytes_max_ && executed_.size() > 1) {
    memory_bytes_ -= batches_.front().size();
    first_ = executed_.front().slot.round + 1;
    batches_.pop_front();
    executed_.pop_front();
  }
  // What was stored of rounds that are over was decided 0, or has just been taken.
  stored_.erase(stored_.begin(), stored_.lower_bound(SlotId{executed_end, {0}}));
}

void History::begin_at(Round round) {
  first_ = round;
  executed_.clear();
  batches_.clear();
  memory_bytes_ = 0;
  stored_.erase(stored_.begin(), stored_.lower_bound(SlotId{round, {0}}));
}

void History::forget_segments_before(std::uint32_t segment) {
  std::erase_if(stored_, [segment](const auto& each) { return each.second.segment < segment; });
  const auto last =
      std::find_if(executed_.rbegin(), executed_.rend(),
                   [segment](const Entry& entry) { return entry.location.segment < segment; });
  if (last == executed_.rend()) return;
  first_ = last->slot.round + 1;
  while (!executed_.empty() && executed_.front().slot.round < first_) executed_.pop_front();
}

namespace {

bool before(const History::Entry& entry, SlotId slot) {
  return entry.slot < slot;
}

}  // namespace

History::Part History::part(consensus::RoundRange rounds, std::uint64_t bytes_max) const {
  Part part{{}, {}, rounds.end};
  std::uint64_t bytes = 0;
  auto at = std::lower_bound(executed_.begin(), executed_.end(), SlotId{rounds.first, {0}}, before);
  for (; at != executed_.end() && at->slot.round < rounds.end; ++at) {
    const bool new_round = part.entries.empty() || part.entries.back().slot.round < at->slot.round;
    if (new_round && bytes >= bytes_max) {
      part.end = at->slot.round;
      break;
    }
    bytes += add(at, part);
  }
  return part;
}

void History::add(const std::vector<SlotId>& slots, std::uint64_t bytes_max, Part& part) const {
  std::uint64_t bytes = 0;
  for (const SlotId slot : slots) {
    if (bytes >= bytes_max) return;
    const auto at = std::lower_bound(executed_.begin(), executed_.end(), slot, before);
    if (at != executed_.end() && at->slot == slot) bytes += add(at, part);
  }
}

std::uint64_t History::add(std::deque<Entry>::const_iterator at, Part& part) const {
  part.entries.push_back(*at);
  if (!in_memory_) return at->location.size;
  part.batches.push_back(batches_[static_cast<std::size_t>(at - executed_.begin())]);
  return part.batches.back().size();
}

}  // namespace rabia::replica
