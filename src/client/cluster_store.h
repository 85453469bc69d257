// All that a Client does, over any dialer.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "client/caller.h"
#include "client/commands.h"
#include "client/connection.h"
#include "client/follower.h"
#include "client/near_cache.h"
#include "client/pool.h"
#include "rabia/kv/client.h"

namespace rabia::client {

// Ok, or what is wrong with them.
[[nodiscard]] Status check(const kv::ClientOptions& options);

// A name that nobody else has (a random UUID).
[[nodiscard]] std::string make_session_name();

// See kv::Client, whose methods these are.
class ClusterStore {
 public:
  // Of options that are well.
  ClusterStore(kv::ClientOptions options, std::unique_ptr<Dialer> dialer);

  // Whether any replica can be reached.
  Status reach();

  Result<std::optional<std::string>> get(std::string_view key);
  Status set(std::string_view key, std::string_view value,
             std::optional<Milliseconds> ttl = std::nullopt);
  Result<bool> del(std::string_view key);
  Result<bool> exists(std::string_view key);
  Result<std::int64_t> increment(std::string_view key, std::int64_t by);
  Result<bool> expire(std::string_view key, Milliseconds ttl);
  Result<std::vector<std::string>> list_keys(std::string_view prefix, std::size_t keys_max);
  Status clear();
  Result<std::uint64_t> size();
  Result<std::vector<Reply>> apply(std::span<const kv::ClientWrite> writes);
  Result<Reply> execute(std::span<const std::string> arguments);
  [[nodiscard]] kv::ClientMetrics metrics() const;

 private:
  Result<std::optional<std::string>> fetch(std::string_view key);
  // Under a name of its own, and the near-cache hears of it.
  Result<Reply> write(const Words& words, ChangedKeys keys);
  Result<std::int64_t> write_integer(const Words& words, ChangedKeys keys);
  Result<std::int64_t> read_integer(const Words& words);
  Result<std::vector<Reply>> set_many(std::span<const kv::ClientWrite> writes);
  Result<std::vector<Reply>> transact(std::span<const kv::ClientWrite> writes);
  void wrote(ChangedKeys keys, std::span<const std::string_view> words, const Status& outcome);

  const kv::ClientOptions options_;
  const std::string session_ = make_session_name();
  std::atomic<std::uint64_t> next_number_ = 0;  // In the session.
  std::unique_ptr<Dialer> dialer_;
  Pool pool_;
  Caller caller_;
  std::unique_ptr<NearCache> near_cache_{};  // Null: there is none.
  std::unique_ptr<Follower> follower_{};     // Likewise.
};

}  // namespace rabia::client
