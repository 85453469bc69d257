#include "base/hash.h"

#include <isa-l/crc.h>
#include <xxhash.h>

#include <algorithm>
#include <limits>

#include "base/check.h"

namespace rabia::base {

std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed) {
  std::uint32_t state = ~seed;
  while (!bytes.empty()) {  // The library counts in int.
    const std::size_t part = std::min<std::size_t>(bytes.size(), 1U << 30);
    // The library's signature lacks a const; it only reads.
    auto* data = reinterpret_cast<unsigned char*>(const_cast<char*>(bytes.data()));
    state = crc32_iscsi(data, static_cast<int>(part), state);
    bytes.remove_prefix(part);
  }
  return ~state;
}

std::uint64_t hash64(std::string_view bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

Hash128 hash128(std::string_view bytes, std::uint64_t seed) {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(bytes.data(), bytes.size(), seed);
  return {hash.high64, hash.low64};
}

void StreamHash64::Free::operator()(XXH3_state_s* state) const {
  XXH3_freeState(state);
}

StreamHash64::StreamHash64() : state_(XXH3_createState()) {
  RABIA_CHECK(state_ != nullptr);  // Out of memory.
  XXH3_64bits_reset(state_.get());
}

void StreamHash64::add(std::string_view bytes) {
  XXH3_64bits_update(state_.get(), bytes.data(), bytes.size());
}

std::uint64_t StreamHash64::value() const {
  return XXH3_64bits_digest(state_.get());
}

}  // namespace rabia::base
