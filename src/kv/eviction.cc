#include "kv/eviction.h"

#include <algorithm>

#include "base/mutant.h"
#include "base/random.h"

namespace rabia::kv {

using base::Mutant;
using base::mutated;

namespace {

// As Redis says it, and likewise.
constexpr std::string_view memory_error = "OOM command not allowed when used memory > 'maxmemory'.";
constexpr std::string_view entries_error =
    "OOM command not allowed when it adds keys beyond 'max-entries'.";

// Keys that one command evicts at most, and what it adds itself.
constexpr std::uint64_t evicted_by_a_command = 16;
// Where few keys have a deadline, so many are looked at for each one that is to be compared.
constexpr std::uint64_t looks_for_a_sample = 8;

// Whether `a` is to go before `b`. Without a use that was noted, a key was used last when it was
// changed last, before all whose use was.
bool goes_first(const Store::Candidate& a, const Store::Candidate& b, UseTracking tracking,
                std::uint64_t now) {
  if (tracking == UseTracking::frequency && a.use.count_at(now) != b.use.count_at(now)) {
    return a.use.count_at(now) < b.use.count_at(now);
  }
  if (a.use.last() != b.use.last()) return a.use.last() < b.use.last();
  return a.revision < b.revision;
}

}  // namespace

bool Fullness::can_evict() const {
  if (limits_.policy == EvictionPolicy::noeviction) return false;
  return only_volatile(limits_.policy) ? store_.keys_with_deadline() > 0 : store_.size() > 0;
}

std::string_view Room::make(std::uint64_t new_keys) {
  if (!counts_keys()) new_keys = 0;
  if (!fullness_.is_over(new_keys)) [[likely]] {
    return {};
  }
  const std::string_view refusal = refusal_of(new_keys);
  if (!refusal.empty()) refused_ = true;
  return refusal;
}

std::string_view Room::refusal_of(std::uint64_t new_keys) {
  // Evicting all would not help.
  if (counts_keys() && new_keys > limits_.max_entries) return entries_error;
  for (std::uint64_t left = evicted_by_a_command + new_keys; left > 0; --left) {
    if (!fullness_.is_over(new_keys)) return {};
    if (!fullness_.can_evict()) return fullness_.memory_is_over() ? memory_error : entries_error;
    evict_one();
  }
  return {};
}

void Room::evict(std::uint64_t keys_max) {
  if (mutated(Mutant::eviction_of_one_too_few) && store_.size() <= limits_.max_entries + 1) return;
  for (; keys_max > 0 && fullness_.must_evict(); --keys_max) evict_one();
}

// Some must be there to evict.
void Room::evict_one() {
  if (const std::optional<std::string> key = choose()) {
    store_.evict(*key);
  } else {
    store_.evict_soonest();  // Too few have a deadline to be found by chance.
  }
}

// A sample of keys that lie side by side in the order of their hashes, from a place that the number
// of changes so far draws. Nothing: of those that were looked at, none may go.
std::optional<std::string> Room::choose() const {
  if (limits_.policy == EvictionPolicy::volatile_ttl) return std::nullopt;
  const bool any_key = !only_volatile(limits_.policy);
  const UseTracking tracking = tracking_of(limits_.policy);
  const std::uint64_t samples = tracking == UseTracking::none ? 1 : limits_.samples;
  const std::uint64_t looks = any_key ? samples : samples * looks_for_a_sample;
  std::uint64_t found = 0;
  std::optional<Store::Candidate> chosen;
  store_.walk(base::Random(store_.revision()).next(), looks, [&](const Store::Candidate& seen) {
    if (!any_key && seen.deadline == no_deadline) return true;
    if (!chosen || goes_first(seen, *chosen, tracking, store_.clock())) chosen = seen;
    return ++found < samples;
  });
  return chosen ? std::optional(std::string(chosen->key)) : std::nullopt;
}

}  // namespace rabia::kv
