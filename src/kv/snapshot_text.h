// For tests of snapshots and digests: a store beside a std::map, and streams as strings.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

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
  if (kind < 40) {
    const std::string value = random_bytes(random, changes.value_bytes_max);
    store.set(key, value);
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

// Computed from nothing.
inline StateDigest digest_of(const Model& model) {
  StateDigest sum;
  for (const auto& [key, value] : model) {
    add(sum, KeyDigest(key).presence());
    add(sum, KeyDigest(key).value(value));
  }
  return sum;
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
