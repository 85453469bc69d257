#include "rabia_server/command_line.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "settings/environment.h"
#include "settings/table.h"
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
TEST(CommandLine, FlagsAloneAreEnough) {
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
TEST(CommandLine, FlagsWinOverTheFile) {
  const std::string file = testing::TempDir() + "command_line_test.toml";
  ASSERT_TRUE(write_text_file(file,
                              "id = 1\ncluster-id = 'c'\ndata = '/d'\nport = 7001\n"
                              "member = ['2=h:2']\n")
                  .ok());
  const auto parsed = parse({"--port", "7009", "--config", file.c_str(), "--member", "5=h:5"});
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  const Settings& settings = parsed.value().settings;
  EXPECT_EQ(settings.id, 1);
  EXPECT_EQ(settings.port, 7009);
  ASSERT_EQ(settings.members.size(), 2U);
  EXPECT_EQ(settings.members[1].id, ReplicaId{5});
  std::filesystem::remove(file);
}

// Given a password in the file, in the environment and as a flag, when parsed, then the flag wins
// over the environment, and that over the file; an empty variable says nothing.
TEST(CommandLine, ThePasswordMayComeFromTheEnvironment) {
  const std::string file = testing::TempDir() + "command_line_password_test.toml";
  ASSERT_TRUE(write_text_file(file,
                              "id = 1\ncluster-id = 'c'\ndata = '/d'\n"
                              "requirepass = 'of the file'\n")
                  .ok());
  const auto password = [&](std::vector<const char*> words) {
    words.insert(words.end(), {"--config", file.c_str()});
    return parse(std::move(words)).value().settings.require_pass;
  };
  setenv(password_variable, "", 1);
  EXPECT_EQ(password({}), "of the file");
  setenv(password_variable, "of the environment", 1);
  EXPECT_EQ(password({}), "of the environment");
  EXPECT_EQ(password({"--requirepass", "of the flag"}), "of the flag");
  unsetenv(password_variable);
  std::filesystem::remove(file);
}

// Given flags by Redis's names and with underscores, when parsed, then they are taken.
TEST(CommandLine, NamesMayBeThoseOfRedisAndHaveUnderscores) {
  const auto parsed = parse({"--id=1", "--cluster_id", "c", "--dir=/with_under/score", "--loglevel",
                             "verbose", "--snapshot_compression=0"});
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  EXPECT_EQ(parsed.value().settings.data, "/with_under/score");
  EXPECT_EQ(parsed.value().settings.log_level, io::Level::debug);
  EXPECT_EQ(parsed.value().settings.snapshot_compression, 0U);
}

// Given settings in the environment, when parsed, then they win over the file and not over flags.
TEST(CommandLine, EverySettingMayComeFromTheEnvironment) {
  setenv("RABIA_ID", "4", 1);
  setenv("RABIA_PORT", "7004", 1);
  setenv("RABIA_MEMBER", "1=h:1 2=h:2", 1);
  const auto parsed = parse({"--cluster-id=c", "--data=/d", "--port=7005"});
  setenv("RABIA_PORT", "0", 1);
  const std::string refused = refusal({});
  for (const char* name : {"RABIA_ID", "RABIA_PORT", "RABIA_MEMBER"}) unsetenv(name);
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  EXPECT_EQ(parsed.value().settings.id, 4);
  EXPECT_EQ(parsed.value().settings.port, 7005);
  EXPECT_EQ(parsed.value().settings.members.size(), 3U);
  EXPECT_EQ(refused, "RABIA_PORT: port: '0' is not a number from 1 to 65535");
}

// Given a flag twice, as by a script that adds to a line that is given, when parsed, then the last
// one counts.
TEST(CommandLine, TheLastOfTwoFlagsWins) {
  const auto parsed = parse({"--id=1", "--cluster-id=c", "--data=/d", "--port=1", "--port=7001"});
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  EXPECT_EQ(parsed.value().settings.port, 7001);
}

// Given a misspelt flag, when parsed, then the refusal names the nearest one.
TEST(CommandLine, AnUnknownFlagIsRefusedWithTheNearestOne) {
  EXPECT_EQ(refusal({"--ids", "1"}), "unknown setting 'ids': did you mean 'id'?");
  EXPECT_EQ(refusal({"--prot=7001"}), "unknown setting 'prot': did you mean 'port'?");
}

// Given words that are no flags, a flag without its value, or a bad value, then it is refused.
TEST(CommandLine, MalformedCommandLinesAreRefused) {
  EXPECT_EQ(refusal({"start"}), "unexpected argument 'start'");
  EXPECT_NE(refusal({"--port"}), "");
  EXPECT_EQ(refusal({"--port", "0"}), "port: '0' is not a number from 1 to 65535");
  EXPECT_EQ(refusal({"--bootstrap=maybe"}), "bootstrap: 'maybe' is not true or false");
  EXPECT_TRUE(refusal({}).starts_with("id is required"));
}

// Given --help, when parsed, then the answer describes every setting; --version gives the version.
TEST(CommandLine, HelpDescribesEverySetting) {
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
