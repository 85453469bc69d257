#include "metrics/families.h"

#include <gtest/gtest.h>

#include <set>

namespace rabia::metrics {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

Picture picture_of_three() {
  Picture picture;
  picture.cluster_id = "c";
  picture.replica.self.id = ReplicaId{1};
  picture.replica.serving = true;
  picture.replica.executed_round = 100;
  picture.replica.slots_decided = 10;
  picture.replica.slots_empty = 4;
  replica::PeerStatus near{.id = ReplicaId{2}, .address = {}};
  near.connected = true;
  near.executed_round = 98;
  replica::PeerStatus late{.id = ReplicaId{3}, .address = {}, .role = replica::Role::learner};
  late.waits = 7;
  late.trust_interval = 16;
  late.digest_differs = LogPosition{5};
  picture.replica.peers = {near, late};
  picture.times.commit.record(microseconds(100), 3);
  picture.times.commit.record(milliseconds(3));
  picture.server.commands.push_back(
      {"client|list", {.calls = 2, .rejected = 1, .failed = 0, .took = {}}});
  picture.server.errors = {{"ERR", 3}};
  return picture;
}

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

// Given a picture, then its numbers are under the names that the documents promise, with the member
// that they are about.
TEST(Families, ShowThePicture) {
  const std::string text = to_text(picture_of_three());
  for (const char* line : {
           "rabia_serving 1",
           "rabia_slots_total{outcome=\"batch\"} 6",
           "rabia_slots_total{outcome=\"empty\"} 4",
           "rabia_members{role=\"voter\"} 2",
           "rabia_members{role=\"learner\"} 1",
           "rabia_peer_connected{peer=\"2\"} 1",
           "rabia_peer_behind_rounds{peer=\"2\"} 2",
           "rabia_peer_digest_differs{peer=\"3\"} 1",
           "rabia_lane_waits_total{peer=\"3\"} 7",
           "rabia_lane_trust_interval_rounds{peer=\"3\"} 16",
           "rabia_commands_total{command=\"client|list\"} 2",
           "rabia_commands_rejected_total{command=\"client|list\"} 1",
           "rabia_error_replies_total{code=\"ERR\"} 3",
       }) {
    EXPECT_TRUE(has_line(text, line)) << line << "\n" << text;
  }
}

// Given durations, then the histogram counts upwards to all of them.
TEST(Families, HistogramsAreCumulative) {
  const std::string text = to_text(picture_of_three());
  for (const char* line : {
           "rabia_commit_seconds_bucket{le=\"6.4e-05\"} 0",
           "rabia_commit_seconds_bucket{le=\"0.000128\"} 3",
           "rabia_commit_seconds_bucket{le=\"0.004096\"} 4",
           "rabia_commit_seconds_bucket{le=\"+Inf\"} 4",
           "rabia_commit_seconds_count 4",
           "rabia_commit_seconds_sum 0.0033",
       }) {
    EXPECT_TRUE(has_line(text, line)) << line << "\n" << text;
  }
}

// Given all families, then each has a name of its own and a help, and counters, and only they, end
// with _total: the conventions of Prometheus.
TEST(Families, FollowTheConventionsOfPrometheus) {
  std::vector<prometheus::MetricFamily> families;
  const Picture picture = picture_of_three();
  add_replica_families(picture, families);
  add_peer_families(picture, families);
  add_server_families(picture, families);
  std::set<std::string> names;
  for (const prometheus::MetricFamily& family : families) {
    EXPECT_TRUE(names.insert(family.name).second) << family.name;
    EXPECT_TRUE(family.help.ends_with('.')) << family.name;
    EXPECT_TRUE(family.name.starts_with("rabia_") || family.name.starts_with("process_"));
    EXPECT_EQ(family.type == prometheus::MetricType::Counter, family.name.ends_with("_total"))
        << family.name;
    EXPECT_EQ(family.type == prometheus::MetricType::Histogram,
              family.name.ends_with("_seconds") && family.metric[0].histogram.bucket.size() > 0)
        << family.name;
  }
  EXPECT_GT(names.size(), 70U);
}

// Given the protocol as published, which has no lanes to trust, then nothing is said of them.
TEST(Families, LanesAreShownWhereThereAreLanes) {
  Picture picture = picture_of_three();
  picture.replica.protocol = Protocol::published;
  EXPECT_EQ(to_text(picture).find("rabia_lane_"), std::string::npos);
}

}  // namespace
}  // namespace rabia::metrics
