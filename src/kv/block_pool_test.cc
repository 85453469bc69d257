#include "kv/block_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "base/random.h"

namespace rabia::kv {
namespace {

// Given any size, when rounded, then it fits, wastes at most 15 bytes or an eighth, and rounding
// again changes nothing.
TEST(BlockPool, GrantsLittleMoreThanAskedFor) {
  for (std::size_t bytes = 1; bytes <= BlockPool::small_bytes_max + 100; ++bytes) {
    const std::size_t granted = BlockPool::granted_bytes(bytes);
    EXPECT_GE(granted, bytes);
    EXPECT_LE(granted, bytes + std::max<std::size_t>(15, bytes / 8));
    EXPECT_EQ(BlockPool::granted_bytes(granted), granted);
  }
}

// Given a block of any size, small or large, when it is enlarged again and again, then it keeps
// what is in it.
TEST(BlockPool, KeepsTheBytesOfABlockThatIsEnlarged) {
  BlockPool pool;
  std::size_t bytes = 1;
  auto* block = static_cast<unsigned char*>(pool.allocate(bytes));
  *block = 0;
  for (std::size_t larger = 2; larger < 300'000; larger += larger / 3 + 1) {
    block = static_cast<unsigned char*>(pool.enlarge(block, bytes, larger));
    for (std::size_t i = 0; i < bytes; ++i) ASSERT_EQ(block[i], i % 251);
    for (std::size_t i = bytes; i < larger; ++i) block[i] = static_cast<unsigned char>(i % 251);
    bytes = larger;
  }
  pool.free(block, bytes);
}

struct Block {
  unsigned char* bytes;
  std::size_t size;
  unsigned char mark;
};

bool holds_its_mark(const Block& block) {
  for (std::size_t i = 0; i < block.size; ++i) {
    if (block.bytes[i] != block.mark) return false;
  }
  return true;
}

// Given random allocations and frees of all sizes, each block filled whole with a mark, when a
// block is freed, then its mark is intact: no two blocks overlap.
TEST(BlockPool, GivesBlocksThatDoNotOverlap) {
  BlockPool pool;
  base::Random random(1);
  std::vector<Block> blocks;
  for (int step = 0; step < 50'000; ++step) {
    const bool growing = (step / 5'000) % 2 == 0;
    if (blocks.empty() || random.chance(growing ? 70 : 30)) {
      const std::size_t size = BlockPool::granted_bytes(1 + random.below(7'000));
      auto* bytes = static_cast<unsigned char*>(pool.allocate(size));
      ASSERT_EQ(reinterpret_cast<std::uintptr_t>(bytes) % 8, 0U);
      blocks.push_back({bytes, size, static_cast<unsigned char>(step)});
      std::memset(bytes, blocks.back().mark, size);
    } else {
      std::swap(blocks[random.below(blocks.size())], blocks.back());
      ASSERT_TRUE(holds_its_mark(blocks.back()));
      pool.free(blocks.back().bytes, blocks.back().size);
      blocks.pop_back();
    }
  }
  for (const Block& block : blocks) {
    ASSERT_TRUE(holds_its_mark(block));
    pool.free(block.bytes, block.size);
  }
}

// Given much memory in use, when all blocks are freed, in any order, then all but one chunk is
// given back.
TEST(BlockPool, GivesMemoryBack) {
  BlockPool pool;
  base::Random random(2);
  std::vector<void*> blocks;
  for (int i = 0; i < 200'000; ++i) blocks.push_back(pool.allocate(100));
  const std::uint64_t full = pool.reserved_bytes();
  EXPECT_GT(full, 10'000'000U);
  for (std::size_t i = blocks.size(); i > 1; --i) std::swap(blocks[i - 1], blocks[random.below(i)]);
  for (void* block : blocks) pool.free(block, 100);
  while (pool.trim()) {
  }
  EXPECT_LT(pool.reserved_bytes(), 3'000'000U);
}

// Given a pool that was full of one size and is empty again, when another size is asked for, then
// the memory is used again.
TEST(BlockPool, UsesMemoryAgainForAnotherSize) {
  BlockPool pool;
  std::vector<void*> blocks;
  for (int i = 0; i < 15'000; ++i) blocks.push_back(pool.allocate(100));
  const std::uint64_t reserved = pool.reserved_bytes();
  for (void* block : blocks) pool.free(block, 100);
  blocks.clear();
  for (int i = 0; i < 400; ++i) blocks.push_back(pool.allocate(2'000));
  EXPECT_EQ(pool.reserved_bytes(), reserved);
  for (void* block : blocks) pool.free(block, 2'000);
}

}  // namespace
}  // namespace rabia::kv
