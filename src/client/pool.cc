#include "client/pool.h"

#include <algorithm>
#include <utility>

namespace rabia::client {

Pool::Pool(Dialer& dialer, std::vector<kv::Address> addresses, std::size_t connections_max,
           Milliseconds connect_within, std::uint64_t seed)
    : dialer_(dialer),
      connect_within_(connect_within),
      balance_(addresses.size(), connections_max, seed),
      replicas_(addresses.size()) {
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    replicas_[i].metrics.address = std::move(addresses[i]);
  }
}

Result<Pool::Lease> Pool::take(Instant deadline, std::optional<std::size_t> avoid) {
  std::string why = "every connection is in use";
  while (true) {
    std::optional<std::size_t> chosen;
    {
      std::unique_lock lock(mutex_);
      while (!(chosen = balance_.choose(Clock::now(), avoid))) {
        if (Clock::now() >= deadline) return {Code::unavailable, why};
        const Instant until = std::min(deadline, balance_.next_trial().value_or(deadline));
        ++waiting_;
        changed_.wait_until(lock, until);
        --waiting_;
      }
      balance_.begin(*chosen);
      Replica& replica = replicas_[*chosen];
      if (!replica.idle.empty()) {
        Lease lease{*chosen, std::move(replica.idle.back())};
        replica.idle.pop_back();
        ++replica.metrics.requests;
        return lease;
      }
    }
    auto dialed = dial(*chosen, deadline);
    if (dialed.ok() || dialed.status().code() == Code::failed_precondition) return dialed;
    why = dialed.status().message();
    avoid = chosen;
    if (Clock::now() >= deadline) return {Code::unavailable, why};
  }
}

Result<Pool::Lease> Pool::dial(std::size_t replica, Instant deadline) {
  const kv::Address address = replicas_[replica].metrics.address;  // Never changes.
  const Instant now = Clock::now();
  auto dialed =
      dialer_.dial(address, now + std::min<Clock::duration>(connect_within_, deadline - now));
  const std::lock_guard lock(mutex_);
  kv::ReplicaMetrics& metrics = replicas_[replica].metrics;
  if (!dialed.ok()) {
    ++metrics.connections_failed;
    balance_.failed(replica, Clock::now());
    wake();
    return {dialed.status().code(),
            address.host + ':' + std::to_string(address.port) + ": " + dialed.status().message()};
  }
  ++metrics.connections_opened;
  ++metrics.connections_open;
  ++metrics.requests;
  return Lease{replica, dialed.take()};
}

void Pool::give_back(Lease lease, End end) {
  std::vector<std::unique_ptr<Connection>> closed;  // Without the lock.
  const std::lock_guard lock(mutex_);
  Replica& replica = replicas_[lease.replica];
  if (end == End::lost) {
    closed.swap(replica.idle);
    closed.push_back(std::move(lease.connection));
    replica.metrics.connections_open -= closed.size();
  } else {
    replica.idle.push_back(std::move(lease.connection));
  }
  if (end == End::answered) {
    balance_.succeeded(lease.replica);
  } else {
    ++replica.metrics.failures;
    balance_.failed(lease.replica, Clock::now());
  }
  wake();
}

// All: who is woken may not want what there is.
void Pool::wake() {
  if (waiting_ > 0) changed_.notify_all();
}

std::vector<kv::ReplicaMetrics> Pool::metrics() const {
  const std::lock_guard lock(mutex_);
  std::vector<kv::ReplicaMetrics> out;
  const Instant now = Clock::now();
  for (std::size_t i = 0; i < replicas_.size(); ++i) {
    out.push_back(replicas_[i].metrics);
    out.back().left_out = balance_.left_out(i, now);
  }
  return out;
}

}  // namespace rabia::client
