#include "kv/eviction.h"

#include <algorithm>
#include <functional>

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

// Looking at a key to compare it takes the longest, so it is what is bounded: about 4 ms for a
// batch. An eviction counts as ten looks at least, so that a batch evicts 1,000 keys at most.
constexpr std::uint64_t looks_of_a_batch = 10'000;
constexpr std::uint64_t looks_of_a_command = 160;
constexpr std::uint64_t looks_for_a_new_key = 10;
constexpr std::uint64_t looks_of_a_command_max = 2'000;
constexpr std::uint64_t looks_of_an_eviction = 10;
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
  if (limits_.policy == EvictionPolicy::noeviction || store_.any_due()) return false;
  return only_volatile(limits_.policy) ? store_.keys_with_deadline() > 0 : store_.size() > 0;
}

std::string_view Room::make(std::uint64_t new_keys) {
  if (!fullness_.is_over(new_keys)) [[likely]] {
    return {};
  }
  const std::string_view refusal = refusal_of(new_keys);
  if (!refusal.empty()) refused_ = true;
  return refusal;
}

std::string_view Room::refusal_of(std::uint64_t new_keys) {
  // Evicting all would not help.
  if (limits_.max_entries != 0 && new_keys > limits_.max_entries) return entries_error;
  std::uint64_t left = looks_of_a_command;
  left += std::min(new_keys, looks_of_a_command_max) * looks_for_a_new_key;
  left = std::min(left, looks_of_a_command_max);
  while (fullness_.is_over(new_keys)) {
    const bool due = store_.any_due();
    if (!due && !fullness_.can_evict()) {
      return fullness_.memory_is_over() ? memory_error : entries_error;
    }
    if (left == 0) break;
    if (due) {
      store_.expire(1);
      left -= std::min(left, looks_of_an_eviction);
    } else {
      left -= std::min(left, looks());
      evict_one();
    }
  }
  return {};
}

void Room::evict() {
  if (mutated(Mutant::eviction_of_one_too_few) && store_.size() <= limits_.max_entries + 1) return;
  for (std::uint64_t left = looks_of_a_batch; left > 0 && fullness_.must_evict();) {
    left -= std::min(left, looks());
    evict_one();
  }
}

// What one eviction counts as.
std::uint64_t Room::looks() const {
  const bool samples = tracking_of(limits_.policy) != UseTracking::none;
  const std::uint64_t compared = samples ? limits_.samples : 1;
  const bool passes_over =
      only_volatile(limits_.policy) && limits_.policy != EvictionPolicy::volatile_ttl;
  return std::max(compared * (passes_over ? looks_for_a_sample : 1), looks_of_an_eviction);
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
  const auto look = [&](const Store::Candidate& seen) {
    if (!any_key && seen.deadline == no_deadline) return true;
    if (!chosen || goes_first(seen, *chosen, tracking, store_.clock())) chosen = seen;
    return ++found < samples;
  };
  store_.walk(base::Random(store_.revision()).next(), looks, std::ref(look));
  return chosen ? std::optional(std::string(chosen->key)) : std::nullopt;
}

}  // namespace rabia::kv
