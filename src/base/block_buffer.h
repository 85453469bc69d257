// Memory that a device can read from: aligned to blocks.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace rabia::base {

inline constexpr std::size_t block_bytes = 4096;

constexpr std::size_t round_up_to_blocks(std::size_t bytes) {
  return (bytes + block_bytes - 1) / block_bytes * block_bytes;
}

// Some whole blocks, zero at first.
class BlockBuffer {
 public:
  explicit BlockBuffer(std::size_t blocks) : blocks_(blocks) {}

  [[nodiscard]] char* data() { return blocks_.data()->bytes; }
  [[nodiscard]] std::size_t size() const { return blocks_.size() * block_bytes; }
  [[nodiscard]] std::string_view first(std::size_t bytes) const {
    return {blocks_.data()->bytes, bytes};
  }

 private:
  struct alignas(block_bytes) Block {
    char bytes[block_bytes] = {};
  };
  std::vector<Block> blocks_;
};

}  // namespace rabia::base
