// The operations that change the store: encoded at the replica whose client issued them, executed
// from the log by every replica. Bytes are documented in docs/formats/command.md.
//
// An operation is complete in itself: whatever its execution depends on beside the store (a limit,
// say) is in its bytes, so that replicas with different settings cannot disagree.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "kv/change_log.h"
#include "kv/eviction.h"
#include "kv/kept_limits.h"
#include "kv/kept_replies.h"
#include "kv/listener.h"
#include "kv/store.h"
#include "rabia/state_machine.h"

namespace rabia::kv {

enum class OperationCode : std::uint8_t {
  set = 1,               // condition, want_old, expiry, key, value → ok | nil | old bytes
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
  publish = 12,         // kind, channel, payload → integer: its receivers here (PUBLISH)
  expire = 13,          // key, expiry, conditions → integer 1, or 0 (EXPIRE and its kin)
  get_and_expire = 14,  // key, expiry → bytes | nil (GETEX)
  persist = 15,         // key → integer 1, or 0 when it had no deadline
  rename = 16,          // from, to, if_absent → ok | error; if_absent: integer 1 or 0
  copy = 17,            // from, to, replace → integer 1 or 0
  once = 18,        // session, number, keep, operation → what that was answered the first time
  set_limits = 19,  // only_unset, (field, value)s → ok (CONFIG SET)
  touch = 20,       // keys → integer: how many exist; notes that they were used
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

// What becomes of a key's deadline. A deadline that the log's clock has reached already erases the
// key.
struct Expiry {
  enum class Kind : std::uint8_t {
    never = 0,  // It has none.
    in = 1,     // So long after the time of the batch.
    at = 2,     // At that time.
    keep = 3,   // It stays what it is.
  };
  Kind kind = Kind::never;
  std::int64_t milliseconds = 0;  // Of `in` and `at`.
};

struct SetOptions {
  SetCondition condition = SetCondition::always;
  bool want_old = false;  // Answer the old value (nil: none) instead of ok / nil.
  Expiry expiry{};
};

// When a deadline is replaced: all of those that are set. No deadline is later than any.
struct ExpireConditions {
  bool if_none = false;     // NX
  bool if_any = false;      // XX
  bool if_greater = false;  // GT
  bool if_less = false;     // LT
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
// `expiry`: in or at.
void encode_expire(std::string& out, std::string_view key, Expiry expiry,
                   ExpireConditions conditions);
void encode_get_and_expire(std::string& out, std::string_view key, Expiry expiry);
void encode_persist(std::string& out, std::string_view key);
void encode_rename(std::string& out, std::string_view from, std::string_view to, bool if_absent);
void encode_copy(std::string& out, std::string_view from, std::string_view to, bool replace);
// Whose operation it is and which of theirs; how long the reply is kept. `operation`: an encoded
// one, no transaction and not of this kind.
struct OnceName {
  std::string_view session;
  std::uint64_t number = 0;
  std::uint64_t keep_milliseconds = 0;
};
void encode_once(std::string& out, const OnceName& name, std::string_view operation);
// Puts them into force from here on. `only_unset`: those that nobody ever set.
void encode_set_limits(std::string& out, std::span<const LimitChange> changes, bool only_unset);
void encode_touch(std::string& out, std::span<const std::string_view> keys);
// Changes nothing: the listener of each replica is told.
void encode_publish(std::string& out, ChannelKind kind, std::string_view channel,
                    std::string_view payload);
// At most 2^32 - 1 items.
void encode_transaction(std::string& out, std::span<const TransactionCondition> conditions,
                        std::span<const TransactionItem> items);

// The store as a replicated state machine. Core thread only.
class StoreMachine final : public StateMachine {
 public:
  [[nodiscard]] const Store& store() const { return store_; }
  [[nodiscard]] Store& store() { return store_; }
  // Sets the store's clock, and removes what is due, at most expired_by_a_batch keys, and what is
  // too much: not all, when that would take long. Others that are due are gone for whoever looks;
  // the next batches remove them.
  void begin_batch(const ApplyContext& context) override;
  static constexpr std::uint64_t expired_by_a_batch = 1'000;
  [[nodiscard]] std::optional<LogTime> wake_at() const override;
  // Malformed commands change nothing and answer an error.
  void apply(const ApplyContext& context, std::string_view command, std::string* reply) override;
  void prefetch(std::span<const std::string_view> commands) const override;
  // docs/formats/store-state.md.
  [[nodiscard]] std::unique_ptr<SnapshotReader> begin_snapshot() override;
  [[nodiscard]] std::unique_ptr<SnapshotLoader> begin_load() override;
  [[nodiscard]] StateDigest digest() const override;
  [[nodiscard]] const KeptReplies& kept_replies() const { return replies_; }
  [[nodiscard]] const KeptLimits& limits() const { return limits_; }
  static constexpr std::size_t session_bytes_max = 256;
  // Null: what transactions read is answered with an error. It outlives the machine, or is taken
  // away before.
  void set_transaction_reader(TransactionReader* reader) { reader_ = reader; }
  // Null: nobody is told, and messages have no receivers. It outlives the machine and its loaders,
  // or is taken away before.
  void set_listener(Listener* listener);
  // Keeps the latest changes, from the next one on, in so many bytes of memory. No part of the
  // state.
  void keep_changes(std::uint64_t bytes_max);
  [[nodiscard]] bool keeps_changes() const { return recorder_.keeps; }
  [[nodiscard]] const ChangeLog& changes() const { return recorder_.log; }

 private:
  void execute(std::string_view operation, std::string* reply, Room* room);
  void execute_set_limits(std::string_view changes, std::string* reply);
  void execute_transaction(std::string_view transaction, std::string* reply);
  void execute_once(std::string_view once, std::string* reply);

  // Between the store and whoever listens.
  struct Recorder final : ChangeListener {
    void on_change(const Change& change) override;
    ChangeLog log{0};
    bool keeps = false;
    Listener* listener = nullptr;
  };
  void listen();
  [[nodiscard]] Room room() { return {store_, limits_.limits()}; }
  void put_limits_into_force();

  Store store_;
  KeptReplies replies_;
  KeptLimits limits_;
  Recorder recorder_;
  TransactionReader* reader_ = nullptr;
  std::string read_;  // Scratch: what the reader wrote; a reply that is to be kept.
  std::string late_;  // Empty, but for Mutant::transaction_not_as_one.
};

}  // namespace rabia::kv
