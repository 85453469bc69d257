#include "sim/history/model.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "base/check.h"
#include "sim/history/transaction.h"

namespace rabia::sim::history {
namespace {

constexpr std::string_view ok = "+OK\r\n";
constexpr std::string_view nil = "$-1\r\n";
constexpr std::string_view syntax_error = "-ERR syntax error\r\n";
constexpr std::string_view not_an_integer = "-ERR value is not an integer or out of range\r\n";
constexpr std::string_view overflow = "-ERR increment or decrement would overflow\r\n";

std::string integer(std::int64_t value) {
  return ":" + std::to_string(value) + "\r\n";
}

std::string count(std::size_t value) {
  return ":" + std::to_string(value) + "\r\n";
}

std::string bulk_or_nil(const std::string* value) {
  if (value == nullptr) return std::string(nil);
  return "$" + std::to_string(value->size()) + "\r\n" + *value + "\r\n";
}

void sort_once(std::vector<std::string>& keys) {
  std::ranges::sort(keys);
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
}

bool same_word(std::string_view a, std::string_view upper) {
  return std::ranges::equal(
      a, upper, {}, [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
}

std::string wrong_number(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return "-ERR wrong number of arguments for '" + lower + "' command\r\n";
}

// An integer counts as one only in the form in which it would be printed.
std::optional<std::int64_t> number_in(const std::string& text) {
  std::int64_t number = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  if (result.ec != std::errc{} || std::to_string(number) != text) return std::nullopt;
  return number;
}

// Reads.

std::string get(const Contents& contents, const Arguments& args) {
  return bulk_or_nil(contents.find(args[1]));
}

std::string mget(const Contents& contents, const Arguments& args) {
  std::string reply = "*" + std::to_string(args.size() - 1) + "\r\n";
  for (std::size_t i = 1; i < args.size(); ++i) reply += bulk_or_nil(contents.find(args[i]));
  return reply;
}

std::string exists(const Contents& contents, const Arguments& args) {
  std::size_t found = 0;
  for (std::size_t i = 1; i < args.size(); ++i) found += contents.has(args[i]) ? 1U : 0U;
  return count(found);
}

std::string length_of(const Contents& contents, const Arguments& args) {
  const std::string* const value = contents.find(args[1]);
  return count(value == nullptr ? 0 : value->size());
}

std::string dbsize(const Contents& contents, const Arguments& /*args*/) {
  return count(contents.size());
}

// Writes.

std::string set(Contents& contents, const Arguments& args) {
  const auto options = set_options_of(args);
  if (!options) return std::string(syntax_error);
  const std::string* const old = contents.find(args[1]);
  const bool sets =
      !(options->if_absent && old != nullptr) && !(options->if_present && old == nullptr);
  std::string reply = options->get ? bulk_or_nil(old) : std::string(sets ? ok : nil);
  if (sets) contents.set(args[1], args[2], options->expires);
  return reply;
}

std::string setnx(Contents& contents, const Arguments& args) {
  if (contents.has(args[1])) return integer(0);
  contents.set(args[1], args[2]);
  return integer(1);
}

std::string getset(Contents& contents, const Arguments& args) {
  std::string reply = bulk_or_nil(contents.find(args[1]));
  contents.set(args[1], args[2]);
  return reply;
}

std::string getdel(Contents& contents, const Arguments& args) {
  std::string reply = bulk_or_nil(contents.find(args[1]));
  contents.erase(args[1]);
  return reply;
}

std::string append(Contents& contents, const Arguments& args) {
  const std::string* const old = contents.find(args[1]);
  const std::string longer = (old == nullptr ? std::string() : *old) + args[2];
  contents.set(args[1], longer, contents.expires(args[1]));
  return count(longer.size());
}

std::string del(Contents& contents, const Arguments& args) {
  std::size_t deleted = 0;
  for (std::size_t i = 1; i < args.size(); ++i) deleted += contents.erase(args[i]) ? 1U : 0U;
  return count(deleted);
}

std::string mset(Contents& contents, const Arguments& args) {
  if (args.size() % 2 == 0) return wrong_number(args[0]);
  for (std::size_t i = 1; i < args.size(); i += 2) contents.set(args[i], args[i + 1]);
  return std::string(ok);
}

std::string msetnx(Contents& contents, const Arguments& args) {
  if (args.size() % 2 == 0) return wrong_number(args[0]);
  for (std::size_t i = 1; i < args.size(); i += 2) {
    if (contents.has(args[i])) return integer(0);
  }
  mset(contents, args);
  return integer(1);
}

std::string add(Contents& contents, const std::string& key, std::int64_t delta) {
  const std::string* const old = contents.find(key);
  const auto before = old == nullptr ? std::optional<std::int64_t>(0) : number_in(*old);
  if (!before) return std::string(not_an_integer);
  using Limits = std::numeric_limits<std::int64_t>;
  const bool fits = delta < 0 ? *before >= Limits::min() - delta : *before <= Limits::max() - delta;
  if (!fits) return std::string(overflow);
  contents.set(key, std::to_string(*before + delta), contents.expires(key));
  return integer(*before + delta);
}

std::string incr(Contents& contents, const Arguments& args) {
  return add(contents, args[1], 1);
}

std::string decr(Contents& contents, const Arguments& args) {
  return add(contents, args[1], -1);
}

std::string incrby(Contents& contents, const Arguments& args) {
  const auto delta = number_in(args[2]);
  return delta ? add(contents, args[1], *delta) : std::string(not_an_integer);
}

std::string decrby(Contents& contents, const Arguments& args) {
  const auto delta = number_in(args[2]);
  if (!delta) return std::string(not_an_integer);
  if (*delta == std::numeric_limits<std::int64_t>::min()) {
    return "-ERR decrement would overflow\r\n";
  }
  return add(contents, args[1], -*delta);
}

std::string set_expires(Contents& contents, const std::string& key, bool expires) {
  const std::string value = *contents.find(key);
  contents.set(key, value, expires);
  return integer(1);
}

std::string pexpire(Contents& contents, const Arguments& args) {
  const auto milliseconds = number_in(args[2]);
  if (!milliseconds) return std::string(not_an_integer);
  if (!contents.has(args[1])) return integer(0);
  if (*milliseconds > 0) return set_expires(contents, args[1], true);
  contents.erase(args[1]);
  return integer(1);
}

std::string persist(Contents& contents, const Arguments& args) {
  return contents.expires(args[1]) ? set_expires(contents, args[1], false) : integer(0);
}

std::string expired(Contents& contents, const Arguments& args) {
  const std::string* const value = contents.find(args[1]);
  if (value == nullptr || *value != args[2] || !contents.expires(args[1])) return integer(0);
  contents.erase(args[1]);
  return integer(1);
}

std::string evicted(Contents& contents, const Arguments& args) {
  const std::string* const value = contents.find(args[1]);
  if (value == nullptr || *value != args[2]) return integer(0);
  contents.erase(args[1]);
  return integer(1);
}

std::string flushall(Contents& contents, const Arguments& args) {
  const bool fits =
      args.size() == 1 ||
      (args.size() == 2 && (same_word(args[1], "ASYNC") || same_word(args[1], "SYNC")));
  if (!fits) return std::string(syntax_error);
  contents.clear();
  return std::string(ok);
}

// Transactions.

bool is_unchanged(const Contents& contents, const Transaction::Watched& watched) {
  const std::string* const value = contents.find(watched.key);
  if (value == nullptr || !watched.value) return value == nullptr && !watched.value;
  return *value == *watched.value;
}

std::string exec(Contents& contents, const Arguments& args) {
  const Transaction transaction = transaction_of(args);
  if (transaction.watched && !is_unchanged(contents, *transaction.watched)) {
    return std::string(nil_array);
  }
  std::string reply = "*" + std::to_string(transaction.commands.size()) + "\r\n";
  for (const Arguments& command : transaction.commands) reply += execute(contents, command);
  return reply;
}

// What is watched is read. It overwrites what all of its commands do, when nothing is watched.
Footprint footprint_of_transaction(const Transaction& transaction) {
  const bool is_sure = !transaction.watched;
  Footprint whole{.reads_only = true, .overwrites = is_sure, .is_blind = is_sure};
  if (transaction.watched) whole.keys.push_back(transaction.watched->key);
  for (const Arguments& command : transaction.commands) {
    const Footprint one = footprint_of(command);
    whole.keys.insert(whole.keys.end(), one.keys.begin(), one.keys.end());
    whole.all_keys = whole.all_keys || one.all_keys;
    whole.reads_only = whole.reads_only && one.reads_only;
    whole.overwrites = whole.overwrites && one.overwrites;
    whole.is_blind = whole.is_blind && one.is_blind;
  }
  if (whole.all_keys) whole.keys.clear();
  sort_once(whole.keys);
  return whole;
}

// The table of commands.

enum class Keys : std::uint8_t { first, every, every_second, all_there_are };

// What depends on what was in its keys before.
enum class Depends : std::uint8_t { effect, only_reply, nothing };

struct Command {
  std::string_view name;
  std::size_t words_min;  // Its name is one of them.
  std::size_t words_max;
  Keys keys;
  std::string (*read)(const Contents&, const Arguments&);  // One of the two.
  std::string (*write)(Contents&, const Arguments&);
  Depends depends = Depends::effect;
};

constexpr std::size_t any = std::numeric_limits<std::size_t>::max();

constexpr std::array commands = {
    Command{"APPEND", 3, 3, Keys::first, nullptr, append},
    Command{"DBSIZE", 1, 1, Keys::all_there_are, dbsize, nullptr},
    Command{"DECR", 2, 2, Keys::first, nullptr, decr},
    Command{"DECRBY", 3, 3, Keys::first, nullptr, decrby},
    Command{"DEL", 2, any, Keys::every, nullptr, del, Depends::only_reply},
    Command{"EXISTS", 2, any, Keys::every, exists, nullptr},
    Command{"EVICTED", 3, 3, Keys::first, nullptr, evicted},
    Command{"EXPIRED", 3, 3, Keys::first, nullptr, expired},
    Command{"FLUSHALL", 1, any, Keys::all_there_are, nullptr, flushall, Depends::nothing},
    Command{"GET", 2, 2, Keys::first, get, nullptr},
    Command{"GETDEL", 2, 2, Keys::first, nullptr, getdel, Depends::only_reply},
    Command{"GETSET", 3, 3, Keys::first, nullptr, getset, Depends::only_reply},
    Command{"INCR", 2, 2, Keys::first, nullptr, incr},
    Command{"INCRBY", 3, 3, Keys::first, nullptr, incrby},
    Command{"MGET", 2, any, Keys::every, mget, nullptr},
    Command{"MSET", 3, any, Keys::every_second, nullptr, mset, Depends::nothing},
    Command{"MSETNX", 3, any, Keys::every_second, nullptr, msetnx},
    Command{"PERSIST", 2, 2, Keys::first, nullptr, persist},
    Command{"PEXPIRE", 3, 3, Keys::first, nullptr, pexpire},
    Command{"SET", 3, any, Keys::first, nullptr, set, Depends::nothing},
    Command{"SETNX", 3, 3, Keys::first, nullptr, setnx},
    Command{"STRLEN", 2, 2, Keys::first, length_of, nullptr},
    Command{"UNLINK", 2, any, Keys::every, nullptr, del, Depends::only_reply},
};

const Command& command_of(const Arguments& args) {
  RABIA_CHECK(!args.empty());
  const auto* const found = std::ranges::find(commands, args[0], &Command::name);
  RABIA_CHECK(found != commands.end());
  return *found;
}

bool has_right_size(const Command& command, const Arguments& args) {
  return args.size() >= command.words_min && args.size() <= command.words_max;
}

std::vector<std::string> keys_of(const Command& command, const Arguments& args) {
  std::vector<std::string> keys;
  if (command.keys == Keys::all_there_are) return keys;
  const std::size_t step = command.keys == Keys::every_second ? 2 : 1;
  const std::size_t last = command.keys == Keys::first ? 1 : args.size() - 1;
  for (std::size_t i = 1; i <= last && i < args.size(); i += step) keys.push_back(args[i]);
  sort_once(keys);
  return keys;
}

Depends depends_of(const Command& command, const Arguments& args) {
  if (command.write == nullptr) return Depends::effect;
  Contents nothing;
  if (execute(nothing, args).starts_with('-')) return Depends::effect;  // It may be refused.
  if (command.write != set) return command.depends;
  const auto options = set_options_of(args);
  if (options->if_absent || options->if_present) return Depends::effect;
  return options->get ? Depends::only_reply : Depends::nothing;
}

}  // namespace

std::optional<SetOptions> set_options_of(const Arguments& args) {
  SetOptions options;
  for (std::size_t i = 3; i < args.size(); ++i) {
    if (same_word(args[i], "NX")) {
      options.if_absent = true;
    } else if (same_word(args[i], "XX")) {
      options.if_present = true;
    } else if (same_word(args[i], "GET")) {
      options.get = true;
    } else if (same_word(args[i], "PX") && !options.expires && i + 1 < args.size()) {
      if (number_in(args[++i]).value_or(0) <= 0) return std::nullopt;
      options.expires = true;
    } else {
      return std::nullopt;
    }
  }
  if (options.if_absent && options.if_present) return std::nullopt;
  return options;
}

Footprint footprint_of(const Arguments& args) {
  if (is_transaction(args)) return footprint_of_transaction(transaction_of(args));
  const Command& command = command_of(args);
  const Depends depends = depends_of(command, args);
  return {.keys = keys_of(command, args),
          .all_keys = command.keys == Keys::all_there_are,
          .reads_only = command.read != nullptr,
          .overwrites = depends != Depends::effect,
          .is_blind = depends == Depends::nothing};
}

Footprint footprint_of(const Operation& operation) {
  if (!was_refused(operation)) return footprint_of(operation.args);
  return {.keys = {transaction_of(operation.args).watched->key}, .reads_only = true};
}

std::string execute(Contents& contents, const Arguments& args) {
  if (is_transaction(args)) return exec(contents, args);
  const Command& command = command_of(args);
  if (command.read != nullptr) return look(contents, args);
  return has_right_size(command, args) ? command.write(contents, args) : wrong_number(args[0]);
}

std::string look(const Contents& contents, const Arguments& args) {
  if (is_transaction(args)) {
    Contents copy = contents;
    return exec(copy, args);
  }
  const Command& command = command_of(args);
  RABIA_CHECK(command.read != nullptr);
  return has_right_size(command, args) ? command.read(contents, args) : wrong_number(args[0]);
}

}  // namespace rabia::sim::history
