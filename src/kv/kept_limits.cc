#include "kv/kept_limits.h"

#include <optional>
#include <string>
#include <string_view>

#include "base/number.h"

namespace rabia::kv {
namespace {

std::string_view name_of(LimitField field) {
  return limit_field_names[static_cast<std::size_t>(field)];
}

}  // namespace

bool KeptLimits::is_set(LimitField field) const {
  return store_.contains(name_of(field));
}

bool KeptLimits::set(LimitField field, std::uint64_t value) {
  if (!put(limits_, field, value)) return false;
  store_.set(name_of(field), std::to_string(value));
  return true;
}

void KeptLimits::reload() {
  limits_ = {};
  for (std::size_t i = 0; i < limit_field_names.size(); ++i) {
    const std::optional<std::string_view> text = store_.get(limit_field_names[i]);
    const std::optional<std::int64_t> value = text ? base::parse_integer(*text) : std::nullopt;
    // What is not a value of it was written by another version: it has its default.
    if (value && *value >= 0) {
      static_cast<void>(
          put(limits_, static_cast<LimitField>(i), static_cast<std::uint64_t>(*value)));
    }
  }
}

}  // namespace rabia::kv
