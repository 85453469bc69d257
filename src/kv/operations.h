// The operations that change the store: encoded at the replica whose client issued them, executed
// from the log by every replica. Bytes are documented in docs/formats/command.md.
//
// An operation is complete in itself: whatever its execution depends on beside the store (a limit,
// say) is in its bytes, so that replicas with different settings cannot disagree.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "kv/store.h"
#include "rabia/state_machine.h"

namespace rabia::kv {

enum class Operation : std::uint8_t {
  set = 1,               // condition, want_old, key, value → ok | nil | old bytes
  erase = 2,             // keys → integer: how many existed (DEL, UNLINK)
  append = 3,            // key, bytes, value_bytes_max → integer: the new length
  increment = 4,         // key, delta → integer (INCR, DECR, INCRBY, DECRBY)
  increment_float = 5,   // key, delta as text → bytes, as Redis prints it
  set_range = 6,         // key, offset, bytes, value_bytes_max → integer: the new length
  set_many = 7,          // pairs → ok (MSET)
  set_many_if_none = 8,  // pairs → integer 1, or 0 when any key existed (MSETNX)
  get_and_erase = 9,     // key → bytes | nil (GETDEL)
  clear = 10,            // → ok (FLUSHALL, FLUSHDB)
};

enum class SetCondition : std::uint8_t { always = 0, if_absent = 1, if_present = 2 };

struct SetOptions {
  SetCondition condition = SetCondition::always;
  bool want_old = false;  // Answer the old value (nil: none) instead of ok / nil.
};

struct KeyValue {
  std::string_view key;
  std::string_view value;
};

// Each appends one encoded operation to `out`.
void encode_set(std::string& out, std::string_view key, std::string_view value, SetOptions options);
void encode_erase(std::string& out, std::span<const std::string_view> keys);
void encode_append(std::string& out, std::string_view key, std::string_view bytes,
                   std::uint64_t value_bytes_max);
void encode_increment(std::string& out, std::string_view key, std::int64_t delta);
void encode_increment_float(std::string& out, std::string_view key, std::string_view delta);
void encode_set_range(std::string& out, std::string_view key, std::uint64_t offset,
                      std::string_view bytes, std::uint64_t value_bytes_max);
void encode_set_many(std::string& out, std::span<const KeyValue> pairs, bool only_if_none_exists);
void encode_get_and_erase(std::string& out, std::string_view key);
void encode_clear(std::string& out);

// The store as a replicated state machine. Core thread only.
class StoreMachine final : public StateMachine {
 public:
  [[nodiscard]] const Store& store() const { return store_; }
  [[nodiscard]] Store& store() { return store_; }
  // Malformed commands change nothing and answer an error.
  void apply(const ApplyContext& context, std::string_view command, std::string* reply) override;
  void prefetch(std::span<const std::string_view> commands) const override;
  // docs/formats/store-state.md.
  [[nodiscard]] std::unique_ptr<SnapshotReader> begin_snapshot() override;
  [[nodiscard]] std::unique_ptr<SnapshotLoader> begin_load() override;
  [[nodiscard]] StateDigest digest() const override { return store_.digest(); }

 private:
  Store store_;
};

}  // namespace rabia::kv
