#include "kv/block_pool.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "base/check.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size)
#define ASAN_UNPOISON_MEMORY_REGION(address, size)
#endif

namespace rabia::kv {
namespace {

// Slabs are aligned to their size, so that a block's address leads to its slab.
constexpr std::size_t slab_bytes = 64 << 10;
constexpr unsigned slabs_in_chunk = 32;
// One slab more, of which alignment takes its share at both ends.
constexpr std::size_t chunk_bytes = (slabs_in_chunk + 1) * slab_bytes;
std::uintptr_t address_of(const void* pointer) {
  return reinterpret_cast<std::uintptr_t>(pointer);
}

// Doubly linked lists through `previous` and `next`, without a head of their own.
template <typename Node>
void link(Node*& first, Node* node) {
  node->previous = nullptr;
  node->next = first;
  if (first != nullptr) first->previous = node;
  first = node;
}

template <typename Node>
void unlink(Node*& first, Node* node) {
  (node->previous == nullptr ? first : node->previous->next) = node->next;
  if (node->next != nullptr) node->next->previous = node->previous;
}

struct FreeBlock {
  FreeBlock* next;
};

}  // namespace

// At the beginning of its own memory; the blocks follow.
struct BlockPool::Slab {
  Slab* previous = nullptr;
  Slab* next = nullptr;
  Chunk* chunk = nullptr;
  FreeBlock* freed = nullptr;
  std::uint32_t block_bytes = 0;
  std::uint32_t used = 0;
  std::uint32_t untouched = sizeof(Slab);  // Bytes from here on were never given out.
  std::uint32_t index = 0;                 // In its chunk.

  [[nodiscard]] bool full() const {
    return freed == nullptr && untouched + block_bytes > slab_bytes;
  }
  void* take() {
    ++used;
    if (freed != nullptr) {
      FreeBlock* block = freed;
      ASAN_UNPOISON_MEMORY_REGION(block, block_bytes);
      freed = block->next;
      return block;
    }
    void* block = reinterpret_cast<char*>(this) + untouched;
    untouched += block_bytes;
    return block;
  }
  void put(void* block) {
    --used;
    freed = new (block) FreeBlock{freed};
    ASAN_POISON_MEMORY_REGION(block, block_bytes);
  }
};

// At the beginning of what malloc gave; the first whole slab follows somewhere behind it.
struct BlockPool::Chunk {
  Chunk* previous = nullptr;
  Chunk* next = nullptr;
  std::uint32_t unused = ~std::uint32_t{0};  // A bit for each slab.
  static_assert(slabs_in_chunk == 32);

  [[nodiscard]] bool full() const { return unused == 0; }
  [[nodiscard]] bool wholly_unused() const { return ~unused == 0; }

  Slab* take(std::size_t block_bytes) {
    const auto index = static_cast<unsigned>(std::countr_zero(unused));
    unused &= unused - 1;
    const std::uintptr_t first = (address_of(this + 1) + slab_bytes - 1) / slab_bytes * slab_bytes;
    char* memory = reinterpret_cast<char*>(this) + (first - address_of(this)) + index * slab_bytes;
    ASAN_UNPOISON_MEMORY_REGION(memory, slab_bytes);
    auto* slab = new (memory) Slab;
    slab->chunk = this;
    slab->index = index;
    slab->block_bytes = static_cast<std::uint32_t>(block_bytes);
    return slab;
  }
};

BlockPool::~BlockPool() {
  while (unused_chunks_ != nullptr) release(unused_chunks_);
  RABIA_CHECK(chunks_ == 0);
}

void BlockPool::release(Chunk* chunk) {
  unlink(unused_chunks_, chunk);
  // Blocks of earlier slabs are still poisoned.
  ASAN_UNPOISON_MEMORY_REGION(chunk, chunk_bytes);
  std::free(chunk);
  --chunks_;
}

bool BlockPool::trim() {
  // One is kept, so that a store at the border does not map and unmap all the time.
  if (unused_chunks_ == nullptr || unused_chunks_->next == nullptr) return false;
  release(unused_chunks_);
  return unused_chunks_->next != nullptr;
}

std::uint64_t BlockPool::reserved_bytes() const {
  return chunks_ * chunk_bytes;
}

std::size_t BlockPool::class_of(std::size_t bytes) {
  if (bytes <= fine_bytes_max) return (bytes + 7) / 8;
  const auto octave = static_cast<std::size_t>(std::bit_width(bytes - 1)) - 9;
  const std::size_t eighth = (bytes - 1) / step_of(bytes) - 8;
  return fine_bytes_max / 8 + 1 + octave * 8 + eighth;
}

void* BlockPool::allocate(std::size_t bytes) {
  RABIA_CHECK(bytes > 0);
  if (is_small(bytes)) return allocate_small(bytes);
  void* block = std::malloc(granted_bytes(bytes));
  RABIA_CHECK(block != nullptr);
  return block;
}

void BlockPool::free(void* block, std::size_t bytes) {
  if (is_small(bytes)) {
    free_small(block);
  } else {
    std::free(block);
  }
}

void* BlockPool::enlarge(void* block, std::size_t bytes, std::size_t new_bytes) {
  RABIA_CHECK(new_bytes >= bytes);
  if (is_small(bytes)) {
    void* larger = allocate(new_bytes);
    std::memcpy(larger, block, bytes);
    free_small(block);
    return larger;
  }
  void* larger = std::realloc(block, granted_bytes(new_bytes));
  RABIA_CHECK(larger != nullptr);
  return larger;
}

void* BlockPool::allocate_small(std::size_t bytes) {
  Slab*& open = open_slabs_[class_of(bytes)];
  if (open == nullptr) link(open, take_slab(granted_bytes(bytes)));
  Slab* slab = open;
  void* block = slab->take();
  if (slab->full()) unlink(open, slab);
  return block;
}

void BlockPool::free_small(void* block) {
  const std::size_t offset = address_of(block) % slab_bytes;
  auto* slab = reinterpret_cast<Slab*>(static_cast<char*>(block) - offset);
  Slab*& open = open_slabs_[class_of(slab->block_bytes)];
  if (slab->full()) link(open, slab);
  slab->put(block);
  if (slab->used > 0) return;
  unlink(open, slab);
  give_back(slab);
}

BlockPool::Slab* BlockPool::take_slab(std::size_t bytes) {
  if (open_chunks_ == nullptr) open_a_chunk();
  Chunk* chunk = open_chunks_;
  Slab* slab = chunk->take(bytes);
  if (chunk->full()) unlink(open_chunks_, chunk);
  return slab;
}

void BlockPool::open_a_chunk() {
  Chunk* chunk = unused_chunks_;
  if (chunk != nullptr) {
    unlink(unused_chunks_, chunk);
  } else {
    void* memory = std::malloc(chunk_bytes);
    RABIA_CHECK(memory != nullptr);
    chunk = new (memory) Chunk;
    ++chunks_;
  }
  link(open_chunks_, chunk);
}

void BlockPool::give_back(Slab* slab) {
  Chunk* chunk = slab->chunk;
  if (chunk->full()) link(open_chunks_, chunk);
  chunk->unused |= std::uint32_t{1} << slab->index;
  if (!chunk->wholly_unused()) return;
  unlink(open_chunks_, chunk);
  link(unused_chunks_, chunk);
}

}  // namespace rabia::kv
