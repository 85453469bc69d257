// Which keys were read at this replica: told to the others through the log, for the policies that
// evict by use (docs/commands.md, "Limits and eviction"). Reads themselves are in no log.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "base/random.h"
#include "kv/store.h"
#include "rabia/ids.h"

namespace rabia::server {

class OwnClient;

// Bounded; what comes beyond is not told, since use is a matter of chance anyway. Core thread only.
class ReadHints {
 public:
  explicit ReadHints(std::uint64_t seed) : random_(seed) {}

  // A key was read whose use is tracked. A key that was used a moment ago is not told again.
  void note(const kv::Store& store, std::string_view key, kv::Use use, LogTime now);
  // Puts what was noted into the log, unless the last ones are still on their way.
  void send(OwnClient& client);

 private:
  static constexpr std::size_t keys_max = 2'000;
  static constexpr std::size_t bytes_max = 64 << 10;

  base::Random random_;
  // So that a key is looked for without a string of its own.
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const {
      return std::hash<std::string_view>()(key);
    }
  };
  std::unordered_set<std::string, Hash, std::equal_to<>> keys_;
  std::size_t bytes_ = 0;
  bool under_way_ = false;
};

}  // namespace rabia::server
