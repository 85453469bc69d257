// For tests of snapshots and digests: a store beside a std::map, and streams as strings.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/codec.h"
#include "base/random.h"
#include "kv/digest.h"
#include "kv/snapshot.h"
#include "kv/store.h"

namespace rabia::kv {

using Model = std::map<std::string, std::string, std::less<>>;

inline std::string random_bytes(base::Random& random, std::uint64_t size_max) {
  std::string bytes(random.below(size_max + 1), '\0');
  for (char& byte : bytes) byte = static_cast<char>(random.next());
  return bytes;
}

struct Changes {
  std::uint64_t keys;
  std::uint64_t value_bytes_max;
};

// One random change to both; not clear().
inline void change_both(Store& store, Model& model, base::Random& random, const Changes& changes) {
  const std::string key = "key:" + std::to_string(random.below(changes.keys));
  const std::uint64_t kind = random.below(100);
  // The clock stands still: nothing of these expires.
  const Deadline deadline = random.chance(50) ? no_deadline : 1 + random.below(1'000);
  if (kind < 10) {
    EXPECT_EQ(store.set_deadline(key, deadline), model.contains(key));
  } else if (kind < 40) {
    const std::string value = random_bytes(random, changes.value_bytes_max);
    store.set(key, value, deadline);
    model[key] = value;
  } else if (kind < 70) {
    store.erase(key);
    model.erase(key);
  } else {
    std::string& value = model[key];
    const std::string bytes = random_bytes(random, changes.value_bytes_max / 2);
    const bool appends = kind < 85;
    const std::uint64_t offset = appends ? value.size() : random.below(changes.value_bytes_max + 1);
    if (value.size() < offset + bytes.size()) value.resize(offset + bytes.size());
    value.replace(offset, bytes.size(), bytes);
    // Of no bytes, it fills the gap before its place.
    if (appends) {
      store.append(key, bytes);
    } else {
      store.set_range(key, offset, bytes);
    }
  }
}

// Computed from what is in the store, not from what it kept up to date.
inline StateDigest digest_computed_from(const Store& store) {
  StateDigest sum = digest_of_history(store.history());
  store.for_each([&](std::string_view key, std::string_view value) {
    const Store::Item item = store.find(key).value();
    add(sum, KeyDigest(key).about(item));
    add(sum, KeyDigest(key).value(value));
  });
  return sum;
}

// Of a store that had each of these set once, in the order of the keys.
inline StateDigest digest_of(const Model& model) {
  Store store;
  for (const auto& [key, value] : model) store.set(key, value);
  return store.digest();
}

inline Model contents_of(const Store& store) {
  Model contents;
  store.for_each([&contents](std::string_view key, std::string_view value) {
    EXPECT_TRUE(contents.emplace(key, value).second) << "twice: " << key;
  });
  return contents;
}

inline void read_all(SnapshotReader& reader, std::size_t bytes_about, std::string& stream) {
  while (reader.read(bytes_about, stream)) {
  }
}

inline std::string stream_of(Store& store) {
  StoreSnapshotReader reader(store);
  std::string stream;
  read_all(reader, 1 << 20, stream);
  return stream;
}

// What the stream of a store should be, by docs/formats/store-state.md.
inline std::string expected_stream_of(const Store& store, HashFunction hash) {
  std::map<std::pair<std::uint64_t, std::string>, std::string> entries;
  store.for_each([&](std::string_view key, std::string_view value) {
    const Store::Item item = store.find(key).value();
    std::string& bytes = entries[{hash(key), std::string(key)}];
    base::Encoder encode(bytes);
    for (const std::uint64_t number : {key.size(), value.size()}) encode.varint(number);
    encode.varint(item.revision);
    const bool expires = item.deadline != no_deadline;
    encode.varint((expires ? 1 : 0) + (item.use.known() ? 2 : 0) + (item.roomy ? 4 : 0));
    if (expires) encode.varint(item.deadline);
    if (item.use.known()) encode.varint(item.use.packed());
    bytes.append(key).append(value);
  });
  std::string stream = "RABIAKVS";
  base::Encoder encode(stream);
  encode.fixed<std::uint32_t>(4);
  const History& history = store.history();
  for (const std::uint64_t number :
       {store.size(), history.revision, history.clock, history.created_at, history.last_modified}) {
    encode.varint(number);
  }
  for (const auto& [place, bytes] : entries) encode.raw(bytes);
  encode.raw("DONE");
  const StateDigest digest = digest_computed_from(store);
  encode.fixed(digest.low);
  encode.fixed(digest.high);
  return stream;
}

// Of a store that never had other contents.
inline std::string stream_of(const Model& model, HashFunction hash) {
  Store store(hash);
  for (const auto& [key, value] : model) store.set(key, value);
  return stream_of(store);
}

inline Status load(Store& store, std::string_view stream) {
  StoreSnapshotLoader loader(store);
  Status status = loader.add(stream);
  return status.ok() ? loader.finish() : status;
}

}  // namespace rabia::kv
