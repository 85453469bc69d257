#include "sim/history/inference.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <set>
#include <span>
#include <string_view>

#include "sim/history/model.h"
#include "sim/history/transaction.h"

namespace rabia::sim::history {
namespace {

using Kind = Sight::Kind;

// Reads replies from the front of a text.
class ReplyReader {
 public:
  explicit ReplyReader(std::string_view text) : rest_(text) {}

  // What a bulk string or nil says about a key. Nothing when there is none.
  std::optional<Sight> sight() {
    const auto size = number('$');
    if (!size) return std::nullopt;
    if (*size == -1) return Sight{.kind = Kind::absent};
    const auto bytes = static_cast<std::size_t>(*size);
    if (*size < 0 || rest_.size() < bytes + 2) return std::nullopt;
    Sight sight{.kind = Kind::value, .value = std::string(rest_.substr(0, bytes))};
    rest_.remove_prefix(bytes + 2);
    return sight;
  }
  // The number of a line that begins with `kind`. Nothing when there is none.
  std::optional<std::int64_t> number(char kind) {
    const std::size_t end = rest_.find("\r\n");
    if (end == std::string_view::npos || rest_.front() != kind) return std::nullopt;
    std::int64_t number = 0;
    const auto parsed = std::from_chars(rest_.data() + 1, rest_.data() + end, number);
    if (parsed.ec != std::errc{} || parsed.ptr != rest_.data() + end) return std::nullopt;
    rest_.remove_prefix(end + 2);
    return number;
  }

