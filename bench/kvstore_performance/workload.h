// The operations that are measured, on a store of one size.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "bench/keys.h"
#include "kv/operations.h"
#include "rabia_bench/clock.h"
#include "rabia_bench/histogram.h"

namespace rabia::kvstore_performance {

// One kind of operation.
struct Row {
  std::string name;
  std::uint64_t keys_per_operation = 1;
  std::uint64_t operations = 0;
  double seconds = 0;        // Of all of them together.
  bench::Histogram latency;  // Of one in timed_every, with a reading of the clock in each.

  static constexpr std::uint64_t timed_every = 16;

  // Calls operation(i) for 0 … times-1. Most are not timed by themselves, since reading the clock
  // takes as long as many an operation.
  template <typename Operation>
  void measure(std::uint64_t times, const Operation& operation) {
    const std::int64_t begin = bench::clock_now();
    for (std::uint64_t i = 0; i < times; ++i) {
      if (i % timed_every != 0) {
        operation(i);
        continue;
      }
      const std::int64_t before = bench::clock_now();
      operation(i);
      latency.record(bench::clock_now() - before);
    }
    seconds += static_cast<double>(bench::clock_now() - begin) / 1e9;
    operations += times;
  }
};

struct MemoryFigures {
  double key_and_value_bytes = 0;     // Of one key,
  double counted_bytes = 0;           // and what it takes, by the store's own count.
  std::uint64_t allocated_bytes = 0;  // That malloc gave out for the store: some chunks.
};

// Writes are encoded, and executed by the state machine with their replies; reads look into its
// store: what a replica does for a command beside protocol, log and network. One thread.
class Workload {
 public:
  // Each row has at least so many operations (those of many keys: as many as make so many keys).
  Workload(std::uint64_t keys, std::uint64_t value_bytes, std::uint64_t operations);

  using OnRow = std::function<void(const Row&)>;
  // Measures everything, and tells of each row when it is done. All keys are there at the end.
  void run(const OnRow& on_row);
  // Of the full store.
  [[nodiscard]] const MemoryFigures& memory() const { return memory_; }
  [[nodiscard]] kv::StoreMachine& machine() { return machine_; }

 private:
  Row set_new();
  Row set_same();
  Row get();
  Row get_missing();
  Row exists();
  Row list();
  Row batches(std::uint64_t commands);
  Row erase();
  // Calls `pass` until it has done enough.
  template <typename Pass>
  void repeat(Row& row, const Pass& pass) const;
  void apply(std::string_view command);
  void set(std::string_view key);
  void fill();
  void note_memory();

  std::uint64_t operations_;
  std::string value_;
  bench::Keys keys_;                // In the order in which they are stored,
  bench::Keys order_;               // in that in which they are used,
  bench::Keys missing_;             // and others.
  std::uint64_t allocated_before_;  // By malloc, before there was a store.
  kv::StoreMachine machine_;
  MemoryFigures memory_;
  std::string command_;
  std::string batch_;
  std::string reply_;
};

}  // namespace rabia::kvstore_performance
