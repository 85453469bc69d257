#include "sim/history/test_histories.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "sim/history/model.h"
#include "sim/history/transaction.h"

namespace rabia::sim::history {
namespace {

using std::chrono::milliseconds;

Operation make(std::uint32_t client, std::string_view command, int invoked_ms, Outcome outcome) {
  return {.client = client,
          .args = words_of(command),
          .invoked = base::Instant(milliseconds(invoked_ms)),
          .returned = {},
          .outcome = outcome,
          .reply = {}};
}

// Makes commands of the kinds that the options name.
class Commands {
 public:
  Commands(const RandomOptions& options, base::Random& random)
      : options_(options), random_(random), names_(words_of(options.commands)) {}

  Arguments next() {
    const std::string& name = names_[random_.below(names_.size())];
    return name == "EXEC" ? transaction() : command(name);
  }

 private:
  Arguments transaction() {
    Transaction transaction;
    if (random_.chance(50)) transaction.watched = {.key = key(), .value = {}};
    if (transaction.watched && random_.chance(70)) transaction.watched->value = value();
    for (std::uint64_t left = 1 + random_.below(3); left > 0;) {
      const std::string& name = names_[random_.below(names_.size())];
      if (name == "EXEC" || name == "MSETNX") continue;
      transaction.commands.push_back(command(name));
      --left;
    }
    return arguments_of(transaction);
  }

  Arguments command(const std::string& name) {
    ++serial_;
    Arguments args = {name};
    if (name == "FLUSHALL" || name == "DBSIZE") return args;
    const bool takes_pairs = name == "MSET" || name == "MSETNX";
    const bool takes_keys = name == "MGET" || name == "DEL" || name == "UNLINK" || name == "EXISTS";
    const std::uint64_t keys = takes_pairs || takes_keys ? 1 + random_.below(3) : 1;
    for (std::uint64_t i = 0; i < keys; ++i) {
      args.push_back(key());
      if (takes_pairs) args.push_back(value());
    }
    if (name == "SET" || name == "SETNX" || name == "GETSET" || name == "EXPIRED" ||
        name == "EVICTED") {
      args.push_back(value());
    }
    if (name == "PEXPIRE") args.push_back(std::to_string(random_.below(3)));
    if (name == "APPEND") args.push_back("," + value());
    if (name == "INCRBY" || name == "DECRBY") args.push_back(std::to_string(random_.below(9)));
    if (name == "SET") add_options(args);
    return args;
  }

  std::string key() { return "k" + std::to_string(random_.below(options_.keys)); }
  std::string value() {
    return std::to_string(options_.values == 0 ? serial_ : random_.below(options_.values));
  }
  void add_options(Arguments& args) {
    if (random_.chance(10)) args.emplace_back(random_.chance(50) ? "NX" : "XX");
    if (random_.chance(10)) args.emplace_back("GET");
    const bool is_among = std::ranges::find(names_, "EXPIRED") != names_.end();
    if (is_among && random_.chance(20)) args.insert(args.end(), {"PX", "10"});
  }

  const RandomOptions& options_;
  base::Random& random_;
  Arguments names_;
  std::uint64_t serial_ = 0;
};

struct Execution {
  std::size_t operation;
  base::Instant at;
};

base::Duration up_to(std::uint64_t most_ns, base::Random& random) {
  return base::Duration(random.below(most_ns + 1));
}

}  // namespace

Arguments words_of(std::string_view text) {
  Arguments words;
  for (std::size_t end = text.find(' '); end != std::string_view::npos; end = text.find(' ')) {
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  words.emplace_back(text);
  return words;
}

std::string integer(std::int64_t value) {
  return ":" + std::to_string(value) + "\r\n";
}

std::string bulk(std::string_view value) {
  return "$" + std::to_string(value.size()) + "\r\n" + std::string(value) + "\r\n";
}

std::string array(std::initializer_list<std::string> items) {
  std::string text = "*" + std::to_string(items.size()) + "\r\n";
  for (const std::string& item : items) text += item;
  return text;
}

Operation done(std::uint32_t client, std::string_view command, int invoked_ms, int returned_ms,
               std::string reply) {
  Operation operation = make(client, command, invoked_ms, Outcome::done);
  operation.returned = base::Instant(milliseconds(returned_ms));
  operation.reply = std::move(reply);
  return operation;
}

Operation unknown(std::uint32_t client, std::string_view command, int invoked_ms) {
  return make(client, command, invoked_ms, Outcome::unknown);
}

Operation not_executed(std::uint32_t client, std::string_view command, int invoked_ms) {
  return make(client, command, invoked_ms, Outcome::not_executed);
}

History random_history(const RandomOptions& options, base::Random& random) {
  Commands commands(options, random);
  History history;
  std::vector<Execution> executions;
  std::vector<base::Instant> free_at(options.clients);
  for (std::size_t i = 0; i < options.operations; ++i) {
    const auto client = static_cast<std::uint32_t>(random.below(options.clients));
    Operation operation;
    operation.client = client;
    operation.args = commands.next();
    operation.invoked = free_at[client] + up_to(3, random);
    const base::Instant executed = operation.invoked + up_to(4, random);
    operation.returned = executed + up_to(4, random);
    free_at[client] = operation.returned + base::Duration(1);
    if (!random.chance(options.unknown_percent)) {
      operation.outcome = Outcome::done;
      executions.push_back({.operation = i, .at = executed});
    } else if (random.chance(50)) {
      const bool is_late = random.chance(50);
      executions.push_back({i, executed + up_to(is_late ? 10 * options.operations : 4, random)});
    }
    history.push_back(std::move(operation));
  }
  std::ranges::stable_sort(executions, {}, &Execution::at);
  Contents contents;
  for (const Execution& each : executions) {
    Operation& operation = history[each.operation];
    std::string reply = execute(contents, operation.args);
    if (operation.outcome == Outcome::done) operation.reply = std::move(reply);
  }
  return history;
}

}  // namespace rabia::sim::history
