// A client of a Rabia KV cluster: of several `rabia-server`, over the network.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rabia/result.h"

namespace rabia::kv {

// Where a replica serves clients (its `port`, not its `peer-port`).
struct Address {
  std::string host;  // A name or a literal address.
  std::uint16_t port = 0;
};

// Values that get() has read are kept in this process, and dropped when they change.
//
// What get() promises then: a value that was the key's at some moment no longer than `age_max`
// before the call; usually it is some milliseconds old at most, as long as news of a change take.
// It is not linearizable. But through one Client
// - what a write of this client did is seen by every get() that begins when the write was answered
//   (also when that was `unknown_outcome`, and it had been done by then), and
// - no get() that begins when another has ended sees an older value of the key than that one did.
// A key that expires may be answered until the cluster has removed it, some milliseconds longer.
// All else that reads (exists(), list_keys(), execute()) asks the cluster, is linearizable, and may
// so know of changes that a get() behind it does not know of yet.
//
// One connection follows the changes of the cluster without gap, at another replica when its own is
// gone. Each time it is answered by a quorum, what is kept counts as looked at. When that is longer
// ago than `age_max`, get() asks the cluster until it is so again; when changes were missed (they
// are not kept any more, or the cluster was rebuilt), all that is kept is dropped.
struct NearCacheOptions {
  std::size_t entries_max = 100'000;
  std::size_t bytes_max = 64 << 20;          // Keys, values, and what keeping them takes.
  std::string prefix{};                      // Only of keys that begin so; 256 bytes at most.
  std::chrono::milliseconds age_max{1'000};  // At least 100.
};

struct ClientOptions {
  std::vector<Address> replicas;  // Of one cluster; one that is not listed is not asked.
  std::string user{};             // Empty: the default one.
  std::string password{};         // Empty: none is needed.
  // A call that finds all of them busy waits. The near-cache has one more at one replica.
  std::size_t connections_per_replica_max = 16;
  std::chrono::milliseconds connect_within{1'000};
  // A replica that does not answer for so long is given up: the call goes on at another.
  std::chrono::milliseconds answer_within{3'000};
  // How long a call tries in all; it may take longer by the wait that it is in. At most 30 minutes.
  std::chrono::milliseconds retry_within{10'000};
  std::optional<NearCacheOptions> near_cache{};
};

// What a replica answered.
struct ClientReply {
  enum class Kind : std::uint8_t { nothing, text, integer, list, error };
  Kind kind = Kind::nothing;
  std::string text{};  // Of an error too.
  std::int64_t integer = 0;
  std::vector<ClientReply> list{};
};

// One write of a batch.
struct ClientWrite {
  enum class Kind : std::uint8_t { set, del, increment, expire };
  Kind kind = Kind::set;
  std::string key;
  std::string value{};                             // Of set.
  std::int64_t by = 1;                             // Of increment.
  std::optional<std::chrono::milliseconds> ttl{};  // Of set; needed by expire.
};

struct ReplicaMetrics {
  Address address;
  std::uint64_t requests = 0;  // Sent, with those that were sent again.
  std::uint64_t failures = 0;  // Not answered, or refused: CLUSTERDOWN and the like.
  std::uint64_t connections_opened = 0;
  std::uint64_t connections_failed = 0;  // Could not be opened.
  std::size_t connections_open = 0;
  bool left_out = false;  // For a while, after failures.
};

// Counted since connect(). Each number is right, but they are not of one moment.
struct ClientMetrics {
  std::uint64_t calls = 0;        // That asked the cluster; answered from the near-cache: `hits`.
  std::uint64_t retries = 0;      // Sendings beyond the first of a call.
  std::uint64_t unavailable = 0;  // Calls that ended so.
  std::uint64_t unknown_outcome = 0;       // Likewise.
  std::vector<ReplicaMetrics> replicas{};  // In the order of the options.

  std::uint64_t hits = 0;
  std::uint64_t misses = 0;             // Of keys that may be kept.
  std::uint64_t invalidations = 0;      // Dropped since they changed, or this client wrote them.
  std::uint64_t evictions = 0;          // Dropped for others to have room.
  std::uint64_t resets = 0;             // All was dropped, since changes were missed.
  std::uint64_t watch_connections = 0;  // Opened to follow changes.
  std::size_t entries = 0;
  std::size_t bytes = 0;
  bool near_cache_answers = false;  // Its connection was answered less than `age_max` ago.
};

// All methods may be called from any thread, any number of them at once; each blocks until it is
// answered, or its time is over. Those of one thread are executed one behind the other.
//
// Reads are linearizable (but for get() with a near-cache). A call is sent to a replica that has
// little to do of this client. When it is not answered, or refused for now, it is sent again, to
// another; the replica is left out for a while, which grows, up to a second, while it fails on.
//
// A write counts once, however often it was sent: each has a name (RABIA.ONCE, with a session that
// is this client's alone), which replicas remember for an hour, and the latest million or 64 MiB of
// such answers. A cluster that executes more than that in `retry_within` may do a write twice.
//
// Codes of errors, where a method does not say otherwise:
// - invalid_argument: the server refuses the command as it is; the message has the server's words.
// - unavailable: nothing was done, and will not be. No replica could do it in `retry_within`.
// - unknown_outcome: a write may have been done, or may be yet. Read before you try again.
// - exhausted: a limit of the cluster's memory or keys is reached; nothing was done.
// - failed_precondition: a password is missing or wrong.
class Client {
 public:
  // Waits until one replica was reached, for `retry_within` at most. Code::invalid_argument: of the
  // options; unavailable: no replica can be reached, failed_precondition: the password.
  static rabia::Result<std::unique_ptr<Client>> connect(ClientOptions options);
  // No call may be under way. Takes as long as `connect_within` at most.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // --- Keys and values: any bytes.

  // Nothing: there is no such key.
  rabia::Result<std::optional<std::string>> get(std::string_view key);
  // The key has no deadline then, or one in `ttl` (at least 1 ms).
  Status set(std::string_view key, std::string_view value);
  Status set(std::string_view key, std::string_view value, std::chrono::milliseconds ttl);
  // Whether there was one.
  rabia::Result<bool> del(std::string_view key);
  rabia::Result<bool> exists(std::string_view key);
  // The sum. Code::invalid_argument: the value is no integer, or the sum is out of range.
  rabia::Result<std::int64_t> increment(std::string_view key, std::int64_t by = 1);
  // The key goes in `ttl`; zero or less: now. False: there is none.
  rabia::Result<bool> expire(std::string_view key, std::chrono::milliseconds ttl);

  // All keys that begin so, sorted. A key that was there all the time is in it; of one that came or
  // went meanwhile either may be. Code::exhausted: more than `keys_max`. Looks at every key there
  // is.
  rabia::Result<std::vector<std::string>> list_keys(std::string_view prefix,
                                                    std::size_t keys_max = 1'000'000);
  // Removes every key.
  Status clear();
  rabia::Result<std::uint64_t> size();

  // --- Several writes as one: nobody sees a part of them. The replies are in their order; one that
  // fails (an increment of what is no number) is Kind::error, and does not undo the others.
  //
  // A batch of one write, or of plain sets alone, counts once, as other writes do. Any other is
  // sent once: when its replica is lost while it executes, that is Code::unknown_outcome at once.
  rabia::Result<std::vector<ClientReply>> apply(std::span<const ClientWrite> writes);

  // --- Any command of docs/commands.md and its arguments, but what belongs to one connection
  // (MULTI, WATCH, SUBSCRIBE, SELECT, MONITOR, ...; Code::invalid_argument). Reads and writes are
  // sent again as above. All else (PUBLISH, CONFIG, RABIA.MEMBER, ...) goes to any of the replicas,
  // and is of unknown outcome when that is lost.
  rabia::Result<ClientReply> execute(std::span<const std::string> arguments);

  [[nodiscard]] ClientMetrics metrics() const;

 private:
  class Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace rabia::kv
