// The latest changes of a store, for those who come back and go on from where they were.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "kv/change.h"

namespace rabia::kv {

// Keeps changes whole, with their values, in up to `bytes_max` bytes of memory; at least the last
// one. Revisions in it have no gap. Core thread only.
class ChangeLog {
 public:
  explicit ChangeLog(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}

  void set_bytes_max(std::uint64_t bytes_max) { bytes_max_ = bytes_max; }

  void add(const Change& change);
  // Nothing before this revision is known, nor will be.
  void begin_at(std::uint64_t revision);

  // The changes that are kept are those of the revisions above begin(), up to end().
  [[nodiscard]] std::uint64_t begin() const;
  [[nodiscard]] std::uint64_t end() const { return end_; }
  // Of a revision that is kept. Its views are valid until the next add().
  [[nodiscard]] Change at(std::uint64_t revision) const;
  [[nodiscard]] std::uint64_t memory_bytes() const { return memory_bytes_; }

 private:
  struct Block {
    std::uint64_t begin;                 // The revision before its first.
    std::string bytes;                   // The changes, one behind the other.
    std::vector<std::uint32_t> offsets;  // Where each begins.
  };
  static constexpr std::size_t block_bytes = 64 << 10;
  [[nodiscard]] static std::uint64_t memory_of(const Block& block);

  std::uint64_t bytes_max_;
  std::uint64_t end_ = 0;
  std::uint64_t memory_bytes_ = 0;
  std::deque<Block> blocks_;
};

}  // namespace rabia::kv
