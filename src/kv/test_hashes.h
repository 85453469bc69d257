// Hashes for tests of the store: the real one, and poor ones that force every kind of collision.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/hash.h"
#include "kv/hash_function.h"

namespace rabia::kv {

struct NamedHash {
  const char* name;
  HashFunction hash;
};

inline constexpr std::array<NamedHash, 7> test_hashes = {{
    {"Real", [](std::string_view key) { return base::hash64(key); }},
    {"AllZero", [](std::string_view) { return std::uint64_t{0}; }},
    {"AllOnes", [](std::string_view) { return ~std::uint64_t{0}; }},
    {"FourValues",
     [](std::string_view key) { return base::hash64(key) & (std::uint64_t{3} << 62); }},
    {"LastBitsOnly", [](std::string_view key) { return base::hash64(key) & 0xff; }},
    // Behind the first 20 bits, which is as deep as the directory goes for a good hash.
    {"EqualBeginnings", [](std::string_view key) { return base::hash64(key) >> 20; }},
    {"TwoClusters",
     [](std::string_view key) {
       const std::uint64_t hash = base::hash64(key);
       return (hash & 1) != 0 ? hash | (~std::uint64_t{0} << 30) : hash >> 34;
     }},
}};

}  // namespace rabia::kv
