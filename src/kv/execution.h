// One operation while it is executed, and the functions that execute one each. Inside the room.
//
// Each reads its whole command before it touches the store: bytes that are malformed anywhere
// change nothing.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "base/codec.h"
#include "kv/eviction.h"
#include "kv/operations.h"
#include "kv/result.h"
#include "kv/store.h"
#include "kv/zigzag.h"

namespace rabia::kv {

inline constexpr std::string_view malformed_error = "ERR malformed command";

// The store, the bytes of the operation behind its number, and where the answer goes.
struct Execution {
  Store& store;
  base::Decoder in;
  ResultWriter out;
  Listener* listener = nullptr;
  Room* room = nullptr;  // Null: what is added needs none.

  // Whether the command was read to its end and found well-formed. Answers otherwise.
  bool complete() {
    if (!in.complete()) out.error(malformed_error);
    return in.complete();
  }
  // A byte of at most `most`.
  std::uint8_t choice(std::uint8_t most) {
    const auto value = in.fixed<std::uint8_t>();
    if (value > most) in.fail();
    return value;
  }
  std::string_view key() {
    const std::string_view key = in.bytes();
    if (key.size() > Store::key_bytes_max) in.fail();
    return key;
  }
  std::string_view value() {
    const std::string_view value = in.bytes();
    if (value.size() > Store::value_bytes_max) in.fail();
    return value;
  }
  std::uint64_t value_bytes_max() { return std::min(in.varint(), Store::value_bytes_max); }
  Expiry expiry() {
    Expiry expiry{static_cast<Expiry::Kind>(choice(3)), 0};
    const bool has_time = expiry.kind == Expiry::Kind::in || expiry.kind == Expiry::Kind::at;
    if (has_time) expiry.milliseconds = unzigzag(in.varint());
    return expiry;
  }

  // The deadline that `expiry` means now, for a key that has `present`. Below 1: long ago.
  [[nodiscard]] std::int64_t deadline_of(const Expiry& expiry, Deadline present) const {
    switch (expiry.kind) {
      case Expiry::Kind::in: {
        std::int64_t sum = 0;
        const bool overflows = __builtin_add_overflow(static_cast<std::int64_t>(store.clock()),
                                                      expiry.milliseconds, &sum);
        return overflows ? std::numeric_limits<std::int64_t>::max() : sum;
      }
      case Expiry::Kind::at:
        return expiry.milliseconds;
      case Expiry::Kind::never:
      case Expiry::Kind::keep:
        break;
    }
    return static_cast<std::int64_t>(expiry.kind == Expiry::Kind::keep ? present : no_deadline);
  }
  [[nodiscard]] static bool has_time(const Expiry& expiry) {
    return expiry.kind == Expiry::Kind::in || expiry.kind == Expiry::Kind::at;
  }
  // Whether a deadline that `expiry` brought is over already; never while nothing expires.
  [[nodiscard]] bool is_over(const Expiry& expiry, std::int64_t deadline) const {
    return has_time(expiry) && store.lets_keys_expire() &&
           deadline <= static_cast<std::int64_t>(store.clock());
  }
  // As the store keeps one that is not over: long ago is not the same as none.
  [[nodiscard]] static Deadline kept(const Expiry& expiry, std::int64_t deadline) {
    return static_cast<Deadline>(has_time(expiry) ? std::max<std::int64_t>(deadline, 1) : deadline);
  }

  // Before anything is looked at: whether there is room for more. `missing`: how many keys of at
  // most `most` are not there; asked only when it matters. Answers otherwise.
  template <typename Missing>
  bool has_room(std::uint64_t most, const Missing& missing) {
    if (room == nullptr) return true;
    const std::string_view refusal = room->make(room->has_keys_for(most) ? most : missing());
    if (!refusal.empty()) out.error(refusal);
    return refusal.empty();
  }
  bool has_room_for(std::string_view key) {
    return has_room(1, [&] { return store.contains(key) ? std::uint64_t{0} : 1; });
  }
  // The command of a client that waits here read a key, and there is none.
  void missed(std::string_view key) {
    if (listener != nullptr && out.wanted()) listener->on_missed(key);
  }

  void bytes_or_nil(std::optional<std::string_view> value) {
    if (value) {
      out.bytes(*value);
    } else {
      out.nil();
    }
  }
};

// How many different ones of these keys are not there.
[[nodiscard]] std::uint64_t count_new(const Store& store, std::vector<std::string_view> keys);

// By OperationCode.
namespace execute {
void set(Execution& run);
void erase(Execution& run);
void append(Execution& run);
void increment(Execution& run);
void increment_float(Execution& run);
void set_range(Execution& run);
void set_many(Execution& run);
void set_many_if_none(Execution& run);
void get_and_erase(Execution& run);
void clear(Execution& run);
void expire(Execution& run);
void get_and_expire(Execution& run);
void persist(Execution& run);
void rename(Execution& run);
void copy(Execution& run);
void publish(Execution& run);
void touch(Execution& run);
}  // namespace execute

}  // namespace rabia::kv
