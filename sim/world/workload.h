// What clients ask: commands drawn by chance, whose values are all different, so that a history
// tells which write a read saw.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "sim/history/history.h"
#include "sim/world/plan.h"

namespace rabia::sim {

class Workload {
 public:
  Workload(const ClientsPlan& plan, std::uint32_t client, std::uint64_t seed)
      : plan_(plan), client_(client), random_(seed) {}

  [[nodiscard]] history::Arguments next();
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

  const ClientsPlan& plan_;
  std::uint32_t client_;
  base::Random random_;
  std::uint64_t values_ = 0;
};

}  // namespace rabia::sim
