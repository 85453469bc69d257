// The map of keys to values: an extendible hash table of small segments.
//
// A segment that is full splits in two by the next bit of the hash, alone; no operation ever
// touches the whole table, so none takes longer because the store is large (the directory of
// segment pointers doubles now and then: 8 bytes for each segment of some hundred keys). Iteration
// goes in the order of the hash, so a cursor is a hash value and stays right however the table
// grows. The hash is fixed (no random seed): equal stores are equal everywhere. Source: Fagin et
// al., "Extendible Hashing", ACM TODS 4(3), 1979.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "kv/change.h"
#include "kv/deadline.h"
#include "kv/entry.h"
#include "kv/hash_function.h"
#include "kv/history.h"
#include "rabia/state_machine.h"

namespace rabia::kv {

class BlockPool;
class Cut;
class Draft;
class KeyDigest;
class Table;

// Keys and values are any bytes. Core thread only. Views returned are valid until the next change;
// views given to a change must not point into the store.
class Store {
 public:
  // Longer keys or values are the caller's bug: a machine refuses them first.
  static constexpr std::uint64_t key_bytes_max = 512ULL << 20;
  static constexpr std::uint64_t value_bytes_max = 512ULL << 20;

  Store();
  // With another hash than base::hash64: for tests.
  explicit Store(HashFunction hash);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  [[nodiscard]] std::optional<std::string_view> get(std::string_view key) const;
  [[nodiscard]] bool contains(std::string_view key) const;
  struct Item : Entry::About {
    std::string_view value;
  };
  [[nodiscard]] std::optional<Item> find(std::string_view key) const;
  // What the key takes of account_bytes(), about.
  [[nodiscard]] std::optional<std::uint64_t> memory_bytes_of(std::string_view key) const;
  // These keys will be looked up soon: their memory is asked for, all at once. Costs some
  // instructions a key, and changes nothing. At most prefetched_keys_max of them.
  void prefetch(std::span<const std::string_view> keys) const;
  static constexpr std::size_t prefetched_keys_max = 16;
  // Keys that are due and not removed yet are among them.
  [[nodiscard]] std::uint64_t size() const;
  // How many changes there have been: of each key that was set, written into, given another
  // deadline or erased, one; of a clear() one. The number of a change is the revision that it led
  // to. The same on all replicas at one position of the log.
  [[nodiscard]] std::uint64_t revision() const { return history_.revision; }
  [[nodiscard]] const History& history() const { return history_; }
  // Of the contents, kept up to date by every change: docs/formats/store-state.md.
  [[nodiscard]] StateDigest digest() const;
  // Memory of entries and table, those of cleared tables, a cut and a draft included, in bytes, as
  // given out by the allocators (estimated, within 10%). Room that erased entries left for new ones
  // is not in it, so the process may hold more.
  [[nodiscard]] std::uint64_t memory_bytes() const;

  // --- Time. A key with a deadline is gone for whoever looks, and for every change, as soon as the
  // clock has reached it; it is removed by expire().

  [[nodiscard]] std::uint64_t clock() const { return history_.clock; }
  // Milliseconds, never less than before.
  void advance_clock(std::uint64_t to);
  // False: keys keep their deadlines, and none is ever due.
  void let_keys_expire(bool expires);
  [[nodiscard]] bool lets_keys_expire() const { return expires_; }
  // Whether a key is due that was not removed yet.
  [[nodiscard]] bool any_due() const {
    return next_deadline_ <= history_.clock && next_deadline_ != no_deadline;
  }
  // When the next key is due; no_deadline: never.
  [[nodiscard]] Deadline next_deadline() const { return next_deadline_; }
  // How many keys have a deadline.
  [[nodiscard]] std::uint64_t keys_with_deadline() const;
  // How many keys were removed since they were due, by this object.
  [[nodiscard]] std::uint64_t keys_expired() const { return keys_expired_; }
  // Removes up to `keys_max` keys that are due, in the order of (deadline, hash, key).
  void expire(std::uint64_t keys_max);

  // --- Limits: what they go by. All of it follows from the changes that there were, and is the
  // same on all replicas, unlike memory_bytes().

  // Bytes of all keys and values.
  [[nodiscard]] std::uint64_t data_bytes() const;
  // The memory that the entries take, and their share of a table of so many.
  [[nodiscard]] std::uint64_t account_bytes() const;
  // What is noted of keys that are changed from now on; what was noted of others stays.
  void track_uses(UseTracking tracking);
  [[nodiscard]] UseTracking tracking() const { return tracking_; }
  // One more use of the key, if there is one: noted, and no change.
  void touch(std::string_view key);
  struct Candidate {
    std::string_view key;
    std::uint64_t revision;
    Deadline deadline;
    Use use;
  };
  // Whether to go on. It must not change the store.
  using Look = std::function<bool(const Candidate& candidate)>;
  // Looks at up to `looks` keys, in the order of (hash, key) from the hash `from` on, and behind
  // the last one from the first one on.
  void walk(std::uint64_t from, std::uint64_t looks, const Look& look) const;
  // Erases a key for want of room.
  void evict(std::string_view key);
  // The key that expires next, due or not; some must have a deadline.
  void evict_soonest();
  // How many, by this object.
  [[nodiscard]] std::uint64_t keys_evicted() const { return keys_evicted_; }

