#include "rabia_cluster/options.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "settings/environment.h"

namespace rabia::apps {
namespace {

Result<ClusterOptions> parse(std::vector<const char*> words) {
  words.insert(words.begin(), "rabia-cluster");
  return parse_cluster_options(static_cast<int>(words.size()), words.data());
}

std::string refusal(std::vector<const char*> words) {
  return parse(std::move(words)).status().message();
}

// Given no flags, when parsed, then the cluster has the ports and the durability that are promised.
TEST(ClusterOptions, DefaultsAreThoseOfMakeRun) {
  const auto options = parse({});
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options.value().port, 7001);
  EXPECT_EQ(options.value().replicas, 0);
  EXPECT_EQ(options.value().common.durability, Durability::always);
  EXPECT_FALSE(options.value().restart);
  EXPECT_TRUE(options.value().common.cluster_id.empty());  // That of the directory.
}

// Given three replicas, when their settings are made, then all have the same members, and each its
// own ports and directories.
TEST(ClusterOptions, ReplicasGetPortsInARowAndTheSameMembers) {
  ClusterOptions options = parse({"--cluster-id", "c", "--port", "7101", "--replicas", "3",
                                  "--durability", "os", "--set", "maxclients=7"})
                               .take();
  for (std::uint16_t id = 1; id <= 3; ++id) {
    const auto settings = replica_settings(options, id, "/d/" + std::to_string(id));
    ASSERT_TRUE(settings.ok()) << settings.status().message();
    EXPECT_EQ(settings.value().port, 7100 + id);
    EXPECT_EQ(settings.value().peer_port, 17100 + id);
    EXPECT_EQ(settings.value().data, "/d/" + std::to_string(id) + "/data");
    EXPECT_EQ(settings.value().pid_file, "/d/" + std::to_string(id) + "/pid");
    EXPECT_EQ(settings.value().clients_max, 7U);
    EXPECT_EQ(settings.value().durability, Durability::os);
    EXPECT_EQ(settings.value().members.size(), 3U);
    EXPECT_EQ(settings.value().members[1].peer_address, (io::Endpoint{"127.0.0.1", 17102}));
  }
}

// Given settings that differ by replica, or that do not exist, when set for all, then refused.
TEST(ClusterOptions, OnlyCommonSettingsCanBeSetForAll) {
  EXPECT_EQ(refusal({"--set", "port=1"}), "--set port: differs by replica, cannot be set");
  EXPECT_EQ(refusal({"--set", "maxclient=1"}),
            "unknown setting 'maxclient': did you mean 'maxclients'?");
  EXPECT_EQ(refusal({"--set", "bootstrap=true"}),
            "--set bootstrap: rabia-cluster gives the word by itself");
  EXPECT_EQ(refusal({"--set", "dir=/d"}), "--set dir: differs by replica, cannot be set");
  EXPECT_TRUE(
      refusal({"--set", "rejoin=true"}).starts_with("--set rejoin: it is the word for one"));
  EXPECT_EQ(refusal({"--set", "maxclients=0"}),
            "maxclients: '0' is not a number from 1 to 1000000");
  EXPECT_EQ(refusal({"--set", "maxclients"}), "--set needs NAME=VALUE, not 'maxclients'");
}

// Given a password in the environment, when parsed, then it is for all replicas; --set wins over
// it.
TEST(ClusterOptions, ThePasswordMayComeFromTheEnvironment) {
  setenv(password_variable, "of the environment", 1);
  EXPECT_EQ(parse({}).value().common.require_pass, "of the environment");
  EXPECT_EQ(parse({"--set", "requirepass=set"}).value().common.require_pass, "set");
  unsetenv(password_variable);
}

// Given settings in the environment, when parsed, then they are for all replicas, unless they
// differ by replica, or a flag says otherwise.
TEST(ClusterOptions, CommonSettingsMayComeFromTheEnvironment) {
  setenv("RABIA_DURABILITY", "os", 1);
  EXPECT_EQ(parse({}).value().common.durability, Durability::os);
  EXPECT_EQ(parse({"--durability=memory"}).value().common.durability, Durability::memory);
  unsetenv("RABIA_DURABILITY");
  setenv("RABIA_PORT", "7001", 1);
  EXPECT_EQ(refusal({}), "RABIA_PORT: differs by replica, cannot be set");
  unsetenv("RABIA_PORT");
}

// Given numbers out of range, unknown flags and stray words, when parsed, then refused.
TEST(ClusterOptions, MalformedCommandLinesAreRefused) {
  for (const char* word : {"--replicas=0", "--replicas=16", "--port=0", "--port=60000", "--prot=1",
                           "stray", "--durability=fast", "--cluster-id=a/b"}) {
    EXPECT_NE(refusal({word}), "") << word;
  }
}

// Given a port whose last replica would have no peer port, when settings are made, then refused.
TEST(ClusterOptions, PeerPortsMustExist) {
  ClusterOptions options = parse({"--port", "55535", "--replicas", "2"}).take();
  EXPECT_FALSE(replica_settings(options, 1, "/d/1").ok());
}

}  // namespace
}  // namespace rabia::apps