 private:
  std::string_view rest_;
};

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

bool is_set_with_get(const Arguments& args) {
  const auto options = args[0] == "SET" ? set_options_of(args) : std::nullopt;
  return options && options->get;
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

bool is_counter(std::string_view name) {
  return is_one_of(name, {"INCR", "DECR", "INCRBY", "DECRBY"});
}

// What a counter adds. Nothing when it is refused, or the sum would be of no use here.
std::optional<std::int64_t> delta_of(const Arguments& args) {
  const bool is_by = args[0].ends_with("BY");
  if (args.size() != (is_by ? 3U : 2U)) return std::nullopt;
  const auto delta = is_by ? whole_number(args[2]) : std::optional<std::int64_t>(1);
  if (!delta || *delta == std::numeric_limits<std::int64_t>::min()) return std::nullopt;
  return args[0].starts_with("INCR") ? *delta : -*delta;
}

// What a counter was before it became `sum`.
std::optional<Sight> before_counting(const Arguments& args, std::int64_t sum) {
  const auto delta = delta_of(args);
  std::int64_t before = 0;
  if (!delta || __builtin_sub_overflow(sum, *delta, &before)) return std::nullopt;
  if (before == 0) return Sight{.kind = Kind::zero};
  return Sight{.kind = Kind::value, .value = std::to_string(before)};
}

std::vector<Observation> all_keys_are(Kind kind, const Arguments& args, std::size_t step) {
  std::vector<Observation> observations;
  for (std::size_t i = 1; i < args.size(); i += step) observations.push_back({args[i], {kind}});
  return observations;
}

std::vector<Observation> seen_by_set(const Arguments& args, std::string_view reply) {
  const auto options = set_options_of(args);
  if (!options || options->if_absent == options->if_present) return {};
  const bool if_absent = options->if_absent;
  if (reply == "+OK\r\n") return {{args[1], {if_absent ? Kind::absent : Kind::present}}};
  if (reply == "$-1\r\n") return {{args[1], {if_absent ? Kind::present : Kind::absent}}};
  return {};
}

std::vector<Observation> seen_by_mget(const Arguments& args, ReplyReader reader) {
  std::vector<Observation> observations;
  reader.number('*');
  for (std::size_t i = 1; i < args.size(); ++i) {
    const auto sight = reader.sight();
    if (!sight) return {};
    observations.push_back({args[i], *sight});
  }
  return observations;
}

// By commands that answer with a number.
std::vector<Observation> seen_by_number(const Arguments& args, std::int64_t number) {
  const std::string& name = args[0];
  if (is_one_of(name, {"SETNX", "MSETNX"})) {
    if (number == 1) return all_keys_are(Kind::absent, args, 2);
    return name == "SETNX" ? all_keys_are(Kind::present, args, 2) : std::vector<Observation>();
  }
  const auto count = static_cast<std::size_t>(std::max<std::int64_t>(number, 0));
  if (is_one_of(name, {"DEL", "UNLINK", "EXISTS"})) {
    if (count == 0) return all_keys_are(Kind::absent, args, 1);
    return count == args.size() - 1 ? all_keys_are(Kind::present, args, 1)
                                    : std::vector<Observation>();
  }
  if (is_one_of(name, {"PERSIST", "PEXPIRE"})) {
    if (number == 1) return all_keys_are(Kind::present, {name, args[1]}, 1);
    return name == "PEXPIRE" ? all_keys_are(Kind::absent, {name, args[1]}, 1)
                             : std::vector<Observation>();
  }
  if (is_one_of(name, {"EXPIRED", "EVICTED"}) && number == 1) {
    return {{args[1], {.kind = Kind::value, .value = args[2]}}};
  }
  if (name == "STRLEN") return {{args[1], {.kind = Kind::length, .length = count}}};
  if (name == "APPEND" && args.size() > 2 && count >= args[2].size()) {
    return {{args[1], {.kind = Kind::length, .length = count - args[2].size()}}};
  }
  if (!is_counter(name)) return {};
  const auto sight = before_counting(args, number);
  if (!sight) return {};
  return {{args[1], *sight}};
}

Sight sight_of(const Transaction::Watched& watched) {
  if (!watched.value) return {.kind = Kind::absent};
  return {.kind = Kind::value, .value = *watched.value};
}

// Of one that is done.
std::vector<Observation> seen_by_transaction(const Operation& operation) {
  const Transaction transaction = transaction_of(operation.args);
  const auto& watched = transaction.watched;
  std::vector<Observation> observations;
  if (was_refused(operation)) {
    if (!watched->value) observations.push_back({watched->key, {Kind::present}});
    return observations;
  }
  const std::vector<Operation> operations = operations_in(operation);
  if (operations.size() != transaction.commands.size()) return observations;
  if (watched) observations.push_back({watched->key, sight_of(*watched)});
  std::set<std::string> written;
  for (const Operation& each : operations) {
    for (Observation& seen : observations_of(each)) {
      if (!written.contains(seen.key)) observations.push_back(std::move(seen));
    }
    const Footprint footprint = footprint_of(each.args);
    if (footprint.reads_only) continue;
    if (footprint.all_keys) break;
    written.insert(footprint.keys.begin(), footprint.keys.end());
  }
  return observations;
}

// The number that it answered. Nothing when it is not known.
std::optional<std::int64_t> answered_number(const Operation& operation) {
  if (operation.outcome != Outcome::done) return std::nullopt;
  return ReplyReader(operation.reply).number(':');
}

Origin if_so(bool is_possible) {
  return {.is_possible = is_possible};
}

Origin origin_in_append(const Sight& sight, const Operation& append) {
  const std::string& tail = append.args[2];
  const auto length = answered_number(append);
  const auto is_possible_length = [&](std::size_t whole) {
    return whole >= tail.size() && (!length || static_cast<std::size_t>(*length) == whole);
  };
  switch (sight.kind) {
    case Kind::absent:
      return if_so(false);
    case Kind::present:
    case Kind::zero:
    case Kind::at_most:
    case Kind::at_least:
      return if_so(true);
    case Kind::length:
      return if_so(is_possible_length(sight.length));
    case Kind::value:
      break;
  }
  const std::string& value = sight.value;
  if (!is_possible_length(value.size()) || !value.ends_with(tail)) return if_so(false);
  if (value.size() == tail.size()) return {true, Sight{.kind = Kind::length, .length = 0}};
  return {true, Sight{.kind = Kind::value, .value = value.substr(0, value.size() - tail.size())}};
}

// Of one that is unknown. It goes one way: what it makes was on its other side before.
Origin origin_in_unknown_counter(const Sight& sight, const Operation& counter) {
  const auto delta = delta_of(counter.args);
  if (!delta || *delta == 0) return if_so(true);
  if (sight.kind == (*delta > 0 ? Kind::at_most : Kind::at_least)) return if_so(false);
  if (sight.kind != Kind::value && sight.kind != Kind::zero) return if_so(true);
  const auto sum = sight.kind == Kind::zero ? 0 : whole_number(sight.value);
  std::int64_t before = 0;
  if (!sum || __builtin_sub_overflow(*sum, *delta, &before)) return if_so(false);
  return {true, Sight{.kind = *delta > 0 ? Kind::at_most : Kind::at_least, .number = before}};
}

Origin origin_in_counter(const Sight& sight, const Operation& counter) {
  if (sight.kind == Kind::absent) return if_so(false);
  const auto sum = answered_number(counter);
  if (!sum) return origin_in_unknown_counter(sight, counter);
  const std::string value = std::to_string(*sum);
  return if_so(sight.fits(&value));
}

// Whether the reply says that nothing was changed.
bool was_without_effect(const Operation& operation) {
  if (operation.outcome != Outcome::done) return false;
  const std::string& name = operation.args[0];
  const std::string& reply = operation.reply;
  if (reply.starts_with('-')) return true;
  if (name == "SET") return reply == "$-1\r\n" && !is_set_with_get(operation.args);
  return reply == ":0\r\n" && is_one_of(name, {"SETNX", "MSETNX", "DEL", "UNLINK", "PERSIST",
                                               "PEXPIRE", "EXPIRED", "EVICTED"});
}

// For each of the operations that may have made the key such, what it had to be like before all of
// them.
using Origins = std::set<std::optional<Sight>>;
void add_origins(const std::string& key, const Sight& sight, std::span<const Operation> operations,
                 Origins& found) {
  for (; !operations.empty(); operations = operations.first(operations.size() - 1)) {
    const Operation& last = operations.back();
    const Footprint footprint = footprint_of(last.args);
    if (footprint.reads_only) continue;
    if (!footprint.all_keys && !std::ranges::binary_search(footprint.keys, key)) continue;
    const Origin origin = origin_of(key, sight, last);
    if (!origin.is_possible) continue;
    found.insert(origin.only_after);
    if (!origin.only_after) continue;
    add_origins(key, *origin.only_after, operations.first(operations.size() - 1), found);
  }
}

Origin origin_in_transaction(const std::string& key, const Sight& sight,
                             const Operation& operation) {
  Origins found;
  add_origins(key, sight, operations_in(operation), found);
  if (found.empty()) return if_so(false);
  const auto watched = transaction_of(operation.args).watched;
  if (watched && watched->key == key) return {true, sight_of(*watched)};
  return {true, found.size() == 1 ? *found.begin() : std::nullopt};
}

}  // namespace

bool Sight::fits(const std::string* found) const {
  switch (kind) {
    case Kind::absent:
      return found == nullptr;
    case Kind::present:
      return found != nullptr;
    case Kind::value:
      return found != nullptr && *found == value;
    case Kind::length:
      return (found == nullptr ? 0 : found->size()) == length;
    case Kind::zero:
      return found == nullptr || *found == "0";
    case Kind::at_most:
    case Kind::at_least:
      break;
  }
  const auto found_number =
      found == nullptr ? std::optional<std::int64_t>(0) : whole_number(*found);
  if (!found_number) return false;
  return kind == Kind::at_most ? *found_number <= number : *found_number >= number;
}

std::vector<Observation> observations_of(const Operation& operation) {
  const Arguments& args = operation.args;
  const std::string& name = args[0];
  ReplyReader reader(operation.reply);
  if (operation.outcome != Outcome::done || args.size() < 2) return {};
  if (is_transaction(args)) return seen_by_transaction(operation);
  if (name == "MGET") return seen_by_mget(args, reader);
  if (is_one_of(name, {"GET", "GETSET", "GETDEL"}) || is_set_with_get(args)) {
    const auto sight = reader.sight();
    if (!sight) return {};
    return {{args[1], *sight}};
  }
  if (name == "SET") return seen_by_set(args, operation.reply);
  const auto number = reader.number(':');
  return number ? seen_by_number(args, *number) : std::vector<Observation>();
}

Origin origin_of(const std::string& key, const Sight& sight, const Operation& operation) {
  const Arguments& args = operation.args;
  const std::string& name = args[0];
  if (was_without_effect(operation)) return if_so(false);
  if (is_transaction(args)) return origin_in_transaction(key, sight, operation);
  if (is_one_of(name, {"DEL", "UNLINK", "GETDEL", "FLUSHALL", "EXPIRED", "EVICTED"})) {
    return if_so(sight.fits(nullptr));
  }
  // They change no value; a PEXPIRE may remove the key.
  if (name == "PERSIST") return if_so(false);
  if (name == "PEXPIRE") return if_so(sight.fits(nullptr));
  if (is_counter(name)) return origin_in_counter(sight, operation);
  if (args.size() < 3) return if_so(false);  // It was refused, or will be.
  if (name == "APPEND") return origin_in_append(sight, operation);
  const bool takes_pairs = is_one_of(name, {"MSET", "MSETNX"});
  for (std::size_t i = 1; i + 1 < args.size(); i += 2) {
    if (args[i] == key && sight.fits(&args[i + 1])) return if_so(true);
    if (!takes_pairs) break;
  }
  return if_so(false);
}

}  // namespace rabia::sim::history
