#include "client/balance.h"

#include <algorithm>

namespace rabia::client {

bool Balance::may_take(const Replica& replica, Instant now) const {
  const std::size_t calls_max = replica.failures == 0 ? calls_max_ : 1;
  return replica.calls < calls_max && replica.left_out_until <= now;
}

std::optional<std::size_t> Balance::choose(Instant now, std::optional<std::size_t> avoid) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < replicas_.size(); ++i) {
    const std::size_t candidate = (turn_ + i) % replicas_.size();
    if (candidate == avoid || !may_take(replicas_[candidate], now)) continue;
    if (!best || replicas_[candidate].calls < replicas_[*best].calls) best = candidate;
  }
  if (!best && avoid && may_take(replicas_[*avoid], now)) best = avoid;
  if (best) turn_ = (*best + 1) % replicas_.size();
  return best;
}

std::optional<Instant> Balance::next_trial() const {
  std::optional<Instant> first;
  for (const Replica& replica : replicas_) {
    if (replica.failures == 0 || replica.calls > 0) continue;
    if (!first || replica.left_out_until < *first) first = replica.left_out_until;
  }
  return first;
}

void Balance::succeeded(std::size_t replica) {
  Replica& it = replicas_[replica];
  --it.calls;
  it.failures = 0;
  it.left_out_until = {};
}

void Balance::failed(std::size_t replica, Instant now) {
  Replica& it = replicas_[replica];
  --it.calls;
  // Calls that were under way together fail for one reason.
  if (it.failures > 0 && it.left_out_until > now) return;
  constexpr unsigned doublings_max = 10;
  const auto grown = pause_min * (1U << std::min(it.failures, doublings_max));
  const base::Duration pause = std::min<base::Duration>(grown, pause_max);
  const auto half = static_cast<std::uint64_t>(pause.count() / 2);
  it.left_out_until = now + pause - base::Duration(random_.below(half + 1));
  ++it.failures;
}

}  // namespace rabia::client
