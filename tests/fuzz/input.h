// An input as a source of choices.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/random.h"

namespace rabia::fuzz {

// Gives what lies in front; zeros when nothing is left.
class Input {
 public:
  explicit Input(std::string_view bytes) : bytes_(bytes) {}

  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  template <std::unsigned_integral T>
  T number() {
    T value = 0;
    const std::string_view taken = bytes(sizeof value);
    if (!taken.empty()) std::memcpy(&value, taken.data(), taken.size());
    return value;
  }
  std::uint8_t byte() { return number<std::uint8_t>(); }
  bool flag() { return byte() % 2 == 1; }
  // One of so many.
  std::size_t below(std::size_t bound) { return number<std::uint16_t>() % bound; }
  // So many, or what is left.
  std::string_view bytes(std::size_t size) {
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(taken.size());
    return taken;
  }
  // A length, and so many bytes.
  std::string_view some(std::size_t most) { return bytes(below(most + 1)); }
  std::string_view rest() { return bytes(bytes_.size()); }

 private:
  std::string_view bytes_;
};

// Calls `take` with the bytes cut anywhere.
template <typename Take>
void in_pieces(std::string_view bytes, std::uint64_t seed, Take take) {
  base::Random random(seed);
  const std::uint64_t most = std::uint64_t{1} << random.below(12);
  while (!bytes.empty()) {
    const std::size_t size = std::min<std::size_t>(bytes.size(), 1 + random.below(most));
    // In memory of its own, so that a view that is kept too long is found.
    const std::string piece(bytes.substr(0, size));
    bytes.remove_prefix(size);
    take(std::string_view(piece));
  }
}

// Writes an input that Input reads back.
class InputWriter {
 public:
  template <std::unsigned_integral T>
  InputWriter& number(T value) {
    out_.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  InputWriter& byte(std::uint8_t value) { return number(value); }
  InputWriter& below(std::uint16_t value) { return number(value); }
  InputWriter& raw(std::string_view bytes) {
    out_.append(bytes);
    return *this;
  }
  // For Input::some().
  InputWriter& some(std::string_view bytes) {
    below(static_cast<std::uint16_t>(bytes.size()));
    return raw(bytes);
  }
  [[nodiscard]] const std::string& bytes() const { return out_; }

 private:
  std::string out_;
};

}  // namespace rabia::fuzz
