#include "consensus/published/decided_log.h"

#include <utility>

namespace rabia::consensus::published {

// An empty slot takes room as well.
std::uint64_t DecidedLog::cost(const Entry& entry) {
  return sizeof(Entry) + entry.bytes.size();
}

void DecidedLog::append(Entry entry) {
  bytes_ += cost(entry);
  entries_.push_back(std::move(entry));
  while (bytes_ > bytes_max_ && entries_.size() > 1) discard_first();
}

void DecidedLog::discard_below(Seq seq) {
  while (!entries_.empty() && begin_ < seq) discard_first();
}

void DecidedLog::discard_first() {
  bytes_ -= cost(entries_.front());
  entries_.pop_front();
  ++begin_;
}

const DecidedLog::Entry* DecidedLog::find(Seq seq) const {
  if (seq < begin_ || seq >= end()) return nullptr;
  return &entries_[distance(begin_, seq)];
}

}  // namespace rabia::consensus::published