  // --- Changes

  // Inserts or replaces; true when the key is new.
  bool set(std::string_view key, std::string_view value, Deadline deadline = no_deadline);
  // Gives the key another deadline, or none. False: there is no such key.
  bool set_deadline(std::string_view key, Deadline deadline);
  // These keep the deadline that there is.
  // Appends to the value (of a missing key: the empty one); amortized cost of the bytes appended.
  // Returns the new length.
  std::uint64_t append(std::string_view key, std::string_view bytes);
  // Writes into the value at `offset`, filling a gap with zero bytes. Returns the new length.
  std::uint64_t set_range(std::string_view key, std::uint64_t offset, std::string_view bytes);
  bool erase(std::string_view key);
  // Gives the value and deadline of a key to another one, over what that has, in one change. `from`
  // must be there, and be another key than `to`.
  void rename(std::string_view from, std::string_view to);
  // Takes constant time, whatever was in it: the entries are freed later, some at each change, by
  // reclaim().
  void clear();
  // Frees up to `entries_max` entries of cleared tables, and a chunk of unused memory. True when
  // some are left. The server calls it from an idle timer; changes call it with a small number by
  // themselves.
  bool reclaim(std::uint64_t entries_max);

  // Is told of every change; null: nobody. It outlives the store, or is taken away before.
  void set_listener(ChangeListener* listener) { listener_ = listener; }
  // Whose changes follow: for the listener. 0: nobody's, but time's or a limit's.
  void begin_operation(std::uint8_t operation) { operation_ = operation; }

  using Visit = std::function<void(std::string_view key, std::string_view value)>;
  // Visits about `count` entries from `cursor` (0: the beginning) on and returns the next cursor
  // (0: the end). Entries present during the whole of an iteration are visited exactly once,
  // whatever else changes (SCAN's promise is: at least once). A cursor is the first bits of the
  // next hash to look at: below 2^53, good at any replica and for any time. Entries that share
  // these bits are not split over two calls. `visit` must not change the store.
  std::uint64_t scan(std::uint64_t cursor, std::uint64_t count, const Visit& visit) const;
  void for_each(const Visit& visit) const;
  // Some entry, chosen by `random` (any number); nothing when empty. Near enough to uniform.
  [[nodiscard]] std::optional<std::string_view> random_key(std::uint64_t random) const;

 private:
  friend class Cut;
  friend class Draft;

  // What a change frees of cleared tables: more than it can add, so that clearing often does not
  // let them pile up, and so little that it is not felt.
  static constexpr std::uint64_t reclaimed_by_a_change = 16;
  static void check_sizes(std::string_view key, std::uint64_t value_bytes);

  [[nodiscard]] std::unique_ptr<Table> make_table() const;
  // Puts other contents in the place of the present ones.
  void replace(std::unique_ptr<Table> table, StateDigest digest);
  // Leaves a table to reclaim().
  void discard(std::unique_ptr<Table> table);
  // Whether a cut took `entry` over, which is about to change: the caller goes on with another.
  [[nodiscard]] bool cut_keeps(std::uint64_t hash, Entry* entry);
  void insert(std::uint64_t hash, Entry* entry);
  template <typename Tell>
  bool put(std::uint64_t hash, std::string_view key, std::string_view value, Entry::About about,
           const Tell& tell);
  template <typename Change>
  bool change_about(std::uint64_t hash, std::string_view key, const Change& change);
  // Of a key that is used now.
  [[nodiscard]] Use use_of(Use old) const;
  void remove(std::uint64_t hash, Entry* entry);
  bool erase_entry(std::uint64_t hash, std::string_view key, ChangeKind kind);
  // What comes before every change of a key.
  void begin_change(std::uint64_t hash, std::string_view key);
  [[nodiscard]] const Entry* find_entry(std::uint64_t hash, std::string_view key) const;
  [[nodiscard]] bool is_due(const Entry& entry) const;
  void note_deadlines();
  // Of the change that is being made.
  std::uint64_t next_revision();
  [[nodiscard]] std::string soonest_key() const;

  std::unique_ptr<BlockPool> pool_;  // Outlives the tables.
  std::unique_ptr<Table> table_;
  std::unique_ptr<Table> cleared_;  // Waiting to be freed, linked through, the latest first.
  StateDigest digest_;              // Of the entries.
  History history_;
  Deadline next_deadline_ = no_deadline;  // Of table_, kept here: every lookup asks for it.
  bool expires_ = true;
  UseTracking tracking_ = UseTracking::none;
  std::uint64_t keys_expired_ = 0;
  std::uint64_t keys_evicted_ = 0;
  ChangeListener* listener_ = nullptr;
  std::uint8_t operation_ = 0;
  std::string old_value_;   // Scratch: for the listener.
  Cut* cut_ = nullptr;      // While one lives. It owns itself.
  Draft* draft_ = nullptr;  // As cut_.
};

}  // namespace rabia::kv
