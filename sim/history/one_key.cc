#include "sim/history/one_key.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "sim/history/inference.h"

namespace rabia::sim::history {
namespace {

// What the reply says about the key. Nothing when that is not sure.
std::optional<Sight> seen_of(const std::string& key, const Operation& operation) {
  for (Observation& seen : observations_of(operation)) {
    if (seen.key == key) return std::move(seen.sight);
  }
  return std::nullopt;
}

// What MSET or MSETNX write to the key. Nothing when they are malformed.
std::optional<std::string> written_to(const std::string& key, const Arguments& args) {
  std::optional<std::string> value;
  if (args.size() % 2 == 0) return value;
  for (std::size_t i = 1; i < args.size(); i += 2) {
    if (args[i] == key) value = args[i + 1];
  }
  return value;
}

Operation with(Operation operation, Arguments args, std::string reply) {
  operation.args = std::move(args);
  operation.reply = std::move(reply);
  return operation;
}

std::optional<Operation> read_about(const std::string& key, const Operation& read) {
  const auto sight = seen_of(key, read);
  if (!sight) return std::nullopt;
  switch (sight->kind) {
    case Sight::Kind::value:
      return with(read, {"GET", key},
                  "$" + std::to_string(sight->value.size()) + "\r\n" + sight->value + "\r\n");
    case Sight::Kind::absent:
      return with(read, {"GET", key}, "$-1\r\n");
    default:
      return with(read, {"EXISTS", key}, ":1\r\n");
  }
}

std::optional<Operation> write_about(const std::string& key, const Operation& write) {
  const std::string& name = write.args[0];
  if (name == "MSET" || name == "MSETNX") {
    const auto value = written_to(key, write.args);
    const bool is_refused = write.outcome == Outcome::done && write.reply == ":0\r\n";
    if (!value || (name == "MSETNX" && is_refused)) return std::nullopt;
    return with(write, {name == "MSET" ? "SET" : "SETNX", key, *value}, write.reply);
  }
  if (const auto sight = seen_of(key, write)) {
    const bool was_there = sight->kind == Sight::Kind::present;
    return with(write, {"DEL", key}, was_there ? ":1\r\n" : ":0\r\n");
  }
  // A DEL of many keys whose number does not tell about this one. It is the same for one key as a
  // FLUSHALL, whose reply tells nothing.
  return with(write, {"FLUSHALL"}, "+OK\r\n");
}

std::optional<Operation> about(const std::string& key, const PartOperation& each) {
  const Operation& operation = *each.operation;
  const Footprint& footprint = each.footprint;
  if (footprint.all_keys && footprint.reads_only) return std::nullopt;
  if (footprint.all_keys) return operation;
  if (!std::ranges::binary_search(footprint.keys, key)) return std::nullopt;
  if (footprint.keys.size() == 1) return operation;
  if (footprint.reads_only) return read_about(key, operation);
  return write_about(key, operation);
}

}  // namespace

Part only_about(const std::string& key, const Part& part, History& operations) {
  Part alone{.operations = {}, .keys = {key}};
  operations.clear();
  operations.reserve(part.operations.size());  // They are pointed to.
  for (const PartOperation& each : part.operations) {
    auto operation = about(key, each);
    if (!operation) continue;
    operations.push_back(std::move(*operation));
    const Operation& left = operations.back();
    alone.operations.push_back(
        {.operation = &left, .footprint = footprint_of(left.args), .sent = each.sent});
  }
  return alone;
}

}  // namespace rabia::sim::history
