// What clients ask: commands drawn by chance, whose values are all different, so that a history
// tells which write a read saw.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "sim/history/history.h"
#include "sim/history/transaction.h"
#include "sim/world/plan.h"

namespace rabia::sim {

class Workload {
 public:
  Workload(const ClientsPlan& plan, std::uint32_t client, std::uint64_t seed)
      : plan_(plan), client_(client), random_(seed) {}

  [[nodiscard]] history::Arguments next();
  // A key for WATCH: that of the counter, or one of the texts, since their values never come again.
  [[nodiscard]] std::string key_to_watch();
  // The transaction that depends on it, of what was read behind WATCH.
  [[nodiscard]] history::Arguments guarded(history::Transaction::Watched watched);
  // A read of every key there may be: for the end of a run.
  [[nodiscard]] static history::Arguments read_all(const ClientsPlan& plan);

 private:
  [[nodiscard]] std::string text_key();
  [[nodiscard]] std::string number_key();
  [[nodiscard]] std::string fresh_value();
  [[nodiscard]] history::Arguments read();
  [[nodiscard]] history::Arguments read_of_many();
  [[nodiscard]] history::Arguments write();
  [[nodiscard]] history::Arguments write_of_many();
  [[nodiscard]] history::Arguments set();
  [[nodiscard]] history::Arguments transaction();
  // On keys that nobody watches: a transaction that depends on one is not to fail for its deadline.
  [[nodiscard]] history::Arguments expiring();
  [[nodiscard]] std::string some_time();
  // One or two more commands, on these keys mostly.
  void add_read(const std::string& text, const std::string& number);
  void add_write(const std::string& text, const std::string& number);

  const ClientsPlan& plan_;
  std::uint32_t client_;
  base::Random random_;
  std::uint64_t values_ = 0;
  std::vector<history::Arguments> commands_;  // Of the transaction that is being made.
};

// What all clients count up, by transactions that depend on it: a number, and what makes its value
// another one each time.
inline constexpr std::string_view counter_key = "count";
[[nodiscard]] std::uint64_t counted(std::string_view value);

}  // namespace rabia::sim
