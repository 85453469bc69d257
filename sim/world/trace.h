// Everything that happens in a world, in order: mixed into one hash (equal seeds must give equal
// hashes) and, if asked, printed for people.
#pragma once

#include <cstdint>
#include <cstdio>
#include <ostream>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "io/testing/manual_executor.h"

namespace rabia::sim {

class Trace {
 public:
  // Both outlive it. `out` may be null.
  Trace(const io::testing::ManualExecutor& time, std::ostream* out) : time_(time), out_(out) {}

  // Ask before making text.
  [[nodiscard]] bool printing() const { return out_ != nullptr; }
  // "12.345678 r1      writes State …": simulated seconds, who, what.
  void print(std::string_view who, std::string_view what) {
    char stamp[32];
    const auto at = static_cast<double>(time_.now().time_since_epoch().count()) / 1e9;
    std::snprintf(stamp, sizeof stamp, "%11.6f ", at);
    *out_ << stamp << who << std::string(who.size() < 8 ? 8 - who.size() : 1, ' ') << what << '\n';
  }
  // Something happened that everything later may depend on.
  void mix(std::uint64_t what, std::string_view bytes = {}) {
    const std::uint64_t words[3] = {
        hash_, what, static_cast<std::uint64_t>(time_.now().time_since_epoch().count())};
    hash_ = base::hash64(bytes, base::hash64({reinterpret_cast<const char*>(words), sizeof words}));
  }
  [[nodiscard]] std::uint64_t hash() const { return hash_; }

 private:
  const io::testing::ManualExecutor& time_;
  std::ostream* out_;
  std::uint64_t hash_ = 0;
};

}  // namespace rabia::sim
