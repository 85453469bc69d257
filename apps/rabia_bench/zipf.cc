#include "rabia_bench/zipf.h"

#include <algorithm>
#include <cmath>

namespace rabia::bench {
namespace {

// (e^t - 1) / t and log(1 + t) / t, which stay exact near 0: there the exponent is near 1.
double expm1_over(double t) {
  return std::abs(t) > 1e-8 ? std::expm1(t) / t : 1 + t / 2;
}
double log1p_over(double t) {
  return std::abs(t) > 1e-8 ? std::log1p(t) / t : 1 - t / 2;
}

double unit(base::Random& random) {
  return static_cast<double>(random.next() >> 11) * 0x1.0p-53;
}

}  // namespace

Zipf::Zipf(std::uint64_t ranks, double exponent)
    : ranks_(static_cast<double>(ranks)), exponent_(exponent) {
  lowest_ = area(1.5) - 1;  // The first rank's bar has the weight 1.
  highest_ = area(ranks_ + 0.5);
  certain_ = 2 - inverse_area(area(2.5) - weight(2));
}

double Zipf::area(double x) const {
  const double logarithm = std::log(x);
  return expm1_over((1 - exponent_) * logarithm) * logarithm;
}

double Zipf::inverse_area(double y) const {
  const double t = std::max(-1.0, y * (1 - exponent_));
  return std::exp(log1p_over(t) * y);
}

double Zipf::weight(double x) const {
  return std::exp(-exponent_ * std::log(x));
}

// A point under the curve is drawn exactly; it is kept when it lies in its rank's bar too.
std::uint64_t Zipf::next(base::Random& random) const {
  while (true) {
    const double drawn = highest_ + unit(random) * (lowest_ - highest_);
    const double x = inverse_area(drawn);
    const double rank = std::clamp(std::floor(x + 0.5), 1.0, ranks_);
    if (rank - x <= certain_ || drawn >= area(rank + 0.5) - weight(rank)) {
      return static_cast<std::uint64_t>(rank) - 1;
    }
  }
}

}  // namespace rabia::bench
