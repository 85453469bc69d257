// The contract between Rabia and what it replicates.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "rabia/ids.h"
#include "rabia/random.h"
#include "rabia/result.h"

namespace rabia {

// Where in the log a command is being executed: the same on every replica.
struct ApplyContext {
  LogPosition position{};   // The batch that holds the command.
  ReplicaId origin{};       // The replica whose client issued it.
  LogTime time{};           // Of the batch.
  std::uint64_t index = 0;  // Of the command in its batch.

  // Chance of this command's own: the same numbers on every replica, others for each command.
  [[nodiscard]] Random random() const { return Random(Random(position.value).next() ^ index); }
};

// Equal states have equal digests; different ones do not, but by a chance near 2^-128.
struct StateDigest {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  friend bool operator==(const StateDigest&, const StateDigest&) = default;
};
// 32 hexadecimal digits.
[[nodiscard]] std::string to_string(const StateDigest& digest);

// The state of a machine as it was at one moment, read in pieces while commands go on being
// applied. The bytes are canonical: two replicas' snapshots of one position are equal byte for byte
// (the borders of the pieces need not be).
//
// Core thread only, also for its destruction, which must come before the machine's. No call may
// take longer because the state is large.
class SnapshotReader {
 public:
  virtual ~SnapshotReader() = default;  // Ends the cut.

  // Appends the next piece of the state to `out`: about `bytes_about` bytes (never much more: a
  // large value is split over pieces). It may be less, even nothing, when much had to be passed
  // over. False, with nothing appended: all has been read.
  [[nodiscard]] virtual bool read(std::size_t bytes_about, std::string& out) = 0;
};

// Takes a state in, and then replaces the machine's by it. Without finish() nothing has changed.
//
// Core thread only, also for its destruction, which must come before the machine's. No call may
// take longer because the state is large: add() is as long as its bytes are many.
class SnapshotLoader {
 public:
  virtual ~SnapshotLoader() = default;

  // The stream's next bytes, cut anywhere. Code::corrupted: not a state of this machine; every
  // later call says the same.
  virtual Status add(std::string_view bytes) = 0;
  // The stream has ended: checks the digest that it carries, and from now on the machine has this
  // state. Code::corrupted: the machine is as it was. Nothing may be called after it.
  virtual Status finish() = 0;
};

// Anything deterministic. Every replica calls apply() with the same commands in the same order, and
// all must reach the same state: no clock, no random device, no iteration in the order of addresses
// or of a seeded hash, nothing that one replica knows and another does not.
//
// Threads: a replica calls all methods from its core thread, one at a time.
class StateMachine {
 public:
  virtual ~StateMachine() = default;

  // Comes before the commands of each batch, also of one that has none: what happens at a time
  // happens here.
  virtual void begin_batch(const ApplyContext& /*context*/) {}
  // When something is to happen if nobody writes before: the replicas see to it that a batch comes
  // soon after that time (0: at once). Nothing: never.
  [[nodiscard]] virtual std::optional<LogTime> wake_at() const { return std::nullopt; }

  // Executes one command. `command` is valid only during the call. When `reply` is not null
  // somebody waits at this replica: the answer is appended to it. The state must not depend on
  // that. Bytes that are not a command of this machine must leave the state as it is, everywhere
  // alike.
  virtual void apply(const ApplyContext& context, std::string_view command, std::string* reply) = 0;

  // These commands are applied next, in this order. A machine may ask memory for what they will
  // look at, so that they do not wait for it one by one; it must change nothing. Few at a time, and
  // valid only during the call.
  virtual void prefetch(std::span<const std::string_view> /*commands*/) const {}

  // A cut of the state as it is now, in constant time. At most one lives at a time: a second one is
  // the caller's bug.
  [[nodiscard]] virtual std::unique_ptr<SnapshotReader> begin_snapshot() = 0;
  // At most one lives at a time. Commands may be applied meanwhile: what they did is gone after
  // finish(). A cut that is being read stays what it is.
  [[nodiscard]] virtual std::unique_ptr<SnapshotLoader> begin_load() = 0;
  // Of the state as it is now, in constant time.
  [[nodiscard]] virtual StateDigest digest() const = 0;
};

}  // namespace rabia
