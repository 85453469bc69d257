#include "sim/history/transaction.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <utility>

#include "base/check.h"
#include "sim/history/reply.h"

namespace rabia::sim::history {
namespace {

void append_list(Arguments& args, const Arguments& words) {
  args.push_back(std::to_string(words.size()));
  args.insert(args.end(), words.begin(), words.end());
}

// The list that begins at `place`, which goes on behind it.
Arguments take_list(const Arguments& args, std::size_t& place) {
  RABIA_CHECK(place < args.size());
  const std::string& count = args[place++];
  std::size_t words = 0;
  std::from_chars(count.data(), count.data() + count.size(), words);
  RABIA_CHECK(words <= args.size() - place);
  const auto first = args.begin() + static_cast<std::ptrdiff_t>(place);
  place += words;
  return {first, first + static_cast<std::ptrdiff_t>(words)};
}

bool may_be_in_one(const Arguments& command) {
  return !command.empty() && command[0] != "EXEC" && command[0] != "MSETNX";
}

}  // namespace

bool is_transaction(const Arguments& args) {
  return !args.empty() && args[0] == "EXEC";
}

Arguments arguments_of(const Transaction& transaction) {
  Arguments watched;
  if (transaction.watched) watched.push_back(transaction.watched->key);
  if (transaction.watched && transaction.watched->value) {
    watched.push_back(*transaction.watched->value);
  }
  Arguments args{"EXEC"};
  append_list(args, watched);
  for (const Arguments& command : transaction.commands) append_list(args, command);
  return args;
}

Transaction transaction_of(const Arguments& args) {
  RABIA_CHECK(is_transaction(args));
  std::size_t place = 1;
  Transaction transaction;
  Arguments watched = take_list(args, place);
  RABIA_CHECK(watched.size() <= 2);
  if (!watched.empty()) transaction.watched = {.key = std::move(watched[0]), .value = {}};
  if (watched.size() == 2) transaction.watched->value = std::move(watched[1]);
  while (place < args.size()) {
    transaction.commands.push_back(take_list(args, place));
    RABIA_CHECK(may_be_in_one(transaction.commands.back()));
  }
  return transaction;
}

bool was_refused(const Operation& operation) {
  return operation.outcome == Outcome::done && operation.reply == nil_array &&
         is_transaction(operation.args);
}

std::vector<Operation> operations_in(const Operation& transaction) {
  const bool is_done = transaction.outcome == Outcome::done;
  std::vector<Arguments> commands = transaction_of(transaction.args).commands;
  std::vector<std::string> replies(commands.size());
  if (is_done) replies = elements_of(transaction.reply).value_or(std::vector<std::string>());
  if (replies.size() != commands.size()) return {};
  std::vector<Operation> operations;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    Operation& one = operations.emplace_back();
    one.client = transaction.client;
    one.args = std::move(commands[i]);
    one.invoked = transaction.invoked;
    one.returned = transaction.returned;
    one.outcome = transaction.outcome;
    one.reply = std::move(replies[i]);
  }
  return operations;
}

}  // namespace rabia::sim::history
