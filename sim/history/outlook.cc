#include "sim/history/outlook.h"

#include <algorithm>

namespace rabia::sim::history {
namespace {

// How many questions one look asks. Beyond it, all is taken to be well.
constexpr unsigned questions_max = 64;

// What somebody may have seen of a key with this value. Null: of one that is absent.
std::vector<Sight> sights_of(const std::string* value) {
  using Kind = Sight::Kind;
  if (value == nullptr) return {{Kind::absent}, {Kind::zero}, {.kind = Kind::length, .length = 0}};
  return {{Kind::present},
          {Kind::zero},
          {.kind = Kind::length, .length = value->size()},
          {.kind = Kind::value, .value = *value}};
}

}  // namespace

bool Situation::has_taken(Id id) const {
  return id < event || std::ranges::binary_search(ahead, id) ||
         std::ranges::binary_search(used, id);
}

struct Outlook::Look {
  const Situation& now;
  unsigned questions = 0;
  bool is_hopeless = false;
};

Outlook::Outlook(const Timeline& timeline) : timeline_(timeline) {
  for (Id id = 0; id < timeline.returns(); ++id) {
    for (Observation& seen : observations_of(timeline.operation(id))) {
      Key& key = keys_[seen.key];
      key.name = seen.key;
      key.fates[seen.sight].observers.push_back(id);
      key.observers.push_back({.id = id, .sight = std::move(seen.sight)});
    }
  }
  for (Id id = 0; id < timeline.size(); ++id) {
    const Footprint& footprint = timeline.footprint(id);
    if (footprint.reads_only) continue;
    if (footprint.all_keys) {
      for (auto& [name, key] : keys_) key.writers.push_back(id);
    }
    for (const std::string& name : footprint.keys) {
      const auto found = keys_.find(name);
      if (found != keys_.end()) found->second.writers.push_back(id);
    }
  }
}

const Outlook::Sources& Outlook::sources_of(Key& key, const Sight& sight) {
  Fate& fate = key.fates[sight];
  if (fate.sources) return *fate.sources;
  fate.sources.emplace();
  for (const Id id : key.writers) {
    Origin origin = origin_of(key.name, sight, timeline_.operation(id));
    if (origin.is_possible) (*fate.sources)[std::move(origin.only_after)].push_back(id);
  }
  return *fate.sources;
}

// Whether the key may be such, now or later, when `observer` looks.
bool Outlook::is_in_reach(Key& key, const Sight& sight, Id observer, Look& look) {
  if (++look.questions > questions_max) return true;
  if (sight.fits(look.now.contents.find(key.name))) return true;
  const base::Instant deadline = timeline_.operation(observer).returned;
  const auto may_come = [&](Id id) {
    return id != observer && !look.now.has_taken(id) && timeline_.operation(id).invoked <= deadline;
  };
  for (const auto& [only_after, ids] : sources_of(key, sight)) {
    if (!std::ranges::any_of(ids, may_come)) continue;
    if (!only_after || is_in_reach(key, *only_after, observer, look)) return true;
  }
  return false;
}

// Whether somebody is yet to see what the key was like before, and it will not be so again.
bool Outlook::is_gone(Key& key, const std::string* before, Look& look) {
  for (const Sight& sight : sights_of(before)) {
    const auto fate = key.fates.find(sight);
    if (fate == key.fates.end()) continue;
    // The first to return is enough: whatever comes in time for it does so for the others.
    const Ids& observers = fate->second.observers;
    const auto first =
        std::ranges::find_if_not(observers, [&](Id id) { return look.now.has_taken(id); });
    if (first != observers.end() && !is_in_reach(key, sight, *first, look)) return true;
  }
  return false;
}

void Outlook::judge_key(Key& key, const std::string* before, Look& look) {
  look.is_hopeless = look.is_hopeless || is_gone(key, before, look);
  // Those who look next.
  const base::Instant time = timeline_.operation(look.now.event).returned;
  for (auto next = std::ranges::lower_bound(key.observers, look.now.event, {}, &Observer::id);
       next != key.observers.end() && !look.is_hopeless; ++next) {
    if (look.now.has_taken(next->id)) continue;
    look.is_hopeless = !is_in_reach(key, next->sight, next->id, look);
    const bool is_exact =
        next->sight.kind == Sight::Kind::value || next->sight.kind == Sight::Kind::absent;
    if (is_exact && timeline_.operation(next->id).invoked > time) break;
  }
}

Judgement Outlook::judge_start() {
  const Ids nothing;
  const Contents empty;
  const Situation start{.event = 0, .ahead = nothing, .used = nothing, .contents = empty};
  Judgement judgement;
  for (auto& [name, key] : keys_) {
    for (const Observer& observer : key.observers) {
      Look look{.now = start};
      judgement.is_hopeless = !is_in_reach(key, observer.sight, observer.id, look);
      judgement.steps += look.questions;
      if (judgement.is_hopeless) return judgement;
    }
  }
  return judgement;
}

Judgement Outlook::judge(const Situation& now, const Contents& before, Id changed_by) {
  Look look{.now = now};
  const auto judge_if_changed = [&](Key& key) {
    const std::string* const old = before.find(key.name);
    const std::string* const current = now.contents.find(key.name);
    if (old == nullptr && current == nullptr) return;
    if (old != nullptr && current != nullptr && *old == *current) return;
    judge_key(key, old, look);
  };
  const Footprint& changed = timeline_.footprint(changed_by);
  if (changed.all_keys) {
    for (auto& [name, key] : keys_) judge_if_changed(key);
  }
  for (const std::string& name : changed.keys) {
    const auto found = keys_.find(name);
    if (found != keys_.end()) judge_if_changed(found->second);
  }
  return {.is_hopeless = look.is_hopeless, .steps = look.questions};
}

}  // namespace rabia::sim::history
