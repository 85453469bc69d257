#include "rabia_cluster/options.h"

#include <gtest/gtest.h>

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
TEST(ClusterOptions, defaults_are_those_of_make_run) {
  const auto options = parse({});
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options.value().port, 7001);
  EXPECT_EQ(options.value().replicas, 0);
  EXPECT_EQ(options.value().common.durability, storage::Durability::always);
  EXPECT_FALSE(options.value().restart);
}

// Given three replicas, when their settings are made, then all have the same members, and each its
// own ports and directories.
TEST(ClusterOptions, replicas_get_ports_in_a_row_and_the_same_members) {
  ClusterOptions options =
      parse({"--port", "7101", "--replicas", "3", "--durability", "os", "--set", "maxclients=7"})
          .take();
  for (std::uint16_t id = 1; id <= 3; ++id) {
    const auto settings = replica_settings(options, id, "/d/" + std::to_string(id));
    ASSERT_TRUE(settings.ok()) << settings.status().message();
    EXPECT_EQ(settings.value().port, 7100 + id);
    EXPECT_EQ(settings.value().peer_port, 17100 + id);
    EXPECT_EQ(settings.value().data, "/d/" + std::to_string(id) + "/data");
    EXPECT_EQ(settings.value().pid_file, "/d/" + std::to_string(id) + "/pid");
    EXPECT_EQ(settings.value().clients_max, 7U);
    EXPECT_EQ(settings.value().durability, storage::Durability::os);
    EXPECT_EQ(settings.value().members.size(), 3U);
    EXPECT_EQ(settings.value().members[1].peer_address, (io::Endpoint{"127.0.0.1", 17102}));
  }
}

// Given settings that differ by replica, or that do not exist, when set for all, then refused.
TEST(ClusterOptions, only_common_settings_can_be_set_for_all) {
  EXPECT_EQ(refusal({"--set", "port=1"}), "--set port: differs by replica, cannot be set");
  EXPECT_EQ(refusal({"--set", "maxclient=1"}),
            "unknown setting 'maxclient': did you mean 'maxclients'?");
  EXPECT_EQ(refusal({"--set", "maxclients"}), "--set needs NAME=VALUE, not 'maxclients'");
}

// Given numbers out of range, unknown flags and stray words, when parsed, then refused.
TEST(ClusterOptions, malformed_command_lines_are_refused) {
  for (const char* word : {"--replicas=0", "--replicas=16", "--port=0", "--port=60000", "--prot=1",
                           "stray", "--durability=fast", "--cluster-id=a/b"}) {
    EXPECT_NE(refusal({word}), "") << word;
  }
}

// Given a port whose last replica would have no peer port, when settings are made, then refused.
TEST(ClusterOptions, peer_ports_must_exist) {
  ClusterOptions options = parse({"--port", "55535", "--replicas", "2"}).take();
  EXPECT_FALSE(replica_settings(options, 1, "/d/1").ok());
}

}  // namespace
}  // namespace rabia::apps
