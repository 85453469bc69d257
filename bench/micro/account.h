// What a micro-benchmark says of its items, beside the time of an iteration.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>

namespace rabia::micro {

// Calls of operator new so far. The program has one thread. What the store takes for its blocks
// comes from malloc, in chunks, and is not in it.
[[nodiscard]] std::uint64_t allocations();

// Made before the loop of a benchmark; report() comes behind it.
class Account {
 public:
  explicit Account(benchmark::State& state) : state_(state), before_(allocations()) {}

  // Each iteration did the work of so many items: commands, records, batches. Time is CPU time.
  void report(std::uint64_t items_per_iteration) const {
    const auto made = static_cast<double>(allocations() - before_);
    const auto items =
        static_cast<double>(state_.iterations()) * static_cast<double>(items_per_iteration);
    using benchmark::Counter;
    state_.counters["items/s"] = Counter(items, Counter::kIsRate);
    state_.counters["s/item"] = Counter(items, Counter::kIsRate | Counter::kInvert);
    state_.counters["allocs/item"] = made / items;
  }

 private:
  benchmark::State& state_;
  std::uint64_t before_;
};

}  // namespace rabia::micro
