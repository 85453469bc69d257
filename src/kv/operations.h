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
  // conditions, items → a list of the items' results, in order; nil when a condition fails (EXEC)
  transaction = 11,
};

// One command of a transaction.
struct TransactionItem {
  bool is_read = false;
  // An encoded operation, which is no transaction; of a read: TransactionReader's.
  std::string_view bytes;
};

// That a key was not changed: its revision (Store::find) is still this one; 0: that it is absent.
struct TransactionCondition {
  std::string_view key;
  std::uint64_t revision = 0;
};

// What looks at the store between the writes of a transaction, at the replica where somebody waits
// for what it sees. The others pass over reads, so these bytes are the replica's own affair.
class TransactionReader {
 public:
  virtual ~TransactionReader() = default;
  // Appends what the read of these bytes sees now.
  virtual void read(std::string_view bytes, std::string& out) = 0;
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
// At most 2^32 - 1 items.
void encode_transaction(std::string& out, std::span<const TransactionCondition> conditions,
                        std::span<const TransactionItem> items);

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
  // Null: what transactions read is answered with an error. It outlives the machine, or is taken
  // away before.
  void set_transaction_reader(TransactionReader* reader) { reader_ = reader; }

 private:
  void execute(std::string_view operation, std::string* reply);
  void execute_transaction(std::string_view transaction, std::string* reply);

  Store store_;
  TransactionReader* reader_ = nullptr;
  std::string read_;  // Scratch: what the reader wrote.
  std::string late_;  // Empty, but for Mutant::transaction_not_as_one.
};

}  // namespace rabia::kv
