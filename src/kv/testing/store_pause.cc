// Measures the longest single operation of a store of N keys, also while a snapshot of it is taken
// or another is loaded, the memory a key takes, and the
// rates.
//
//   store_pause [keys = 10000000] [runs = 2]
//
// Times are CPU time of the thread. A busy machine still shows in them (interrupts, a hypervisor),
// so all is done several times, in the same way, and an operation counts with its shortest time:
// what the store itself makes long is long in every run.
#include <malloc.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "kv/snapshot.h"
#include "kv/store.h"

namespace {

using rabia::base::Random;
using rabia::kv::Store;
using rabia::kv::StoreSnapshotLoader;
using rabia::kv::StoreSnapshotReader;

std::uint64_t cpu_nanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

// What is known of one kind of operation from all runs.
struct Measured {
  std::string name;
  std::uint64_t times = 0;
  std::uint64_t total_nanoseconds = ~std::uint64_t{0};
  std::map<std::uint64_t, std::uint64_t> long_ones;  // By their place; nanoseconds.
};

class Recorder {
 public:
  void begin_run() {
    ++run_;
    next_ = 0;
  }

  // Runs `operation` for 0 … times-1. Called with the same operations in each run.
  template <typename Operation>
  void measure(const char* name, std::uint64_t times, const Operation& operation) {
    if (next_ == measured_.size()) measured_.push_back({name, times, ~std::uint64_t{0}, {}});
    Measured& measured = measured_[next_++];
    std::map<std::uint64_t, std::uint64_t> long_ones;
    const std::uint64_t begin = cpu_nanoseconds();
    std::uint64_t last = begin;
    for (std::uint64_t i = 0; i < times; ++i) {
      operation(i);
      const std::uint64_t now = cpu_nanoseconds();
      const std::uint64_t took = now - last;
      last = now;
      if (took < long_nanoseconds) continue;
      const auto before = measured.long_ones.find(i);
      if (run_ == 1) {
        long_ones.emplace(i, took);
      } else if (before != measured.long_ones.end()) {
        long_ones.emplace(i, std::min(before->second, took));
      }
    }
    measured.total_nanoseconds = std::min(measured.total_nanoseconds, last - begin);
    measured.long_ones = std::move(long_ones);
  }

