#include "server/command_reply.h"

#include <cstdint>
#include <utility>

#include "server/text.h"

namespace rabia::server {
namespace {

constexpr std::pair<Flags, std::string_view> flag_names[] = {
    {flag::write, "write"},
    {flag::readonly, "readonly"},
    {flag::denyoom, "denyoom"},
    {flag::admin, "admin"},
    {flag::pubsub, "pubsub"},
    {flag::noscript, "noscript"},
    {flag::loading, "loading"},
    {flag::stale, "stale"},
    {flag::fast, "fast"},
    {flag::no_auth, "no_auth"},
    {flag::no_async_loading, "no_async_loading"},
    {flag::no_multi, "no_multi"},
    {flag::allow_busy, "allow_busy"},
};

std::vector<std::string_view> names_of(Flags flags) {
  std::vector<std::string_view> names;
  for (const auto& [bit, name] : flag_names) {
    if ((flags & bit) != 0) names.push_back(name);
  }
  return names;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for_each_word(text, [&](std::string_view word) { words.push_back(word); });
  return words;
}

void write_simples(const std::vector<std::string_view>& words, resp::ReplyWriter& reply) {
  reply.set(words.size());
  for (const std::string_view word : words) reply.simple(word);
}

// How to find keys that are used alike.
void write_key_specification(const KeyPositions& keys, std::string_view flags,
                             resp::ReplyWriter& reply) {
  reply.map(3);
  reply.bulk("flags");
  write_simples(words_of(flags), reply);
  reply.bulk("begin_search");
  reply.map(2);
  reply.bulk("type");
  reply.bulk("index");
  reply.bulk("spec");
  reply.map(1);
  reply.bulk("index");
  reply.integer(keys.first);
  reply.bulk("find_keys");
  reply.map(2);
  reply.bulk("type");
  reply.bulk("range");
  reply.bulk("spec");
  reply.map(3);
  reply.bulk("lastkey");  // Counted from the first key.
  reply.integer(keys.last >= 0 ? keys.last - keys.first : keys.last);
  reply.bulk("keystep");
  reply.integer(keys.step);
  reply.bulk("limit");
  reply.integer(0);
}

void write_key_specifications(const Command& command, resp::ReplyWriter& reply) {
  const KeyPositions& keys = command.keys;
  if (keys.first == 0) return reply.set(0);
  if (command.second_key_flags.empty()) {
    reply.set(1);
    return write_key_specification(keys, command.key_flags, reply);
  }
  reply.set(2);
  const KeyPositions first{.first = keys.first, .last = keys.first, .step = 1};
  const KeyPositions second{.first = keys.last, .last = keys.last, .step = 1};
  write_key_specification(first, command.key_flags, reply);
  write_key_specification(second, command.second_key_flags, reply);
}

void write_tips(const Command& command, resp::ReplyWriter& reply) {
  const std::vector<std::string_view> tips = words_of(command.tips);
  reply.set(tips.size());
  for (const std::string_view tip : tips) reply.bulk(tip);
}

}  // namespace

std::vector<std::string_view> acl_categories(const Command& command) {
  const auto has = [&](Flags bit) { return (command.flags & bit) != 0; };
  const auto in = [&](Categories bit) { return (command.categories & bit) != 0; };
  const bool admin = has(flag::admin) || in(category::admin);
  std::vector<std::string_view> names;
  if (in(category::keyspace)) names.push_back("@keyspace");
  if (has(flag::readonly)) names.push_back("@read");
  if (has(flag::write)) names.push_back("@write");
  if (in(category::string)) names.push_back("@string");
  if (admin) names.push_back("@admin");
  if (has(flag::pubsub)) names.push_back("@pubsub");
  names.push_back(has(flag::fast) ? "@fast" : "@slow");
  if (in(category::dangerous) || admin) names.push_back("@dangerous");
  if (in(category::connection)) names.push_back("@connection");
  if (in(category::transaction)) names.push_back("@transaction");
  return names;
}

void write_info(const Command& command, resp::ReplyWriter& reply) {
  reply.array(10);
  reply.bulk(command.name);
  reply.integer(command.arity);
  write_simples(names_of(command.flags), reply);
  reply.integer(command.keys.first);
  reply.integer(command.keys.last);
  reply.integer(command.keys.step);
  write_simples(acl_categories(command), reply);
  write_tips(command, reply);
  write_key_specifications(command, reply);
  // Redis has a set only where there are none.
  if (command.subcommands.empty()) return reply.set(0);
  reply.array(command.subcommands.size());
  for (const Command& subcommand : command.subcommands) write_info(subcommand, reply);
}

void write_docs(const Command& command, resp::ReplyWriter& reply) {
  reply.map(command.subcommands.empty() ? 4 : 5);
  const auto field = [&](std::string_view name, std::string_view value) {
    reply.bulk(name);
    reply.bulk(value);
  };
  field("summary", command.summary);
  field("since", command.since);
  field("group", command.group);
  field("complexity", command.complexity);
  if (command.subcommands.empty()) return;
  reply.bulk("subcommands");
  reply.map(command.subcommands.size());
  for (const Command& subcommand : command.subcommands) {
    reply.bulk(subcommand.name);
    write_docs(subcommand, reply);
  }
}

}  // namespace rabia::server
