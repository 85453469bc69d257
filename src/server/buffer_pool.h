// Reply buffers that busy sessions borrow, so that an idle one owns none.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace rabia::server {

// Keeps a few buffers of moderate size; the rest goes back to the allocator. Core thread only.
class BufferPool {
 public:
  // An empty string, with room when the pool has one.
  [[nodiscard]] std::string take() {
    if (free_.empty()) return {};
    std::string buffer = std::move(free_.back());
    free_.pop_back();
    return buffer;
  }
  void give_back(std::string buffer) {
    if (buffer.capacity() > kept_bytes_max || free_.size() >= kept_buffers_max) return;
    if (buffer.capacity() <= std::string().capacity()) return;  // It owns no memory.
    buffer.clear();
    free_.push_back(std::move(buffer));
  }

 private:
  static constexpr std::size_t kept_bytes_max = 64 << 10;
  static constexpr std::size_t kept_buffers_max = 64;
  std::vector<std::string> free_;
};

}  // namespace rabia::server
