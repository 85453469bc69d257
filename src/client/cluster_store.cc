#include "client/cluster_store.h"

#include <algorithm>
#include <utility>

#include "client/write_words.h"

namespace rabia::client {
namespace {

Status not_understood(std::string_view command) {
  return {Code::failed_precondition,
          std::string(command) + " was answered by something of another shape: is this Rabia KV?"};
}

// Of MATCH: what begins with that.
std::string pattern_of(std::string_view prefix) {
  std::string out;
  for (const char c : prefix) {
    if (std::string_view("*?[]\\^-").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out + '*';
}

}  // namespace

ClusterStore::ClusterStore(kv::ClientOptions options, std::unique_ptr<Dialer> dialer)
    : options_(std::move(options)),
      dialer_(std::move(dialer)),
      pool_(*dialer_, options_.replicas, options_.connections_per_replica_max,
            options_.connect_within, std::hash<std::string>()(session_)),
      caller_(pool_, {options_.answer_within, options_.retry_within}) {
  if (!options_.near_cache) return;
  near_cache_ = std::make_unique<NearCache>(*options_.near_cache);
  follower_ = std::make_unique<Follower>(*dialer_, options_, *near_cache_,
                                         std::hash<std::string>()(session_) + 1);
}

Status ClusterStore::reach() {
  return caller_.call({"PING"}, Repeat::freely).status();
}

Result<std::optional<std::string>> ClusterStore::get(std::string_view key) {
  if (near_cache_ && near_cache_->takes(key)) {
    std::optional<std::string> kept = near_cache_->find(key, Clock::now());
    if (kept) return kept;
    return fetch(key);
  }
  auto reply = caller_.call({"GET", key}, Repeat::freely);
  if (!reply.ok()) return reply.status();
  if (reply.value().kind == Reply::Kind::nothing) return std::optional<std::string>();
  if (reply.value().kind != Reply::Kind::text) return not_understood("GET");
  return std::optional<std::string>(std::move(reply.value().text));
}

Result<std::optional<std::string>> ClusterStore::fetch(std::string_view key) {
  const std::uint64_t begun = near_cache_->begin_fetch(key);
  auto reply = caller_.call({"RABIA.GET", key}, Repeat::freely);
  if (reply.ok() && reply.value().kind == Reply::Kind::nothing) {
    near_cache_->end_fetch_absent(key);
    return std::optional<std::string>();
  }
  const bool well_formed = reply.ok() && reply.value().list.size() == 2 &&
                           reply.value().list[0].kind == Reply::Kind::text &&
                           reply.value().list[1].kind == Reply::Kind::integer;
  if (!well_formed) {
    near_cache_->end_fetch_failed(key);
    return reply.ok() ? not_understood("RABIA.GET") : reply.status();
  }
  std::vector<Reply>& list = reply.value().list;
  Revised found{.value = std::move(list[0].text),
                .revision = static_cast<std::uint64_t>(list[1].integer)};
  near_cache_->end_fetch(key, begun, found);
  return std::optional<std::string>(std::move(found.value));
}

Status ClusterStore::set(std::string_view key, std::string_view value,
                         std::optional<Milliseconds> ttl) {
  const kv::ClientWrite one{.kind = kv::ClientWrite::Kind::set,
                            .key = std::string(key),
                            .value = std::string(value),
                            .ttl = ttl};
  return apply(std::span(&one, 1)).status();
}

Result<bool> ClusterStore::del(std::string_view key) {
  const auto deleted = write_integer({"DEL", key}, ChangedKeys::first);
  if (!deleted.ok()) return deleted.status();
  return deleted.value() > 0;
}

Result<bool> ClusterStore::exists(std::string_view key) {
  const auto found = read_integer({"EXISTS", key});
  if (!found.ok()) return found.status();
  return found.value() > 0;
}

Result<std::int64_t> ClusterStore::increment(std::string_view key, std::int64_t by) {
  const std::string text = std::to_string(by);
  return write_integer({"INCRBY", key, text}, ChangedKeys::first);
}

Result<bool> ClusterStore::expire(std::string_view key, Milliseconds ttl) {
  const std::string text = std::to_string(ttl.count());
  const auto found = write_integer({"PEXPIRE", key, text}, ChangedKeys::first);
  if (!found.ok()) return found.status();
  return found.value() > 0;
}

Result<std::vector<std::string>> ClusterStore::list_keys(std::string_view prefix,
                                                         std::size_t keys_max) {
  const std::string pattern = pattern_of(prefix);
  std::vector<std::string> keys;
  std::string cursor = "0";
  do {
    auto reply = caller_.call({"SCAN", cursor, "MATCH", pattern, "COUNT", "1000"}, Repeat::freely);
    if (!reply.ok()) return reply.status();
    std::vector<Reply>& parts = reply.value().list;
    if (parts.size() != 2 || parts[0].text.empty()) return not_understood("SCAN");
    cursor = parts[0].text;
    // It may have been listed twice already.
    for (Reply& key : parts[1].list) keys.push_back(std::move(key.text));
    if (keys.size() > keys_max) {
      std::ranges::sort(keys);
      keys.erase(std::ranges::unique(keys).begin(), keys.end());
    }
    if (keys.size() > keys_max) {
      return {Code::exhausted, "there are more than " + std::to_string(keys_max) +
                                   " such keys: give a longer prefix, or a higher bound"};
    }
  } while (cursor != "0");
  std::ranges::sort(keys);
  keys.erase(std::ranges::unique(keys).begin(), keys.end());
  return keys;
}

Status ClusterStore::clear() {
  return write({"FLUSHALL"}, ChangedKeys::whatever).status();
}

Result<std::uint64_t> ClusterStore::size() {
  const auto size = read_integer({"DBSIZE"});
  if (!size.ok()) return size.status();
  return static_cast<std::uint64_t>(size.value());
}

Result<std::int64_t> ClusterStore::read_integer(const Words& words) {
  const auto reply = caller_.call(words, Repeat::freely);
  if (!reply.ok()) return reply.status();
  if (reply.value().kind != Reply::Kind::integer) return not_understood(words[0]);
  return reply.value().integer;
}

Result<std::int64_t> ClusterStore::write_integer(const Words& words, ChangedKeys keys) {
  const auto reply = write(words, keys);
  if (!reply.ok()) return reply.status();
  if (reply.value().kind != Reply::Kind::integer) return not_understood(words[0]);
  return reply.value().integer;
}

Result<Reply> ClusterStore::write(const Words& words, ChangedKeys keys) {
  const std::string number = std::to_string(next_number_++);
  Words named{"RABIA.ONCE", session_, number};
  named.insert(named.end(), words.begin(), words.end());
  auto reply = caller_.call(named, Repeat::by_name);
  wrote(keys, words, reply.status());
  return reply;
}

void ClusterStore::wrote(ChangedKeys keys, std::span<const std::string_view> words,
                         const Status& outcome) {
  if (!near_cache_ || outcome.code() == Code::unavailable) return;
  if (keys == ChangedKeys::whatever) return near_cache_->wrote_whatever();
  for (const std::string_view key : changed_keys(keys, words)) {
    if (near_cache_->takes(key)) near_cache_->wrote(key);
  }
}

Result<std::vector<Reply>> ClusterStore::apply(std::span<const kv::ClientWrite> writes) {
  for (const kv::ClientWrite& write : writes) {
    if (Status checked = check(write); !checked.ok()) return checked;
  }
  if (writes.empty()) return std::vector<Reply>();
  const bool only_sets = std::ranges::all_of(writes, [](const kv::ClientWrite& write) {
    return write.kind == kv::ClientWrite::Kind::set && !write.ttl;
  });
  if (writes.size() > 1) return only_sets ? set_many(writes) : transact(writes);
  const WriteWords one(writes[0]);
  auto reply = write(one.words(), ChangedKeys::first);
  if (!reply.ok()) return reply.status();
  return std::vector<Reply>{reply.take()};
}

Result<std::vector<Reply>> ClusterStore::set_many(std::span<const kv::ClientWrite> writes) {
  Words words{"MSET"};
  for (const kv::ClientWrite& write : writes) {
    words.push_back(write.key);
    words.push_back(write.value);
  }
  const auto reply = write(words, ChangedKeys::every_second);
  if (!reply.ok()) return reply.status();
  return std::vector<Reply>(writes.size(), reply.value());
}

Result<std::vector<Reply>> ClusterStore::transact(std::span<const kv::ClientWrite> writes) {
  std::vector<WriteWords> all(writes.begin(), writes.end());
  std::vector<Words> commands;
  for (const WriteWords& one : all) commands.push_back(one.words());
  auto replies = caller_.transact(commands);
  for (const Words& command : commands) wrote(ChangedKeys::first, command, replies.status());
  return replies;
}

Result<Reply> ClusterStore::execute(std::span<const std::string> arguments) {
  if (arguments.empty()) return {Code::invalid_argument, "a command needs a name"};
  const Words words(arguments.begin(), arguments.end());
  const CommandFacts facts = facts_of(words[0]);
  switch (facts.kind) {
    case CommandKind::read:
      return caller_.call(words, Repeat::freely);
    case CommandKind::write:
      return write(words, facts.keys);
    case CommandKind::bound:
      return {Code::invalid_argument,
              arguments[0] +
                  " belongs to one connection, and a client has many: use apply() for "
                  "transactions, and a connection of your own for the rest"};
    case CommandKind::named:
    case CommandKind::other:
      break;
  }
  const bool named = facts.kind == CommandKind::named;
  auto reply = caller_.call(words, named ? Repeat::by_name : Repeat::never);
  wrote(facts.keys, words, reply.status());
  return reply;
}

kv::ClientMetrics ClusterStore::metrics() const {
  kv::ClientMetrics out;
  const CallCounts calls = caller_.counts();
  out.calls = calls.calls;
  out.retries = calls.retries;
  out.unavailable = calls.unavailable;
  out.unknown_outcome = calls.unknown_outcome;
  out.replicas = pool_.metrics();
  if (!near_cache_) return out;
  const NearCacheCounts near = near_cache_->counts();
  out.hits = near.hits;
  out.misses = near.misses;
  out.invalidations = near.invalidations;
  out.evictions = near.evictions;
  out.resets = near.resets;
  out.entries = near.entries;
  out.bytes = near.bytes;
  out.watch_connections = follower_->connections();
  out.near_cache_answers = near_cache_->answers(Clock::now());
  return out;
}

}  // namespace rabia::client
