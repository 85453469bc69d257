// Which changes somebody is to be told of.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kv/change.h"

namespace rabia::kv {

// A value. Everybody is told when the store is cleared; of a key that gets another name, those who
// ask for either name.
struct ChangeFilter {
  enum class Scope : std::uint8_t { all, prefix, key };
  Scope scope = Scope::all;
  std::string text;  // The prefix, or the key.

  [[nodiscard]] bool matches(const Change& change) const {
    if (scope == Scope::all || change.kind == ChangeKind::cleared) return true;
    const auto about = [this](std::string_view key) {
      return scope == Scope::key ? key == text : key.starts_with(text);
    };
    return about(change.key) || (change.kind == ChangeKind::renamed && about(change.new_key));
  }
};

}  // namespace rabia::kv
