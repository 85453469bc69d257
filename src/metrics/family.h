// Families of metrics, made in one line each.
#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <utility>
#include <vector>

#include "base/duration_histogram.h"
#include "base/time.h"

namespace rabia::metrics {

using Labels = std::vector<prometheus::ClientMetric::Label>;

[[nodiscard]] inline double seconds_of(base::Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

// Adds one family, value by value. It is there when this is destroyed.
class Family {
 public:
  Family(std::vector<prometheus::MetricFamily>& out, prometheus::MetricType type, std::string name,
         std::string help)
      : out_(out) {
    family_.name = std::move(name);
    family_.help = std::move(help);
    family_.type = type;
  }
  ~Family() {
    if (!family_.metric.empty()) out_.push_back(std::move(family_));
  }
  Family(const Family&) = delete;
  Family& operator=(const Family&) = delete;

  template <typename Number>
  void value(Number number, Labels labels = {}) {
    prometheus::ClientMetric metric;
    metric.label = std::move(labels);
    const auto value = static_cast<double>(number);
    (family_.type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value) =
        value;
    family_.metric.push_back(std::move(metric));
  }

  void histogram(const base::DurationHistogram& histogram, Labels labels = {}) {
    prometheus::ClientMetric metric;
    metric.label = std::move(labels);
    metric.histogram.sample_count = histogram.count();
    metric.histogram.sample_sum = seconds_of(histogram.sum());
    for (int doubling = first_doubling; doubling <= last_doubling; ++doubling) {
      const base::Duration bound = std::chrono::microseconds(std::int64_t{1} << doubling);
      metric.histogram.bucket.push_back({histogram.shorter_than(doubling), seconds_of(bound)});
    }
    family_.metric.push_back(std::move(metric));
  }

 private:
  // From 8 µs to 17 s.
  static constexpr int first_doubling = 3;
  static constexpr int last_doubling = 24;

  std::vector<prometheus::MetricFamily>& out_;
  prometheus::MetricFamily family_;
};

// What makes them, for one list.
class Families {
 public:
  explicit Families(std::vector<prometheus::MetricFamily>& out) : out_(out) {}

  [[nodiscard]] Family counters(std::string name, std::string help) {
    return {out_, prometheus::MetricType::Counter, std::move(name), std::move(help)};
  }
  [[nodiscard]] Family gauges(std::string name, std::string help) {
    return {out_, prometheus::MetricType::Gauge, std::move(name), std::move(help)};
  }
  [[nodiscard]] Family histograms(std::string name, std::string help) {
    return {out_, prometheus::MetricType::Histogram, std::move(name), std::move(help)};
  }
  template <typename Number>
  void counter(std::string name, std::string help, Number number) {
    counters(std::move(name), std::move(help)).value(number);
  }
  template <typename Number>
  void gauge(std::string name, std::string help, Number number) {
    gauges(std::move(name), std::move(help)).value(number);
  }
  void histogram(std::string name, std::string help, const base::DurationHistogram& histogram) {
    histograms(std::move(name), std::move(help)).histogram(histogram);
  }

 private:
  std::vector<prometheus::MetricFamily>& out_;
};

}  // namespace rabia::metrics
