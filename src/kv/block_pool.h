// Memory for many small blocks: slabs of blocks of one size, in the way of Bonwick's slab allocator
// (USENIX Summer 1994).
//
// Why not malloc: glibc collects millions of freed small blocks and sorts them in one go inside
// some later, innocent call (hundreds of milliseconds were measured), and adds 8 bytes to each
// block. Here each call takes constant time, whatever came before.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace rabia::kv {

// Owns the memory of its blocks. Blocks above small_bytes_max come from malloc: they are too few to
// do it harm. One thread.
class BlockPool {
 public:
  static constexpr std::size_t small_bytes_max = 6144;

  BlockPool() = default;
  // All blocks must have been freed.
  ~BlockPool();
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;

  // These two decide what is evicted (docs/formats/store-state.md, "account"): they may not change
  // between members of one cluster.
  // What a request of so many bytes (at least 1) may use: at most 15 bytes or an eighth more.
  [[nodiscard]] static constexpr std::size_t granted_bytes(std::size_t bytes) {
    if (is_small(bytes)) return round_up(bytes, step_of(bytes));
    return round_up(bytes + malloc_header, malloc_granule) - malloc_header;
  }
  // What it takes from the process's memory.
  [[nodiscard]] static constexpr std::size_t cost_bytes(std::size_t bytes) {
    return granted_bytes(bytes) + (is_small(bytes) ? 0 : malloc_header);
  }

  // A block of granted_bytes(bytes), aligned to 8. No memory ends the process: a replica that
  // cannot execute what was decided must not go on.
  [[nodiscard]] void* allocate(std::size_t bytes);
  // `bytes`: as it was asked for, or granted.
  void free(void* block, std::size_t bytes);
  // Moves what is in the block to a larger one. Large blocks move without being copied, by pages.
  [[nodiscard]] void* enlarge(void* block, std::size_t bytes, std::size_t new_bytes);

  // Gives one chunk of unused memory back to malloc; true when there are more. Not done by free(),
  // since many chunks may become unused at once and each takes a tenth of a millisecond.
  bool trim();

  // What was taken from malloc for small blocks: those in use, and room for more.
  [[nodiscard]] std::uint64_t reserved_bytes() const;

 private:
  struct Slab;
  struct Chunk;

  // Small sizes are multiples of 8 up to 256, then eighths of powers of two.
  static constexpr std::size_t fine_bytes_max = 256;
  static constexpr std::size_t classes = fine_bytes_max / 8 + 1 + 5 * 8;
  // glibc's malloc keeps 8 bytes of its own before each block and gives out multiples of 16.
  static constexpr std::size_t malloc_header = 8;
  static constexpr std::size_t malloc_granule = 16;

  static constexpr bool is_small(std::size_t bytes) { return bytes <= small_bytes_max; }
  static constexpr std::size_t step_of(std::size_t bytes) {
    return bytes <= fine_bytes_max ? 8 : std::bit_floor(bytes - 1) / 8;
  }
  static constexpr std::size_t round_up(std::size_t bytes, std::size_t multiple) {
    return (bytes + multiple - 1) / multiple * multiple;
  }
  static std::size_t class_of(std::size_t bytes);

  void* allocate_small(std::size_t bytes);
  void free_small(void* block);
  Slab* take_slab(std::size_t bytes);
  void give_back(Slab* slab);
  void open_a_chunk();
  void release(Chunk* chunk);

  std::array<Slab*, classes> open_slabs_{};  // With room, by class of size.
  Chunk* open_chunks_ = nullptr;             // Some slabs are in use, some not.
  Chunk* unused_chunks_ = nullptr;           // No slab is in use.
  std::uint64_t chunks_ = 0;
};

}  // namespace rabia::kv
