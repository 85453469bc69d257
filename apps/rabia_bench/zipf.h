// Ranks that follow Zipf's law: rank r (from 0) with a probability in proportion to
// 1 / (r + 1)^exponent. Constant time and memory for any number of ranks, by rejection-inversion
// (Hörmann and Derflinger 1996).
#pragma once

#include <cstdint>

#include "base/random.h"

namespace rabia::bench {

class Zipf {
 public:
  // `ranks` and `exponent` above 0.
  Zipf(std::uint64_t ranks, double exponent);
  // Below `ranks`.
  [[nodiscard]] std::uint64_t next(base::Random& random) const;

 private:
  // The integral of x^-exponent, and its inverse.
  [[nodiscard]] double area(double x) const;
  [[nodiscard]] double inverse_area(double y) const;
  [[nodiscard]] double weight(double x) const;

  double ranks_;
  double exponent_;
  double lowest_;  // Areas are drawn between these two.
  double highest_;
  double certain_;  // What is so near to its rank needs no second look.
};

}  // namespace rabia::bench
