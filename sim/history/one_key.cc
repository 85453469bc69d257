#include "sim/history/one_key.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "sim/history/inference.h"
#include "sim/history/transaction.h"

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

std::optional<Operation> about(const std::string& key, const Operation& operation,
                               const Footprint& footprint);

// Without what it does to other keys. Whether another one was as it was watched is known from the
// reply; of an unknown transaction, it is a part of whether it was executed.
std::optional<Operation> transaction_about(const std::string& key, const Operation& operation) {
  Transaction left;
  std::string replies;
  auto watched = transaction_of(operation.args).watched;
  if (watched && watched->key == key) left.watched = std::move(watched);
  for (const Operation& each : operations_in(operation)) {
    auto one = about(key, each, footprint_of(each.args));
    if (!one) continue;
    left.commands.push_back(std::move(one->args));
    replies += one->reply;
  }
  if (left.commands.empty() && !left.watched) return std::nullopt;
  return with(operation, arguments_of(left),
              "*" + std::to_string(left.commands.size()) + "\r\n" + replies);
}

std::optional<Operation> about(const std::string& key, const Operation& operation,
                               const Footprint& footprint) {
  if (footprint.all_keys && footprint.reads_only) return std::nullopt;
  if (!footprint.all_keys && !std::ranges::binary_search(footprint.keys, key)) return std::nullopt;
  if (footprint.keys.size() == 1) return operation;
  if (is_transaction(operation.args)) return transaction_about(key, operation);
  if (footprint.all_keys) return operation;
  if (footprint.reads_only) return read_about(key, operation);
  return write_about(key, operation);
}

}  // namespace

Part only_about(const std::string& key, const Part& part, History& operations) {
  Part alone{.operations = {}, .keys = {key}};
  operations.clear();
  operations.reserve(part.operations.size());  // They are pointed to.
  for (const PartOperation& each : part.operations) {
    auto operation = about(key, *each.operation, each.footprint);
    if (!operation) continue;
    Footprint footprint = footprint_of(*operation);
    if (operation->outcome != Outcome::done && footprint.reads_only) continue;  // As in parts.h.
    operations.push_back(std::move(*operation));
    alone.operations.push_back(
        {.operation = &operations.back(), .footprint = std::move(footprint), .sent = each.sent});
  }
  return alone;
}

}  // namespace rabia::sim::history
