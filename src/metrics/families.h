// A picture as metrics of Prometheus. docs/operations.md, "What to watch", has them all.
#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <vector>

#include "metrics/picture.h"

namespace rabia::metrics {

// In the text format of Prometheus, version 0.0.4.
[[nodiscard]] std::string to_text(const Picture& picture);

// The parts.
void add_replica_families(const Picture& picture, std::vector<prometheus::MetricFamily>& out);
void add_peer_families(const Picture& picture, std::vector<prometheus::MetricFamily>& out);
void add_server_families(const Picture& picture, std::vector<prometheus::MetricFamily>& out);

}  // namespace rabia::metrics
