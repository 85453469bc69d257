#include "rabia_server/command_line.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "settings/text_file.h"

namespace rabia::apps {
namespace {

Result<Invocation> parse(std::vector<const char*> words) {
  words.insert(words.begin(), "rabia-server");
  return parse_command_line(static_cast<int>(words.size()), words.data());
}

std::string refusal(std::vector<const char*> words) {
  return parse(std::move(words)).status().message();
}

// Given flags in both spellings, when parsed, then the settings are complete.
TEST(CommandLine, flags_alone_are_enough) {
  const auto parsed = parse({"--id", "1", "--cluster-id=c", "--data", "/d", "--port", "7001",
                             "--member", "2=h:2", "--member", "3=h:3", "--bootstrap"});
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  const Settings& settings = parsed.value().settings;
  EXPECT_FALSE(parsed.value().answer);
  EXPECT_EQ(settings.members.size(), 3U);
  EXPECT_EQ(settings.peer_port, 17001);
  EXPECT_TRUE(settings.bootstrap);
}

// Given a file and flags that say otherwise, when parsed, then the flags win, and a list of members
// is replaced as a whole.
TEST(CommandLine, flags_win_over_the_file) {
  const std::string file = testing::TempDir() + "command_line_test.toml";
  ASSERT_TRUE(write_text_file(file,
                              "id = 1\ncluster-id = 'c'\ndata = '/d'\nport = 7001\n"
                              "member = ['2=h:2']\nbootstrap = true\n")
                  .ok());
  const auto parsed =
      parse({"--port", "7009", "--config", file.c_str(), "--member", "5=h:5", "--bootstrap=false"});
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  const Settings& settings = parsed.value().settings;
  EXPECT_EQ(settings.id, 1);
  EXPECT_EQ(settings.port, 7009);
  EXPECT_FALSE(settings.bootstrap);
  ASSERT_EQ(settings.members.size(), 2U);
  EXPECT_EQ(settings.members[1].id, ReplicaId{5});
  std::filesystem::remove(file);
}

// Given a misspelt flag, when parsed, then the refusal names the nearest one.
TEST(CommandLine, an_unknown_flag_is_refused_with_the_nearest_one) {
  EXPECT_EQ(refusal({"--ids", "1"}), "unknown setting 'ids': did you mean 'id'?");
  EXPECT_EQ(refusal({"--prot=7001"}), "unknown setting 'prot': did you mean 'port'?");
}

// Given words that are no flags, a flag without its value, or a bad value, then it is refused.
TEST(CommandLine, malformed_command_lines_are_refused) {
  EXPECT_EQ(refusal({"start"}), "unexpected argument 'start'");
  EXPECT_NE(refusal({"--port"}), "");
  EXPECT_EQ(refusal({"--port", "0"}), "port: '0' is not a number from 1 to 65535");
  EXPECT_EQ(refusal({"--bootstrap=maybe"}), "bootstrap: 'maybe' is not true or false");
  EXPECT_TRUE(refusal({}).starts_with("id is required"));
}

// Given --help, when parsed, then the answer describes every setting; --version gives the version.
TEST(CommandLine, help_describes_every_setting) {
  const auto help = parse({"--help"});
  ASSERT_TRUE(help.ok());
  ASSERT_TRUE(help.value().answer);
  for (const SettingRow& row : setting_rows()) {
    EXPECT_NE(help.value().answer->find("--" + std::string(row.name)), std::string::npos)
        << row.name;
  }
  EXPECT_EQ(parse({"--version"}).value().answer, "rabia-server " RABIA_VERSION "\n");
}

}  // namespace
}  // namespace rabia::apps
