#include "consensus/published/request_queue.h"

#include <utility>

#include "base/mutant.h"

namespace rabia::consensus::published {

bool RequestQueue::push(const RequestId& id, base::SharedBytes bytes) {
  if (in_log(id)) return false;
  return waiting_.try_emplace(id, std::move(bytes)).second;
}

void RequestQueue::executed(const RequestId& id) {
  waiting_.erase(id);
  if (base::mutated(base::Mutant::published_executed_twice)) return;
  Owner& owner = in_log_[id.owner];
  if (id.number <= owner.through) return;
  owner.beyond.insert(id.number);
  while (!owner.beyond.empty() && *owner.beyond.begin() == owner.through + 1) {
    owner.beyond.erase(owner.beyond.begin());
    ++owner.through;
  }
}

base::SharedBytes RequestQueue::find(const RequestId& id) const {
  const auto found = waiting_.find(id);
  return found != waiting_.end() ? found->second : base::SharedBytes();
}

bool RequestQueue::in_log(const RequestId& id) const {
  const auto owner = in_log_.find(id.owner);
  if (owner == in_log_.end()) return false;
  return id.number <= owner->second.through || owner->second.beyond.contains(id.number);
}

}  // namespace rabia::consensus::published
