#include "settings/settings.h"

#include <gtest/gtest.h>

#include "settings/table.h"
#include "storage/wal.h"

namespace rabia::apps {
namespace {

Settings minimal() {
  Settings settings;
  settings.id = 2;
  settings.cluster_id = "c";
  settings.data = "/d";
  settings.port = 7002;
  return settings;
}

// Given the protocol as published, when completed, then it needs durability memory, and no rejoin.
TEST(Settings, TheProtocolAsPublishedKeepsNothing) {
  Settings settings = minimal();
  EXPECT_EQ(assign(settings, "protocol", "paxos").message(),
            "protocol: 'paxos' is not lanes or published");
  ASSERT_TRUE(assign(settings, "protocol", "published").ok());
  EXPECT_EQ(replica_options(settings).protocol, Protocol::published);
  Settings memory = settings;
  EXPECT_NE(complete(settings).message().find("needs durability = memory"), std::string::npos);
  memory.durability = Durability::memory;
  Settings rejoins = memory;
  EXPECT_TRUE(complete(memory).ok());
  rejoins.rejoin = true;
  EXPECT_FALSE(complete(rejoins).ok());
}

// Given settings without one that is required, when completed, then the refusal names it.
TEST(Settings, WhatIsRequiredIsAskedForByName) {
  const auto refusal_without = [](auto Settings::*field) {
    Settings settings = minimal();
    settings.*field = {};
    return complete(settings).message();
  };
  EXPECT_TRUE(refusal_without(&Settings::id).starts_with("id is required"));
  EXPECT_TRUE(refusal_without(&Settings::cluster_id).starts_with("cluster-id is required"));
  EXPECT_TRUE(refusal_without(&Settings::data).starts_with("data is required"));
}

// Given a list of members that leaves out this replica, when completed, then it is added in order
// of ids, with the peer port 10000 above its port.
TEST(Settings, TheOwnMemberIsAddedWhenItIsLeftOut) {
  Settings settings = minimal();
  ASSERT_TRUE(assign(settings, "member", "3=10.0.0.3:17003 1=10.0.0.1:17001").ok());
  ASSERT_TRUE(complete(settings).ok());
  EXPECT_EQ(settings.peer_port, 17002);
  const auto options = replica_options(settings);
  ASSERT_EQ(options.members.size(), 3U);
  EXPECT_EQ(options.members[0].id, ReplicaId{1});
  EXPECT_EQ(options.members[1].id, ReplicaId{2});
  EXPECT_EQ(options.members[1].peer_address, (io::Endpoint{"127.0.0.1", 17002}));
  EXPECT_EQ(options.members[2].id, ReplicaId{3});
}

// Given the own member in the list, when completed, then its port is the peer port; another
// --peer-port contradicts it.
TEST(Settings, TheListOfMembersAndThePeerPortMustAgree) {
  Settings settings = minimal();
  ASSERT_TRUE(assign(settings, "member", "2=10.0.0.2:9000").ok());
  Settings contradicting = settings;
  ASSERT_TRUE(complete(settings).ok());
  EXPECT_EQ(settings.peer_port, 9000);
  contradicting.peer_port = 9001;
  EXPECT_EQ(complete(contradicting).message(), "peer-port is 9001 but member says 2=10.0.0.2:9000");
}

// Given two members of one id, or of one address, when completed, then they are refused.
TEST(Settings, MembersDifferInIdAndAddress) {
  for (const char* members : {"1=h:1 1=h:2", "1=h:1 3=h:1"}) {
    Settings settings = minimal();
    ASSERT_TRUE(assign(settings, "member", members).ok());
    EXPECT_EQ(complete(settings).code(), Code::invalid_argument) << members;
  }
}

// Given as many members as a cluster may have, when one is added or the own one is left out, then
// that is refused.
TEST(Settings, TheNumberOfMembersIsBounded) {
  Settings settings = minimal();
  std::string members;
  for (std::size_t i = 0; i < cluster_members_max; ++i) {
    const std::string number = std::to_string(100 + i);
    members.append(" ").append(number).append("=h:").append(number);
  }
  ASSERT_TRUE(assign(settings, "member", members).ok());
  EXPECT_FALSE(assign(settings, "member", members + " 999=h:999").ok());
  EXPECT_EQ(settings.members.size(), cluster_members_max);
  EXPECT_FALSE(complete(settings).ok());
}

// Given the largest segment that the setting takes, then the log takes it too.
TEST(Settings, SegmentsAreAsLargeAsTheLogAllows) {
  Settings settings = minimal();
  ASSERT_TRUE(assign(settings, "segment-bytes", "1GiB").ok());
  EXPECT_EQ(settings.segment_bytes, storage::segment_bytes_max);
  EXPECT_FALSE(assign(settings, "segment-bytes", std::to_string((1ULL << 30) + 1)).ok());
}

// Given a port above 55535 and no peer port, when completed, then the peer port is asked for.
TEST(Settings, APeerPortThatDoesNotExistIsNotMadeUp) {
  Settings settings = minimal();
  settings.port = 60000;
  EXPECT_FALSE(complete(settings).ok());
  settings.peer_port = 60001;
  EXPECT_TRUE(complete(settings).ok());
}

// Given no metrics port, then it is 1000 above the port; one that is another port's, or one that
// would be above 65535, is refused, unless nobody listens there.
TEST(Settings, TheMetricsPortFollowsFromThePort) {
  Settings settings = minimal();
  ASSERT_TRUE(complete(settings).ok());
  EXPECT_EQ(settings.metrics_port, 8002);
  settings = minimal();
  settings.metrics_port = 7002;
  EXPECT_EQ(complete(settings).message(), "metrics-port must differ from port and peer-port");
  settings = minimal();
  settings.port = 65000;
  settings.peer_port = 1;
  EXPECT_EQ(complete(settings).message(), "metrics-port is required when port is above 64535");
  settings.members.clear();
  settings.metrics_enabled = false;
  EXPECT_TRUE(complete(settings).ok());
}

// Given a reserve on the disk whose quarter would not hold what the log may still write, when the
// settings are completed, then they are refused with the least that would do, which does; without a
// log, or when the disk is not watched, it is no matter.
TEST(Settings, AReserveHoldsInItsQuarterWhatTheLogMayNeed) {
  Settings settings = minimal();
  settings.segment_bytes = 1ULL << 30;
  const std::string refusal = complete(settings).message();
  const std::uint64_t least = 4 * replica::least_disk_quarter(settings.segment_bytes);
  EXPECT_NE(refusal.find("set at least that, or 0"), std::string::npos) << refusal;
  EXPECT_NE(refusal.find(std::to_string(least)), std::string::npos) << refusal;
  for (const std::uint64_t reserve : {least, std::uint64_t{0}}) {
    settings = minimal();
    settings.segment_bytes = 1ULL << 30;
    settings.disk_reserve_bytes = reserve;
    EXPECT_TRUE(complete(settings).ok()) << reserve;
  }
  settings = minimal();
  settings.durability = Durability::memory;
  settings.disk_reserve_bytes = 1;
  EXPECT_TRUE(complete(settings).ok());
}

// Given a longest key that is longer than the longest value, when completed, then it is refused.
TEST(Settings, AKeyIsNoLongerThanAValue) {
  Settings settings = minimal();
  settings.key_bytes_max = 11;
  settings.value_bytes_max = 10;
  EXPECT_EQ(complete(settings).message(), "key-bytes-max: 11 is more than value-bytes-max = 10");
  settings.key_bytes_max = 10;
  EXPECT_TRUE(complete(settings).ok());
}

// Given settings that all differ from their defaults, when options are made of them, then each
// arrives.
TEST(Settings, OptionsCarryEverySetting) {
  Settings settings = minimal();
  settings.bootstrap = true;
  settings.rejoin = true;
  settings.trust_data = true;
  settings.durability = Durability::os;
  settings.segment_bytes = 5 << 20;
  settings.snapshot_log_bytes = 6 << 20;
  settings.snapshot_every_seconds = 7;
  settings.snapshot_compression = 0;
  settings.disk_reserve_bytes = 8ULL << 30;
  settings.clock_ahead_max_seconds = 9;
  settings.require_pass = "p";
  settings.clients_max = 3;
  settings.key_bytes_max = 4;
  settings.value_bytes_max = 5;
  settings.slowlog_slower_than_usec = 6;
  settings.slowlog_entries_max = 7;
  ASSERT_TRUE(complete(settings).ok());
  const auto replica = replica_options(settings);
  EXPECT_EQ(replica.cluster_id, "c");
  EXPECT_EQ(replica.self, ReplicaId{2});
  EXPECT_EQ(replica.data_directory, "/d");
  EXPECT_TRUE(replica.bootstrap);
  EXPECT_TRUE(replica.rejoin);
  EXPECT_TRUE(replica.vouched);
  EXPECT_EQ(replica.durability, Durability::os);
  EXPECT_EQ(replica.segment_bytes, 5U << 20);
  EXPECT_EQ(replica.snapshots.log_bytes, 6U << 20);
  EXPECT_EQ(replica.snapshots.every, std::chrono::seconds(7));
  EXPECT_EQ(replica.snapshots.zstd_level, 0);
  EXPECT_EQ(replica.disk_reserve_bytes, 8ULL << 30);
  EXPECT_EQ(replica.clock_ahead_max, std::chrono::seconds(9));
  const auto server = server_options(settings);
  EXPECT_EQ(server.listen, (io::Endpoint{"127.0.0.1", 7002}));
  EXPECT_EQ(server.require_pass, "p");
  EXPECT_EQ(server.clients_max, 3U);
  EXPECT_EQ(server.key_bytes_max, 4U);
  EXPECT_EQ(server.value_bytes_max, 5U);
  EXPECT_EQ(server.slowlog_slower_than_usec, 6);
  EXPECT_EQ(server.slowlog_entries_max, 7U);
}

}  // namespace
}  // namespace rabia::apps
