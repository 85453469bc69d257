#include "client/commands.h"

#include <algorithm>
#include <array>

namespace rabia::client {
namespace {

using enum ChangedKeys;
constexpr auto read = CommandKind::read;
constexpr auto write = CommandKind::write;
constexpr auto bound = CommandKind::bound;

// By name. What is not here is sent once.
constexpr auto table = std::to_array<CommandFacts>({
    {"append", write, first},
    {"auth", bound, none},
    {"client", bound, none},
    {"command", read, none},
    {"copy", write, first_two},
    {"dbsize", read, none},
    {"decr", write, first},
    {"decrby", write, first},
    {"del", write, all},
    {"discard", bound, none},
    {"echo", read, none},
    {"exec", bound, none},
    {"exists", read, none},
    {"expire", write, first},
    {"expireat", write, first},
    {"expiretime", read, none},
    {"flushall", write, whatever},
    {"flushdb", write, whatever},
    {"get", read, none},
    {"getdel", write, first},
    {"getex", write, first},
    {"getrange", read, none},
    {"getset", write, first},
    {"hello", bound, none},
    {"incr", write, first},
    {"incrby", write, first},
    {"incrbyfloat", write, first},
    {"info", read, none},
    {"keys", read, none},
    {"lastsave", read, none},
    {"memory", read, none},
    {"mget", read, none},
    {"monitor", bound, none},
    {"mset", write, every_second},
    {"msetnx", write, every_second},
    {"multi", bound, none},
    {"object", read, none},
    {"persist", write, first},
    {"pexpire", write, first},
    {"pexpireat", write, first},
    {"pexpiretime", read, none},
    {"ping", read, none},
    {"psetex", write, first},
    {"psubscribe", bound, none},
    {"pttl", read, none},
    {"publish", CommandKind::other, none},
    {"pubsub", read, none},
    {"punsubscribe", bound, none},
    {"quit", bound, none},
    {"rabia.digest", read, none},
    {"rabia.events", read, none},
    {"rabia.get", read, none},
    {"rabia.once", CommandKind::named, whatever},
    {"rabia.revision", read, none},
    {"rabia.unwatch", bound, none},
    {"rabia.watch", bound, none},
    {"randomkey", read, none},
    {"rename", write, first_two},
    {"renamenx", write, first_two},
    {"reset", bound, none},
    {"scan", read, none},
    {"select", bound, none},
    {"set", write, first},
    {"setex", write, first},
    {"setnx", write, first},
    {"setrange", write, first},
    {"spublish", CommandKind::other, none},
    {"ssubscribe", bound, none},
    {"strlen", read, none},
    {"subscribe", bound, none},
    {"substr", read, none},
    {"sunsubscribe", bound, none},
    {"time", read, none},
    {"touch", read, none},
    {"ttl", read, none},
    {"type", read, none},
    {"unlink", write, all},
    {"unsubscribe", bound, none},
    {"unwatch", bound, none},
    {"wait", read, none},
    {"watch", bound, none},
});
static_assert(std::ranges::is_sorted(table, {}, &CommandFacts::name));

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

CommandFacts facts_of(std::string_view name) {
  std::string wanted(name.substr(0, 64));
  std::ranges::transform(wanted, wanted.begin(), lower);
  const auto found =
      std::ranges::lower_bound(table, std::string_view(wanted), {}, &CommandFacts::name);
  return found != table.end() && found->name == wanted ? *found : CommandFacts{};
}

std::vector<std::string_view> changed_keys(ChangedKeys keys,
                                           std::span<const std::string_view> words) {
  std::vector<std::string_view> out;
  const std::size_t step = keys == every_second ? 2 : 1;
  std::size_t end = words.size();
  if (keys == none) end = 0;
  if (keys == first) end = std::min<std::size_t>(end, 2);
  if (keys == first_two) end = std::min<std::size_t>(end, 3);
  for (std::size_t i = 1; i < end; i += step) out.push_back(words[i]);
  return out;
}

}  // namespace rabia::client
