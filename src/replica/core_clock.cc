// The clock that the log carries: stamps of batches, and batches that only bring time. protocol.md,
// section 17.
#include <utility>
#include <variant>

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

bool Core::own_clock_refused() const {
  return lanes_ != nullptr && lanes_->own_clock_refused();
}

LogTime Core::own_stamp() const {
  return clock_.stamp(environment_.executor.wall_now(), now_, own_clock_refused());
}

// A batch from a clock that is far ahead gets no support here: section 4, (e).
void Core::judge_stamp(ReplicaId from, consensus::Message& message) {
  auto* const batch = std::get_if<consensus::message::Batch>(&message);
  auto* const copy = std::get_if<consensus::message::BatchCopy>(&message);
  if (batch == nullptr && copy == nullptr) return;
  const auto stamp = stamp_of((batch != nullptr ? batch->bytes : copy->bytes).view());
  const base::WallTime wall = environment_.executor.wall_now();
  if (!stamp || clock_.accepts(*stamp, wall)) return;
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

// A batch is stamped when it is cut. One that was decided 0 is stamped anew when that was for its
// stamp: nobody has executed it, nor will.
void Core::stamp(Group& group) {
  if (!group.batch) {
    stamp_batch(group.commands, own_stamp());
    group.batch = base::SharedBytes(std::exchange(group.commands, {}));
    return;
  }
  const auto before = stamp_of(group.batch.view());
  if (!before || !own_clock_refused()) return;
  const LogTime stamp = own_stamp();
  if (stamp >= *before) return;
  std::string bytes(group.batch.view());
  stamp_batch(bytes, stamp);
  group.batch = base::SharedBytes(std::move(bytes));
}

// When this replica should see to it that time goes on, since the machine waits for it. Whatever
// is written meanwhile brings time as well. One replica is enough, so the others wait longer.
std::optional<base::Instant> Core::tick_at() const {
  const std::optional<LogTime> wanted = machine_.wake_at();
  if (!wanted || !proposed_.empty() || open_->writes > 0 || !available()) return std::nullopt;
  const auto place =
      node_->configurations().at(node_->executed_end()).index_of(options_.self).value_or(0);
  const base::Duration stagger = options_.tuning.tick_stagger * static_cast<int>(place);
  return std::max(clock_.reaches(*wanted) + stagger, last_tick_ + options_.tuning.tick_every);
}

void Core::propose_tick() {
  const std::optional<base::Instant> at = tick_at();
  if (!at || now_ < *at || !node_->can_propose()) return;
  last_tick_ = now_;
  // Of no use while the own clock may not say what is waited for.
  if (machine_.wake_at() > clock_.time() && own_stamp() < machine_.wake_at()) return;
  propose(std::make_unique<Group>());
}

}  // namespace rabia::replica
