#include "kv/limits.h"

namespace rabia::kv {

std::uint64_t get(const Limits& limits, LimitField field) {
  switch (field) {
    case LimitField::max_memory_bytes:
      return limits.max_memory_bytes;
    case LimitField::max_entries:
      return limits.max_entries;
    case LimitField::policy:
      return static_cast<std::uint64_t>(limits.policy);
    case LimitField::samples:
      return limits.samples;
    case LimitField::key_expiration_enabled:
      return limits.key_expiration_enabled ? 1 : 0;
  }
  return 0;
}

std::vector<LimitChange> changes_of(const Limits& limits) {
  std::vector<LimitChange> changes;
  for (std::size_t i = 0; i < limit_field_names.size(); ++i) {
    const auto field = static_cast<LimitField>(i);
    if (get(limits, field) != get(Limits{}, field)) changes.push_back({field, get(limits, field)});
  }
  return changes;
}

bool put(Limits& limits, LimitField field, std::uint64_t value) {
  switch (field) {
    case LimitField::max_memory_bytes:
      if (value > Limits::most) return false;
      limits.max_memory_bytes = value;
      return true;
    case LimitField::max_entries:
      if (value > Limits::most) return false;
      limits.max_entries = value;
      return true;
    case LimitField::policy:
      if (value >= eviction_policy_names.size()) return false;
      limits.policy = static_cast<EvictionPolicy>(value);
      return true;
    case LimitField::samples:
      if (value < 1 || value > Limits::samples_max) return false;
      limits.samples = value;
      return true;
    case LimitField::key_expiration_enabled:
      if (value > 1) return false;
      limits.key_expiration_enabled = value == 1;
      return true;
  }
  return false;
}

}  // namespace rabia::kv
