// What became of the clients' transactions, and of the counter that they all count up.
#include <algorithm>
#include <map>

#include "sim/history/inference.h"
#include "sim/history/model.h"
#include "sim/history/transaction.h"
#include "sim/store/store_users.h"

namespace rabia::sim {

using history::Operation;
using history::Outcome;

namespace {

// Whether a command looks at a key after one that writes it, and before another that does.
bool has_read_between_writes(const history::Transaction& transaction) {
  enum class Key : std::uint8_t { untouched, written, looked_at };
  std::map<std::string, Key> keys;
  for (const history::Arguments& command : transaction.commands) {
    const history::Footprint footprint = history::footprint_of(command);
    for (const std::string& name : footprint.keys) {
      Key& key = keys[name];
      if (!footprint.reads_only && key == Key::looked_at) return true;
      if (!footprint.reads_only) key = Key::written;
      if (footprint.reads_only && key == Key::written) key = Key::looked_at;
    }
  }
  return false;
}

bool counts(const Operation& operation) {
  if (!history::is_transaction(operation.args)) return false;
  const auto watched = history::transaction_of(operation.args).watched;
  return watched && watched->key == counter_key;
}

// What the last read of everything said. Nothing when there was none.
std::optional<std::uint64_t> counter_at_the_end(const history::History& history) {
  for (auto each = history.rbegin(); each != history.rend(); ++each) {
    for (const history::Observation& seen : history::observations_of(*each)) {
      const bool is_read = each->args[0] == "MGET" && seen.key == counter_key;
      if (is_read) return counted(seen.sight.value);
    }
  }
  return std::nullopt;
}

}  // namespace

void StoreUsers::count_transactions() {
  for (const Operation& operation : history_) {
    if (!history::is_transaction(operation.args)) continue;
    if (operation.reply == history::nil_array) {
      ++world_.tally[Count::transactions_refused];
    } else if (operation.outcome == Outcome::unknown) {
      ++world_.tally[Count::transactions_unknown];
    } else if (operation.outcome == Outcome::done) {
      ++world_.tally[Count::transactions_executed];
      const bool between = has_read_between_writes(history::transaction_of(operation.args));
      if (between) ++world_.tally[Count::transactions_read_between];
    }
  }
}

// No update is lost, and none is made twice. A FLUSHALL begins at 0 again.
std::string StoreUsers::judge_counter() const {
  if (plan_.clients.locking_percent == 0 || plan_.clients.clear_permille > 0 ||
      store_plan_.limits.max_entries > 0)
    return {};
  const auto counter = counter_at_the_end(history_);
  if (!counter) return {};
  std::uint64_t least = 0;
  std::uint64_t most = 0;
  for (const Operation& operation : history_) {
    const bool may_count = operation.outcome != Outcome::not_executed && counts(operation) &&
                           !history::was_refused(operation);
    if (!may_count) continue;
    ++most;
    if (operation.outcome == Outcome::done) ++least;
  }
  if (least <= *counter && *counter <= most) return {};
  return "section 13, 10: the counter is " + std::to_string(*counter) + ", and it was counted up " +
         std::to_string(least) + " to " + std::to_string(most) + " times";
}

}  // namespace rabia::sim