  void print() const {
    for (const Measured& one : measured_) {
      std::vector<std::uint64_t> longest;
      for (const auto& [place, took] : one.long_ones) longest.push_back(took / 1'000);
      std::sort(longest.rbegin(), longest.rend());
      std::printf("%-24s %9lu ops  mean %7lu ns  over 50 us: %5zu  longest us:", one.name.c_str(),
                  one.times, one.total_nanoseconds / std::max<std::uint64_t>(one.times, 1),
                  longest.size());
      for (std::size_t i = 0; i < std::min<std::size_t>(longest.size(), 5); ++i) {
        std::printf(" %lu", longest[i]);
      }
      std::printf("\n");
    }
  }

 private:
  static constexpr std::uint64_t long_nanoseconds = 50'000;
  int run_ = 0;
  std::size_t next_ = 0;
  std::vector<Measured> measured_;
};

// 16 bytes, all different.
std::string key_of(std::uint64_t number) {
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016lx", number * 0x9e3779b97f4a7c15);
  return {text.data(), 16};
}

void print_memory(const char* when, const Store& store) {
  const struct mallinfo2 info = mallinfo2();
  const auto keys = static_cast<double>(store.size());
  std::printf("%-24s %9lu keys  %.1f bytes a key (counted), %.1f (allocated)\n", when, store.size(),
              static_cast<double>(store.memory_bytes()) / keys,
              static_cast<double>(info.uordblks + info.hblkhd) / keys);
}

// What is written while a cut lives, one given up half-way, and one that is read and loaded.
void run_snapshots(Recorder& recorder, Store& store, std::uint64_t keys) {
  constexpr std::size_t piece_bytes = 64 << 10;
  const std::uint64_t pieces = keys * 85 / piece_bytes + 2;
  const std::string value(64, 'c');
  Random random(2);
  const auto any = [&random, keys] { return key_of(random.below(keys)); };
  std::unique_ptr<StoreSnapshotReader> reader;
  std::unique_ptr<StoreSnapshotLoader> loader;
  std::string piece;
  std::uint64_t bytes = 0;
  const auto begin = [&](std::uint64_t) { reader = std::make_unique<StoreSnapshotReader>(store); };
  const auto end = [&](std::uint64_t) { reader.reset(); };
  const auto read = [&](std::uint64_t) {
    piece.clear();
    bytes += reader->read(piece_bytes, piece) ? piece.size() : 0;
  };
  const auto set_any = [&](std::uint64_t) { store.set(any(), value); };

  recorder.measure("begin a cut", 1, begin);
  recorder.measure("set, same size, in a cut", keys / 4, set_any);
  recorder.measure("append 10, in a cut", keys / 10,
                   [&](std::uint64_t) { store.append(any(), "0123456789"); });
  recorder.measure("set, new, in a cut", keys / 10,
                   [&](std::uint64_t i) { store.set(key_of(keys + i), value); });
  recorder.measure("erase, in a cut", keys / 10,
                   [&](std::uint64_t i) { store.erase(key_of(keys + i)); });
  print_memory("with what a cut keeps", store);
  recorder.measure("read 64 KiB, much kept", pieces / 2, read);
  recorder.measure("end a cut half-way", 1, end);
  while (store.reclaim(1'000)) {
  }
  recorder.measure("begin another", 1, begin);
  recorder.measure("begin a load", 1,
                   [&](std::uint64_t) { loader = std::make_unique<StoreSnapshotLoader>(store); });
  recorder.measure("clear, in a cut", 1, [&](std::uint64_t) { store.clear(); });
  bytes = 0;
  std::uint64_t refused = 0;
  recorder.measure("read and load 64 KiB", pieces * 5 / 4, [&](std::uint64_t i) {
    read(i);
    refused += loader->add(piece).ok() ? 0 : 1;
  });
  recorder.measure("finish a load", 1,
                   [&](std::uint64_t) { refused += loader->finish().ok() ? 0 : 1; });
  recorder.measure("end a cut", 1, end);
  loader.reset();
  std::printf("%-24s %9lu bytes, %lu calls refused\n", "snapshot", bytes, refused);
  while (store.reclaim(1'000)) {
  }
  print_memory("loaded", store);
}

void run(Recorder& recorder, std::uint64_t keys) {
  const std::string value(64, 'v');
  const std::string longer(200, 'w');
  const std::uint64_t most = keys / 10 * 9;
  Store store;
  Random random(1);
  const auto any = [&random, keys] { return key_of(random.below(keys)); };
  const auto set_new = [&](std::uint64_t i) { store.set(key_of(i), value); };
  const auto clear = [&](std::uint64_t) { store.clear(); };
  const auto set_large = [&](std::uint64_t) { store.set("large", std::string(1 << 20, 'x')); };
  std::uint64_t cursor = 0;
  std::uint64_t seen = 0;
  const auto scan = [&](std::uint64_t) {
    cursor = store.scan(cursor, 100, [&seen](auto, auto) { ++seen; });
  };

  recorder.measure("set, new", keys, set_new);
  print_memory("filled", store);
  recorder.measure("get", keys, [&](std::uint64_t) { seen += store.get(any()) ? 1U : 0U; });
  recorder.measure("set, same size", keys / 4, [&](std::uint64_t) { store.set(any(), value); });
  recorder.measure("set, another size", keys / 4, [&](std::uint64_t) { store.set(any(), longer); });
  recorder.measure("append 10", keys / 4,
                   [&](std::uint64_t) { store.append(any(), "0123456789"); });
  recorder.measure("scan 100", keys / 100, scan);
  recorder.measure("erase, 9 of 10", most, [&](std::uint64_t i) { store.erase(key_of(i)); });
  print_memory("after erasing 9 of 10", store);
  recorder.measure("set, new again", most, set_new);
  recorder.measure("clear", 1, clear);
  recorder.measure("set, new, while freeing", keys, set_new);
  print_memory("filled again", store);
  run_snapshots(recorder, store, keys);
  recorder.measure("clear again", 1, clear);
  recorder.measure("reclaim 1000", keys / 900, [&](std::uint64_t) { store.reclaim(1'000); });
  recorder.measure("set 1 MiB", 1'000, set_large);
  std::printf("(%lu seen)\n", seen);
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t keys = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 10'000'000;
  const int runs = argc > 2 ? std::atoi(argv[2]) : 2;
  // What README.md asks of programs that hold a store.
  mallopt(M_MMAP_THRESHOLD, 2 << 20);
  Recorder recorder;
  for (int i = 0; i < runs; ++i) {
    recorder.begin_run();
    run(recorder, keys);
  }
  recorder.print();
  return 0;
}
