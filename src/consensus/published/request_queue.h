// The priority queue of Alg. 1: requests that were forwarded and are not in the log yet, the oldest
// time stamp first.
#pragma once

#include <cstdint>
#include <map>
#include <set>

#include "base/shared_bytes.h"
#include "consensus/published/message.h"

namespace rabia::consensus::published {

// Bounded by what owners may have undecided at once; they give the bound, not the queue.
class RequestQueue {
 public:
  // Alg. 1, on receiving a request: it is pushed, unless it is in the log already or in the queue.
  // True when it is new.
  bool push(const RequestId& id, base::SharedBytes bytes);
  // It is in the log now: it leaves the queue, and will not enter it again.
  void executed(const RequestId& id);

  [[nodiscard]] bool empty() const { return waiting_.empty(); }
  // Alg. 1: the first element that is not in the log. Needs !empty().
  [[nodiscard]] const RequestId& head() const { return waiting_.begin()->first; }
  // The bytes of a request that waits; none when it does not.
  [[nodiscard]] base::SharedBytes find(const RequestId& id) const;
  [[nodiscard]] bool in_log(const RequestId& id) const;
  [[nodiscard]] const std::map<RequestId, base::SharedBytes>& waiting() const { return waiting_; }

  // Mutants only: loses the head.
  void drop_head() { waiting_.erase(waiting_.begin()); }

 private:
  // Numbers of one owner in the log: all up to `through`, and those of `beyond`. An owner has few
  // undecided at once, so `beyond` is short.
  struct Owner {
    std::uint64_t through = 0;
    std::set<std::uint64_t> beyond;
  };

  std::map<RequestId, base::SharedBytes> waiting_;
  std::map<ReplicaId, Owner> in_log_;
};

}  // namespace rabia::consensus::published
