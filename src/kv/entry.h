// One key with its value, in one allocated block: a header of 16 bytes, the deadline if it has one,
// its last use if that is noted, the key, the value.
//
// How many bytes the block has follows from the sizes and one flag, so no capacity is stored. A
// block whose value has grown in place ("roomy") is rounded up to a quarter of its power of two,
// which makes appending amortized; any other is exact, to the allocator's granule. Whether it is
// roomy follows from the changes of its key alone and is a part of the state, so that all replicas
// count the same memory for it. Small blocks come from a pool, large ones from malloc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "kv/block_pool.h"
#include "kv/deadline.h"
#include "kv/use.h"

namespace rabia::kv {

// Lives only in blocks made by create(), and always goes with the same pool; the table that holds
// the pointer owns it. Sizes are the caller's to check (Store::key_bytes_max,
// Store::value_bytes_max). No memory ends the process: a replica that cannot execute what was
// decided must not go on.
class Entry {
 public:
  // What is known of a key beside its value.
  struct About {
    std::uint64_t revision = 0;  // See Store::revision(): of its last change.
    Deadline deadline = no_deadline;
    Use use{};
    bool roomy = false;
  };

  [[nodiscard]] static Entry* create(BlockPool& pool, std::string_view key, std::string_view value,
                                     About about);
  // Says that there is no such key: what a cut remembers of a key that came after it.
  [[nodiscard]] static Entry* create_absent(BlockPool& pool, std::string_view key);
  // With a block as large as that of `entry`, so that both take the same memory when they grow.
  [[nodiscard]] static Entry* copy(BlockPool& pool, const Entry* entry);
  static void destroy(BlockPool& pool, Entry* entry);

  // All take over `entry` and return what replaces it, the same block where possible.
  [[nodiscard]] static Entry* assign(BlockPool& pool, Entry* entry, std::string_view value,
                                     About about);
  // The same value, and all else as `about` says.
  [[nodiscard]] static Entry* with(BlockPool& pool, Entry* entry, About about);
  // Keeps the first bytes; what a longer value gains is not initialised. Never shrinks.
  [[nodiscard]] static Entry* grow(BlockPool& pool, Entry* entry, std::size_t value_size);

  [[nodiscard]] std::string_view key() const { return {bytes(), key_size_}; }
  [[nodiscard]] std::string_view value() const { return {bytes() + key_size_, value_size_}; }
  [[nodiscard]] About about() const { return {revision_, deadline(), use(), roomy_ != 0}; }
  [[nodiscard]] std::uint64_t revision() const { return revision_; }
  [[nodiscard]] Deadline deadline() const { return has_deadline_ ? extra(0) : no_deadline; }
  // Not known: it has none.
  [[nodiscard]] Use use() const { return has_use_ ? Use::unpack(extra(has_deadline_)) : Use(); }
  [[nodiscard]] bool absent() const { return absent_ != 0; }
  // The key with the value behind it.
  [[nodiscard]] std::string_view key_and_value() const {
    return {bytes(), std::size_t{key_size_} + value_size_};
  }
  [[nodiscard]] char* value_data() { return bytes() + key_size_; }

  // What the block takes from the allocator, in bytes: computed, and equal on all replicas for
  // equal histories.
  [[nodiscard]] std::uint64_t memory_bytes() const;

 private:
  // Of the block: what follows the header.
  struct Layout {
    std::size_t key_size;
    std::size_t value_size;
    bool has_deadline;
    bool has_use;
    [[nodiscard]] std::size_t payload() const {
      return extra_bytes * (has_deadline + has_use) + key_size + value_size;
    }
  };
  static constexpr std::size_t extra_bytes = 8;

  Entry(const Layout& layout, const About& about);

  [[nodiscard]] Layout layout() const {
    return {key_size_, value_size_, has_deadline_ != 0, has_use_ != 0};
  }
  [[nodiscard]] static Layout layout_of(std::size_t key_size, std::size_t value_size,
                                        const About& about) {
    return {key_size, value_size, about.deadline != no_deadline, about.use.known()};
  }
  // The deadline and the use, as far as they are there, in this order.
  [[nodiscard]] std::uint64_t extra(std::size_t index) const;
  [[nodiscard]] const char* bytes() const {
    return reinterpret_cast<const char*>(this + 1) + extra_bytes * (has_deadline_ + has_use_);
  }
  [[nodiscard]] char* bytes() { return const_cast<char*>(std::as_const(*this).bytes()); }
  [[nodiscard]] std::size_t block_bytes() const;
  [[nodiscard]] static std::size_t block_of(const Layout& layout, bool roomy);
  [[nodiscard]] static std::size_t exact_block(std::size_t payload);
  [[nodiscard]] static std::size_t roomy_block(std::size_t payload);

  std::uint32_t key_size_ : 30;
  std::uint32_t has_deadline_ : 1;
  std::uint32_t absent_ : 1;
  std::uint32_t value_size_ : 30;
  std::uint32_t roomy_ : 1;
  std::uint32_t has_use_ : 1;
  std::uint64_t revision_;
};
static_assert(sizeof(Entry) == 16);

}  // namespace rabia::kv
