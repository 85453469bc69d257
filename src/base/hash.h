// Checksums and hashes. Values are part of our formats: they may never change.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

struct XXH3_state_s;

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

// hash64() with seed 0 of bytes that come in pieces, whatever the pieces are.
class StreamHash64 {
 public:
  StreamHash64();
  void add(std::string_view bytes);
  // Of all bytes added so far.
  [[nodiscard]] std::uint64_t value() const;

 private:
  struct Free {
    void operator()(XXH3_state_s* state) const;
  };
  std::unique_ptr<XXH3_state_s, Free> state_;
};

}  // namespace rabia::base
