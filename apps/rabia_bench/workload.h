// What is sent: which operations, on which keys, with which values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rabia/result.h"

namespace rabia::bench {

// One kind of operation of a mix. `mset:10` and `multi:10` touch 10 keys in one operation.
struct Operation {
  enum class Kind : std::uint8_t { set, get, incr, mset, multi } kind = Kind::set;
  std::uint32_t keys = 1;
  std::uint32_t weight = 1;  // How often, beside the others of the mix.

  [[nodiscard]] bool is_write() const { return kind != Kind::get; }
  // How many replies it gets: MULTI … EXEC is answered command by command.
  [[nodiscard]] std::uint32_t replies() const { return kind == Kind::multi ? keys + 2 : 1; }
};

struct SizeRange {
  std::uint32_t smallest = 64;
  std::uint32_t largest = 64;
};

struct Distribution {
  enum class Kind : std::uint8_t { uniform, zipf, sequential } kind = Kind::uniform;
  double exponent = 0;  // Of Zipf's law.
};

struct Workload {
  std::vector<Operation> mix = {Operation{}};
  std::string mix_text = "set";
  std::uint64_t keys = 1'000'000;
  std::uint32_t key_bytes = 16;
  SizeRange value_bytes;
  Distribution distribution;
};

// "set=50,get=50", "mset:10", "set=9,multi:100=1". A weight that is not given is 1.
Result<std::vector<Operation>> parse_mix(std::string_view text);
// "64" or "16-65536".
Result<SizeRange> parse_size_range(std::string_view text);
// "uniform", "sequential" or "zipf:0.99".
Result<Distribution> parse_distribution(std::string_view text);
// Whether the parts fit together; the message says which flag to change.
Status check(const Workload& workload);

}  // namespace rabia::bench
