#include "kv/change_log.h"

#include <algorithm>

#include "base/check.h"
#include "base/codec.h"

namespace rabia::kv {

std::uint64_t ChangeLog::memory_of(const Block& block) {
  return sizeof block + block.bytes.capacity() + block.offsets.capacity() * sizeof(std::uint32_t);
}

std::uint64_t ChangeLog::begin() const {
  return blocks_.empty() ? end_ : blocks_.front().begin;
}

void ChangeLog::begin_at(std::uint64_t revision) {
  blocks_.clear();
  memory_bytes_ = 0;
  end_ = revision;
}

void ChangeLog::add(const Change& change) {
  if (change.revision != end_ + 1) begin_at(change.revision - 1);
  const std::size_t bytes = change.key.size() + change.new_key.size() + change.value.size() +
                            (change.old_value ? change.old_value->size() : 0);
  if (blocks_.empty() || blocks_.back().bytes.size() + bytes > block_bytes) {
    Block& block = blocks_.emplace_back(Block{end_, {}, {}});
    block.bytes.reserve(std::max(block_bytes, bytes + 64));
    memory_bytes_ += memory_of(block);
  }
  Block& block = blocks_.back();
  memory_bytes_ -= memory_of(block);
  block.offsets.push_back(static_cast<std::uint32_t>(block.bytes.size()));
  base::Encoder encode(block.bytes);
  encode.fixed(static_cast<std::uint8_t>(change.kind));
  encode.fixed(change.operation);
  encode.varint(change.deadline);
  encode.varint(change.keys);
  encode.bytes(change.key);
  encode.bytes(change.new_key);
  encode.bytes(change.value);
  encode.fixed(static_cast<std::uint8_t>(change.old_value ? 1 : 0));
  if (change.old_value) encode.bytes(*change.old_value);
  memory_bytes_ += memory_of(block);
  end_ = change.revision;
  while (memory_bytes_ > bytes_max_ && blocks_.size() > 1) {
    memory_bytes_ -= memory_of(blocks_.front());
    blocks_.pop_front();
  }
}

Change ChangeLog::at(std::uint64_t revision) const {
  RABIA_CHECK(revision > begin() && revision <= end_);
  const auto behind =
      std::partition_point(blocks_.begin(), blocks_.end(),
                           [revision](const Block& block) { return block.begin < revision; });
  const Block& block = *std::prev(behind);
  base::Decoder in(std::string_view(block.bytes).substr(block.offsets[revision - block.begin - 1]));
  Change change;
  change.revision = revision;
  change.kind = static_cast<ChangeKind>(in.fixed<std::uint8_t>());
  change.operation = in.fixed<std::uint8_t>();
  change.deadline = in.varint();
  change.keys = in.varint();
  change.key = in.bytes();
  change.new_key = in.bytes();
  change.value = in.bytes();
  if (in.fixed<std::uint8_t>() != 0) change.old_value = in.bytes();
  return change;
}

}  // namespace rabia::kv
