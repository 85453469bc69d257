// Keys that were absent when clients watched them: what a revision cannot tell from keys that were
// set and deleted again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "kv/change.h"
#include "server/transaction.h"

namespace rabia::server {

class ClientWatch;

// Core thread only.
class AbsentKeys {
 public:
  // `seed` keeps clients from choosing keys that fall together.
  explicit AbsentKeys(std::uint64_t seed) : keys_(0, Hash{seed}) {}

  [[nodiscard]] bool empty() const { return keys_.empty(); }
  void on_change(const kv::Change& change);
  // What lies between is nowhere: all of them may have been there.
  void on_skipped();

 private:
  friend class ClientWatch;
  struct Hash {
    using is_transparent = void;
    std::uint64_t seed;
    std::size_t operator()(std::string_view key) const { return base::hash64(key, seed); }
  };

  void add(std::string_view key, ClientWatch& by);
  void remove(std::string_view key, ClientWatch& by);
  void touch(std::string_view key);

  std::unordered_map<std::string, std::vector<ClientWatch*>, Hash, std::equal_to<>> keys_;
};

// WATCH of one client, until EXEC takes it.
class ClientWatch {
 public:
  ClientWatch() = default;
  ~ClientWatch() { clear(); }
  ClientWatch(const ClientWatch&) = delete;
  ClientWatch& operator=(const ClientWatch&) = delete;

  // As WatchedKeys::add(). `absent_keys` outlives the watch.
  void add(std::string_view key, std::uint64_t revision, AbsentKeys& absent_keys);
  void clear();
  // Ends it: what EXEC depends on from now on.
  [[nodiscard]] WatchedKeys take();

  // A key that was absent was set meanwhile.
  [[nodiscard]] bool broken() const { return broken_; }
  [[nodiscard]] bool empty() const { return keys_.empty(); }
  [[nodiscard]] std::size_t bytes() const { return keys_.bytes(); }

 private:
  friend class AbsentKeys;
  WatchedKeys keys_;
  AbsentKeys* absent_keys_ = nullptr;  // Null: none of them was absent.
  bool broken_ = false;
};

}  // namespace rabia::server
