// The keys and values that benchmarks use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/random.h"

namespace rabia::bench {

inline constexpr std::size_t key_bytes = 16;
inline constexpr std::size_t value_bytes = 64;

// Of key_bytes hexadecimal digits; different numbers give different keys, in no order.
[[nodiscard]] inline std::string key_of(std::uint64_t number) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::uint64_t bits = number * 0x9e3779b97f4a7c15;  // Odd: no two numbers meet.
  std::string key(key_bytes, '0');
  for (std::size_t at = key.size(); at-- > 0; bits >>= 4) key[at] = digits[bits & 15];
  return key;
}

// Keys one behind the other, so that going through them costs a benchmark next to nothing.
class Keys {
 public:
  // Those of the numbers [first, first + count), in the order of `seed`.
  Keys(std::uint64_t first, std::uint64_t count, std::uint64_t seed) : count_(count) {
    std::vector<std::uint64_t> numbers(count);
    std::iota(numbers.begin(), numbers.end(), first);
    base::Random random(seed);
    for (std::uint64_t left = count; left > 1; --left) {
      std::swap(numbers[left - 1], numbers[random.below(left)]);
    }
    bytes_.reserve(count * key_bytes);
    for (const std::uint64_t number : numbers) bytes_ += key_of(number);
  }
  [[nodiscard]] std::uint64_t size() const { return count_; }
  [[nodiscard]] std::string_view operator[](std::uint64_t index) const {
    return std::string_view(bytes_).substr(index * key_bytes, key_bytes);
  }

 private:
  std::uint64_t count_;
  std::string bytes_;
};

}  // namespace rabia::bench
