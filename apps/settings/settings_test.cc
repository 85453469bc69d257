#include "settings/settings.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

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

std::string config(const Settings& settings, std::string_view name) {
  for (const server::Setting& each : config_values(settings)) {
    if (each.name == name) return each.value;
  }
  return "(none)";
}

// Given the table, when each default is printed and parsed again, then it is the default: help
// never promises what the parser refuses. (Required settings have no default.)
TEST(Settings, EveryDefaultIsAcceptedByItsOwnRow) {
  const Settings defaults;
  for (const SettingRow& row : setting_rows()) {
    const std::string text = row.print(defaults);
    if (row.name == "id" || row.name == "cluster-id" || row.name == "member") continue;
    Settings settings;
    EXPECT_TRUE(assign(settings, row.name, text).ok()) << row.name;
    EXPECT_EQ(row.print(settings), text) << row.name;
  }
}

// Given the table, then no two settings answer to one name, ours or Redis's.
TEST(Settings, NamesAreUnique) {
  std::set<std::string> names;
  for (const server::Setting& each : config_values(minimal())) {
    EXPECT_TRUE(names.insert(each.name).second) << each.name;
  }
}

// Given numeric settings, when their bounds are assigned, then those are accepted and what lies
// just outside is not.
TEST(Settings, RangesIncludeTheirBoundsAndNothingBeyond) {
  for (const SettingRow& row : setting_rows()) {
    if (!row.numeric) continue;
    Settings settings;
    EXPECT_TRUE(assign(settings, row.name, std::to_string(row.least)).ok()) << row.name;
    EXPECT_TRUE(assign(settings, row.name, std::to_string(row.most)).ok()) << row.name;
    EXPECT_FALSE(assign(settings, row.name, std::to_string(row.most + 1)).ok()) << row.name;
    if (row.least == 0) continue;
    EXPECT_FALSE(assign(settings, row.name, std::to_string(row.least - 1)).ok()) << row.name;
  }
}

// Given a misspelt name, when assigned, then the refusal names the nearest setting that exists.
TEST(Settings, AnUnknownNameIsRefusedWithTheNearestOne) {
  Settings settings;
  const Status status = assign(settings, "max-clients", "5");
  EXPECT_EQ(status.code(), Code::invalid_argument);
  EXPECT_EQ(status.message(), "unknown setting 'max-clients': did you mean 'maxclients'?");
}

// Given a name like no setting, when assigned, then no setting is guessed at.
TEST(Settings, ANameLikeNoSettingIsNotGuessedAt) {
  Settings settings;
  for (const char* name : {"x", "foo", "tls-certificate-file", ""}) {
    EXPECT_EQ(assign(settings, name, "5").message(),
              "unknown setting '" + std::string(name) + "': rabia-server --help lists all");
  }
}

// Given a bad value, when assigned, then the refusal names the setting, the value and what is
// taken.
TEST(Settings, ABadValueIsRefusedWithWhatIsAccepted) {
  Settings settings;
  EXPECT_EQ(assign(settings, "port", "70000").message(),
            "port: '70000' is not a number from 1 to 65535");
  EXPECT_EQ(assign(settings, "durability", "fast").message(),
            "durability: 'fast' is not always, os or memory");
  EXPECT_EQ(settings.port, Settings{}.port);
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
  ASSERT_TRUE(assign(settings, "member", "3=10.0.0.3:17003").ok());
  ASSERT_TRUE(assign(settings, "member", "1=10.0.0.1:17001").ok());
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
  for (const char* second : {"1=h:2", "3=h:1"}) {
    Settings settings = minimal();
    ASSERT_TRUE(assign(settings, "member", "1=h:1").ok());
    ASSERT_TRUE(assign(settings, "member", second).ok());
    EXPECT_EQ(complete(settings).code(), Code::invalid_argument) << second;
  }
}

// Given more members than a cluster may have, when assigned or added, then they are refused.
TEST(Settings, TheNumberOfMembersIsBounded) {
  Settings settings = minimal();
  for (std::size_t i = 0; i < cluster_members_max; ++i) {
    const std::string number = std::to_string(100 + i);
    ASSERT_TRUE(assign(settings, "member", std::string(number).append("=h:").append(number)).ok());
  }
  EXPECT_FALSE(assign(settings, "member", "999=h:999").ok());
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

// Given thresholds of the slow log, then -1 and numbers are taken, and nothing else.
TEST(Settings, TheSlowLogTakesMinusOneForOff) {
  Settings settings = minimal();
  EXPECT_TRUE(assign(settings, "slowlog-log-slower-than", "-1").ok());
  EXPECT_EQ(settings.slowlog_slower_than_usec, -1);
  EXPECT_TRUE(assign(settings, "slowlog-log-slower-than", "0").ok());
  EXPECT_EQ(assign(settings, "slowlog-log-slower-than", "-2").message(),
            "slowlog-log-slower-than: '-2' is not a number of microseconds, or -1");
}

// Given the modes of durability, then CONFIG GET tells Redis clients what they would mean to Redis.
TEST(Settings, ConfigAnswersToTheNamesOfRedis) {
  Settings settings = minimal();
  EXPECT_EQ(config(settings, "save"), "");
  EXPECT_EQ(config(settings, "appendonly"), "yes");
  EXPECT_EQ(config(settings, "appendfsync"), "always");
  EXPECT_EQ(config(settings, "maxclients"), "10000");
  EXPECT_EQ(config(settings, "proto-max-bulk-len"), config(settings, "value-bytes-max"));
  EXPECT_EQ(config(settings, "dir"), "/d");
  settings.durability = Durability::os;
  EXPECT_EQ(config(settings, "appendfsync"), "no");
  settings.durability = Durability::memory;
  EXPECT_EQ(config(settings, "appendonly"), "no");
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

// Given settings that all differ from their defaults, when options are made of them, then each
// arrives.
TEST(Settings, OptionsCarryEverySetting) {
  Settings settings = minimal();
  settings.bootstrap = true;
  settings.durability = Durability::os;
  settings.segment_bytes = 5 << 20;
  settings.snapshot_log_bytes = 6 << 20;
  settings.snapshot_every_seconds = 7;
  settings.snapshot_compression = 0;
  settings.disk_reserve_bytes = 8ULL << 30;
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
  EXPECT_EQ(replica.durability, Durability::os);
  EXPECT_EQ(replica.segment_bytes, 5U << 20);
  EXPECT_EQ(replica.snapshot_log_bytes, 6U << 20);
  EXPECT_EQ(replica.snapshot_every, std::chrono::seconds(7));
  EXPECT_EQ(replica.snapshot_zstd_level, 0);
  EXPECT_EQ(replica.disk_reserve_bytes, 8ULL << 30);
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
