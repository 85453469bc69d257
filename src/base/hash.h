// Checksums and hashes. Values are part of our formats: they may never change.
#pragma once

#include <cstdint>
#include <string_view>

namespace rabia::base {

// CRC-32C (Castagnoli) of `bytes`, continuing from `seed` (the checksum of what came before).
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed = 0);

// XXH3, 64 bits, seeded.
[[nodiscard]] std::uint64_t hash64(std::string_view bytes, std::uint64_t seed = 0);

struct Hash128 {
  std::uint64_t high;
  std::uint64_t low;
};

// XXH3, 128 bits, seeded.
[[nodiscard]] Hash128 hash128(std::string_view bytes, std::uint64_t seed = 0);

}  // namespace rabia::base
