// Which operation is next, on which key, with which value: what a load draws by chance.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"
#include "rabia_bench/workload.h"
#include "rabia_bench/zipf.h"

namespace rabia::bench {

// One for each thread. Equal arguments draw the same. `workload` must outlive it.
class Content {
 public:
  // Sequential keys are `first_key`, `first_key` + `key_step`, … so that threads share them out.
  Content(const Workload& workload, std::uint64_t seed, std::uint64_t first_key = 0,
          std::uint64_t key_step = 1);

  // The next operation's place in the mix.
  std::uint32_t next_operation();
  // Appends the next key: the prefix, and its number to the right, with zeros between.
  void append_key(std::string& out, char prefix);
  // Valid as long as this.
  std::string_view next_value();

 private:
  std::uint64_t next_number();

  const Workload& workload_;
  base::Random random_;
  std::optional<Zipf> zipf_;
  std::uint64_t next_sequential_;
  std::uint64_t key_step_;
  std::uint64_t weights_ = 0;
  std::string key_template_;
  std::string bytes_;  // Values are parts of this.
};

}  // namespace rabia::bench
