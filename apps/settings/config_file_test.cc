#include "settings/config_file.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "settings/text_file.h"

namespace rabia::apps {
namespace {

std::string refusal(std::string_view text) {
  Settings settings;
  return assign_from_toml(settings, text, "f.toml").message();
}

// Given a file with texts, numbers and a list, when read, then all are assigned.
TEST(ConfigFile, ValuesMayBeTextsNumbersAndAListOfMembers) {
  Settings settings;
  const Status status = assign_from_toml(settings,
                                         "# a comment\n"
                                         "id = 3\n"
                                         "cluster-id = 'c'\n"
                                         "member = ['1=h:1', '2=h:2']\n"
                                         "segment-bytes = '8MiB'\n",
                                         "f.toml");
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(settings.id, 3);
  EXPECT_EQ(settings.cluster_id, "c");
  EXPECT_EQ(settings.members.size(), 2U);
  EXPECT_EQ(settings.segment_bytes, 8U << 20);
}

// Given a file with Redis's names and with underscores, when read, then the settings are assigned;
// one that is given by two of its names is refused.
TEST(ConfigFile, NamesMayBeThoseOfRedisAndHaveUnderscores) {
  Settings settings;
  ASSERT_TRUE(assign_from_toml(settings,
                               "dir = '/d'\nsnapshot_compression = 7\nloglevel = 'notice'\n"
                               "proto-max-bulk-len = '1mb'\n",
                               "f.toml")
                  .ok());
  EXPECT_EQ(settings.data, "/d");
  EXPECT_EQ(settings.snapshot_compression, 7U);
  EXPECT_EQ(settings.value_bytes_max, 1U << 20);
  EXPECT_NE(refusal("dir = '/d'\ndata = '/e'\n").find("data is given twice"), std::string::npos);
  EXPECT_NE(refusal("key-bytes-max = 1\nkey_bytes_max = 2\n").find("twice"), std::string::npos);
}

// Given files with a mistake, when read, then the refusal says in which line and what.
TEST(ConfigFile, RefusalsNameFileLineAndReason) {
  EXPECT_EQ(refusal("id = 1\nprot = 7\n"),
            "f.toml:2: unknown setting 'prot': did you mean 'port'?");
  EXPECT_EQ(refusal("\n\nport = 'x'\n"), "f.toml:3: port: 'x' is not a number from 1 to 65535");
  EXPECT_TRUE(refusal("id = \n").starts_with("f.toml:1: "));
}

// Given a file with the word to found a cluster, when read, then it is refused: a file stays, and
// would found a second cluster when the disk was lost.
TEST(ConfigFile, TheWordToFoundAClusterIsNotTakenFromAFile) {
  for (const char* text : {"bootstrap = true\n", "bootstrap = false\n"}) {
    EXPECT_TRUE(refusal(text).starts_with("f.toml:1: bootstrap is given on the command line only"))
        << text;
  }
}

// Given a password that is refused, when read, then the refusal does not repeat it.
TEST(ConfigFile, ARefusedPasswordIsNotEchoed) {
  EXPECT_EQ(refusal("requirepass = '" + std::string(513, 's') + "'"),
            "f.toml:1: requirepass: the value is not a text of at most 512 bytes");
}

// Given values of kinds that no setting has, when read, then they are refused.
TEST(ConfigFile, TablesListsOfSingleSettingsAndFractionsAreRefused) {
  for (const char* text : {"port = 1.5", "port = [1, 2]", "[server]\nport = 1",
                           "member = [['1=h:1']]", "data = 2020-01-01", "port = -1"}) {
    EXPECT_NE(refusal(text), "") << text;
  }
}

// Given settings with awkward characters, when written and read, then they are the same settings.
TEST(ConfigFile, WhatIsWrittenReadsAsTheSameSettings) {
  Settings settings;
  settings.id = 2;
  settings.cluster_id = "local";
  settings.members = {{ReplicaId{1}, {"127.0.0.1", 1}}, {ReplicaId{3}, {"::1", 3}}};
  settings.port = 7002;
  settings.data = "/tmp/with \"quotes\" \\ and \n\x7f\x01 \xc3\xa9";
  settings.durability = Durability::memory;
  settings.require_pass = "123";
  settings.key_bytes_max = 7;
  settings.value_bytes_max = 77;
  ASSERT_TRUE(complete(settings).ok());
  Settings read;
  const Status status = assign_from_toml(read, to_toml(settings), "f.toml");
  ASSERT_TRUE(status.ok()) << status.message();
  for (const SettingRow& row : setting_rows()) {
    EXPECT_EQ(row.type.print(read), row.type.print(settings)) << row.name;
  }
}

// Given settings with the word to found a cluster, when written, then the word is not kept.
TEST(ConfigFile, TheWordToFoundAClusterIsNotWritten) {
  Settings settings;
  settings.bootstrap = true;
  EXPECT_EQ(to_toml(settings).find("bootstrap"), std::string::npos);
}

// Given no file, a directory, and a file of more than a MiB, when read, then each is refused by
// name.
TEST(ConfigFile, WhatCannotBeAConfigurationFileIsRefused) {
  const std::string directory = testing::TempDir() + "config_file_test";
  std::filesystem::create_directories(directory);
  Settings settings;
  EXPECT_EQ(assign_from_file(settings, directory + "/missing").code(), Code::not_found);
  EXPECT_FALSE(assign_from_file(settings, directory).ok());
  const std::string large = directory + "/large";
  ASSERT_TRUE(write_text_file(large, std::string(text_file_bytes_max + 1, '#')).ok());
  EXPECT_TRUE(assign_from_file(settings, large).message().starts_with(large));
  ASSERT_TRUE(write_text_file(large, "#" + std::string(text_file_bytes_max - 1, '#')).ok());
  EXPECT_TRUE(assign_from_file(settings, large).ok());
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace rabia::apps
