// The clock that the log carries: stamps of batches, and batches that only bring time. protocol.md,
// section 17.
#include <algorithm>
#include <functional>
#include <limits>
#include <utility>
#include <variant>
#include <vector>

#include "base/mutant.h"
#include "io/log.h"
#include "replica/core.h"

namespace rabia::replica {

using base::Mutant;
using base::mutated;

namespace {

constexpr base::Duration log_a_refusal_every = std::chrono::seconds(10);

}  // namespace

LogTime Core::log_time() const {
  return clock_.estimate(environment_.executor.now());
}

// Section 17: what a quorum of those who vote now supports, as far as they have said; no bound
// while they have not.
LogTime Core::supported_by_a_quorum() const {
  const consensus::Configuration& voters = node_->configurations().at(node_->executed_end());
  std::vector<LogTime> supported;
  for (const ReplicaId voter : voters.members()) {
    if (voter == options_.self) {
      supported.push_back(clock_.supports_until(environment_.executor.wall_now()));
    } else if (const consensus::message::Beat* const beat = node_->last_beat(voter)) {
      supported.push_back(beat->supports_until);
    }
  }
  const std::size_t quorum = voters.quorums().quorum();
  if (supported.size() < quorum) return {std::numeric_limits<std::uint64_t>::max()};
  std::sort(supported.begin(), supported.end(), std::greater<>());
  return supported[quorum - 1];
}

bool Core::own_clock_is_wrong() const {
  return log_time_of(environment_.executor.wall_now()) > supported_by_a_quorum();
}

LogTime Core::own_stamp() const {
  return clock_.stamp(environment_.executor.wall_now(), now_, supported_by_a_quorum());
}

void Core::say_what_is_supported(consensus::Message& message) const {
  if (auto* const beat = std::get_if<consensus::message::Beat>(&message)) {
    beat->supports_until = clock_.supports_until(environment_.executor.wall_now());
  }
}

// A batch from a clock that is far ahead gets no support here: section 4, (e).
void Core::judge_stamp(ReplicaId from, consensus::Message& message) {
  auto* const batch = std::get_if<consensus::message::Batch>(&message);
  auto* const copy = std::get_if<consensus::message::BatchCopy>(&message);
  if (batch == nullptr && copy == nullptr) return;
  const auto stamp = stamp_of((batch != nullptr ? batch->bytes : copy->bytes).view());
  const base::WallTime wall = environment_.executor.wall_now();
  if (!stamp || *stamp <= clock_.supports_until(wall)) return;
  (batch != nullptr ? batch->refused : copy->refused) = true;
  const ReplicaId origin = batch != nullptr ? from : copy->slot.lane;
  const base::Instant now = environment_.executor.now();
  const auto [last, is_first] = stamps_refused_at_.try_emplace(origin, now);
  if (!is_first && now - last->second < log_a_refusal_every) return;
  last->second = now;
  io::log(
      io::Level::warning, "replica",
      "a batch is not supported: its stamp is ahead of this machine's clock; compare the clocks",
      {{"origin", origin},
       {"ahead_ms", stamp->value - log_time_of(wall).value},
       {"allowed_ms",
        std::chrono::duration_cast<std::chrono::milliseconds>(options_.clock_ahead_max).count()}});
}

// A batch is stamped when it is cut. One that was decided 0 is stamped anew when no quorum would
// support it: nobody has executed it, nor will.
void Core::stamp(Group& group) {
  const LogTime stamp = own_stamp();
  if (!group.batch) {
    stamp_batch(group.commands, stamp);
    group.batch = base::SharedBytes(std::exchange(group.commands, {}));
    return;
  }
  const auto before = stamp_of(group.batch.view());
  if (!before || *before <= supported_by_a_quorum()) return;
  std::string bytes(group.batch.view());
  stamp_batch(bytes, stamp);
  group.batch = base::SharedBytes(std::move(bytes));
}

// When this replica should see to it that time goes on, since the machine waits for it. Whatever
// is written meanwhile brings time as well. One replica is enough, so the others wait longer. Never
// while it cannot propose: what ends that makes a step by itself, and a timer that is due would
// make one after the other.
std::optional<base::Instant> Core::tick_at() const {
  const std::optional<LogTime> wanted = machine_.wake_at();
  const bool can_tick = proposed_.empty() && open_->writes == 0 && available();
  if (!wanted || !can_tick || !node_->can_propose()) return std::nullopt;
  const auto place =
      node_->configurations().at(node_->executed_end()).index_of(options_.self).value_or(0);
  const base::Duration stagger = options_.tuning.tick_stagger * static_cast<int>(place);
  return std::max(clock_.reaches(*wanted) + stagger, last_tick_ + options_.tuning.tick_every);
}

void Core::propose_tick() {
  const std::optional<base::Instant> at = tick_at();
  if (!at || now_ < *at) return;
  last_tick_ = now_;
  // Of no use while the own clock may not say what is waited for.
  if (machine_.wake_at() > clock_.time() && own_stamp() < machine_.wake_at()) return;
  propose(std::make_unique<Group>());
}

}  // namespace rabia::replica
