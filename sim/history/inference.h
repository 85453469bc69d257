// What can be told from one operation alone, without any state: what its reply says about what its
// keys were like before it, and what it may leave in them. For the search to see early that it is
// on a wrong way. It may say less than is true, and never more.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/history/history.h"

namespace rabia::sim::history {

// What a key is like.
struct Sight {
  enum class Kind : std::uint8_t {
    absent,
    present,  // With whatever value.
    value,    // With this value.
    length,   // With a value of this length; absent counts as 0.
    zero,     // With the value 0, or absent.
    at_most,  // With a value that is a number, up to this one; absent counts as 0.
    at_least,
  };
  Kind kind;
  std::string value = {};
  std::size_t length = 0;
  std::int64_t number = 0;

  // `found`: null when the key is absent.
  [[nodiscard]] bool fits(const std::string* found) const;
  friend auto operator<=>(const Sight&, const Sight&) = default;
};

struct Observation {
  std::string key;
  Sight sight;
};
// What the keys of an operation surely were like just before it. Nothing is sure when it is not
// done.
[[nodiscard]] std::vector<Observation> observations_of(const Operation& operation);

// Whether an operation may be the one that made a key what it is.
struct Origin {
  bool is_possible = false;
  // Then only when the key was like this before. Nothing: whatever it was like.
  std::optional<Sight> only_after = {};
};
// Of an operation that writes and has to do with the key.
[[nodiscard]] Origin origin_of(const std::string& key, const Sight& sight,
                               const Operation& operation);

}  // namespace rabia::sim::history
