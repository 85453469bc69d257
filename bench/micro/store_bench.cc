// The store with a million keys, by its own interface. An item is one key.
#include <array>
#include <string>
#include <string_view>

#include "bench/keys.h"
#include "bench/micro/account.h"
#include "kv/digest.h"
#include "kv/store.h"

namespace rabia::micro {
namespace {

constexpr std::uint64_t keys = 1'000'000;

const std::string& value() {
  static const std::string bytes(bench::value_bytes, 'v');
  return bytes;
}

// In an order that is not that in which they were stored.
const bench::Keys& known_keys() {
  static const bench::Keys in_order(0, keys, 2);
  return in_order;
}

// Made once: it takes longer than what is measured.
kv::Store& filled() {
  static kv::Store store;
  if (store.size() == 0) {
    const bench::Keys all(0, keys, 1);
    for (std::uint64_t i = 0; i < keys; ++i) store.set(all[i], value());
  }
  return store;
}

// Calls `operation` with one known key after the other.
template <typename Operation>
void for_known_keys(benchmark::State& state, const Operation& operation) {
  const bench::Keys& order = known_keys();
  std::uint64_t next = 0;
  const Account account(state);
  for (auto _ : state) {
    operation(order[next]);
    if (++next == keys) next = 0;
  }
  account.report(1);
}

void StoreGet(benchmark::State& state) {
  const kv::Store& store = filled();
  for_known_keys(state,
                 [&](std::string_view key) { benchmark::DoNotOptimize(store.get(key)->data()); });
}
BENCHMARK(StoreGet);

// As a batch does it: 16 keys are asked for, and then looked up.
void StoreGetPrefetched(benchmark::State& state) {
  constexpr std::size_t ahead = kv::Store::prefetched_keys_max;
  const kv::Store& store = filled();
  const bench::Keys& order = known_keys();
  std::uint64_t next = 0;
  std::array<std::string_view, ahead> some;
  const Account account(state);
  for (auto _ : state) {
    if (next + ahead > keys) next = 0;
    for (std::string_view& key : some) key = order[next++];
    store.prefetch(some);
    for (const std::string_view key : some) benchmark::DoNotOptimize(store.get(key)->data());
  }
  account.report(ahead);
}
BENCHMARK(StoreGetPrefetched);

void StoreGetMissing(benchmark::State& state) {
  static const bench::Keys missing(keys, keys, 3);
  const kv::Store& store = filled();
  std::uint64_t next = 0;
  const Account account(state);
  for (auto _ : state) {
    benchmark::DoNotOptimize(store.contains(missing[next]));
    if (++next == keys) next = 0;
  }
  account.report(1);
}
BENCHMARK(StoreGetMissing);

void StoreSetSameSize(benchmark::State& state) {
  kv::Store& store = filled();
  for_known_keys(state, [&](std::string_view key) { store.set(key, value()); });
}
BENCHMARK(StoreSetSameSize);

// What comes goes again, so that the store keeps its size.
void StoreEraseAndSetNew(benchmark::State& state) {
  kv::Store& store = filled();
  for_known_keys(state, [&](std::string_view key) {
    store.erase(key);
    store.set(key, value());
  });
}
BENCHMARK(StoreEraseAndSetNew);

void StoreScan100(benchmark::State& state) {
  const kv::Store& store = filled();
  std::uint64_t cursor = 0;
  std::uint64_t bytes = 0;
  const Account account(state);
  for (auto _ : state) {
    cursor = store.scan(cursor, 100,
                        [&bytes](std::string_view key, std::string_view) { bytes += key.size(); });
  }
  account.report(100);
  benchmark::DoNotOptimize(bytes);
}
BENCHMARK(StoreScan100);

// The terms of one key with its value: a SET of a key that is there computes value() twice.
void DigestOfKeyAndValue(benchmark::State& state) {
  const std::string key = bench::key_of(1);
  StateDigest sum;
  const Account account(state);
  for (auto _ : state) {
    const kv::KeyDigest terms(key);
    kv::add(sum, terms.about({1, 0}));
    kv::add(sum, terms.value(value()));
    benchmark::DoNotOptimize(sum);
  }
  account.report(1);
}
BENCHMARK(DigestOfKeyAndValue);

}  // namespace
}  // namespace rabia::micro
