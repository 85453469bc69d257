// What a client is made with.
#include <array>
#include <random>
#include <string>

#include "client/cluster_store.h"

namespace rabia::client {
namespace {

constexpr std::size_t replicas_max = 64;
constexpr std::size_t connections_max = 10'000;
constexpr std::size_t prefix_bytes_max = 256;  // Of what replicas look for in changes.
// Replicas remember names for an hour.
constexpr Milliseconds retry_max = std::chrono::minutes(30);
constexpr Milliseconds age_min{100};

Status refuse(std::string why) {
  return {Code::invalid_argument, std::move(why)};
}

Status check(const kv::NearCacheOptions& options) {
  if (options.entries_max == 0) return refuse("near_cache.entries_max: at least 1");
  if (options.prefix.size() > prefix_bytes_max)
    return refuse("near_cache.prefix: 256 bytes at most");
  if (options.age_max < age_min || options.age_max > retry_max) {
    return refuse("near_cache.age_max: from 100 ms to 30 minutes");
  }
  return {};
}

}  // namespace

Status check(const kv::ClientOptions& options) {
  if (options.replicas.empty()) return refuse("replicas: the address of one is needed at least");
  if (options.replicas.size() > replicas_max) return refuse("replicas: 64 at most");
  for (const kv::Address& address : options.replicas) {
    if (address.host.empty() || address.port == 0) {
      return refuse("replicas: each needs a host, and a port from 1 to 65535");
    }
  }
  if (!options.user.empty() && options.password.empty()) {
    return refuse("user: it needs a password too");
  }
  if (options.connections_per_replica_max == 0 ||
      options.connections_per_replica_max > connections_max) {
    return refuse("connections_per_replica_max: from 1 to 10000");
  }
  if (options.connect_within < Milliseconds(1) || options.answer_within < Milliseconds(1) ||
      options.retry_within < Milliseconds(1)) {
    return refuse("connect_within, answer_within and retry_within: at least 1 ms");
  }
  if (options.connect_within > retry_max || options.answer_within > retry_max ||
      options.retry_within > retry_max) {
    return refuse("connect_within, answer_within and retry_within: 30 minutes at most");
  }
  return options.near_cache ? check(*options.near_cache) : Status();
}

std::string make_session_name() {
  std::random_device device;
  std::string name;
  constexpr std::string_view digits = "0123456789abcdef";
  for (int word = 0; word < 4; ++word) {
    std::uint32_t bits = device();
    for (int digit = 0; digit < 8; ++digit, bits >>= 4) {
      if (name.size() == 8 || name.size() == 13 || name.size() == 18 || name.size() == 23)
        name += '-';
      name += digits[bits & 0xf];
    }
  }
  name[14] = '4';  // Of a random one,
  name[19] = '8';  // as RFC 4122 writes it.
  return name;
}

}  // namespace rabia::client
