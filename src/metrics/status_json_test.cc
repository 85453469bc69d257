#include "metrics/status_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace rabia::metrics {
namespace {

// Given a replica that does not serve, with a peer whose refusal is not text, then the status is
// JSON all the same, and says who, where, with whom and why not.
TEST(StatusJson, SaysWhatAReplicaIs) {
  Picture picture;
  picture.cluster_id = "shop";
  picture.replica.self.id = ReplicaId{2};
  picture.replica.self.address = {"10.0.0.2", 17001};
  picture.replica.not_serving_because = "refused: \"\xff\x01\"";
  picture.replica.position = LogPosition{17};
  replica::PeerStatus peer{.id = ReplicaId{5}, .address = {"10.0.0.5", 17001}};
  peer.connected = true;
  peer.waits = 3;
  peer.round_trip = std::chrono::microseconds(250);
  picture.replica.peers = {peer};
  picture.disk.room = replica::DiskStatus::Room::low;
  picture.server.keys = 9;
  const auto json = nlohmann::json::parse(to_json(picture));
  EXPECT_EQ(json["id"], 2);
  EXPECT_EQ(json["cluster"], "shop");
  EXPECT_EQ(json["serving"], false);
  EXPECT_TRUE(json["not_serving_because"].get<std::string>().starts_with("refused: \""));
  EXPECT_EQ(json["position"], 17);
  EXPECT_EQ(json["digest"], to_string(picture.replica.digest));
  ASSERT_EQ(json["members"].size(), 2U);
  EXPECT_EQ(json["members"][0]["self"], true);
  EXPECT_EQ(json["members"][0]["address"], "10.0.0.2:17001");
  EXPECT_EQ(json["members"][1]["id"], 5);
  EXPECT_EQ(json["members"][1]["role"], "voter");
  EXPECT_EQ(json["members"][1]["round_trip_usec"], 250);
  EXPECT_EQ(json["members"][1]["waits"], 3);
  EXPECT_EQ(json["storage"]["writes_refused_for_disk"], true);
  EXPECT_EQ(json["storage"]["stepped_back_for_disk"], false);
  EXPECT_EQ(json["server"]["keys"], 9);
}

}  // namespace
}  // namespace rabia::metrics
