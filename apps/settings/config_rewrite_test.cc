#include "settings/config_rewrite.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "settings/config_file.h"
#include "settings/text_file.h"

namespace rabia::apps {
namespace {

std::string rewritten(std::string_view text, const Settings& settings,
                      std::initializer_list<const char*> names) {
  std::vector<const SettingRow*> rows;
  for (const char* name : names) rows.push_back(find_setting(name));
  const auto out = rewrite_toml(text, settings, rows, "f.toml");
  return out.ok() ? out.value() : out.status().message();
}

// Given a file with comments, other spellings of names and odd spaces, when settings in it were
// changed, then their values are other ones, and every other byte is what it was.
TEST(ConfigRewrite, OnlyTheValuesThatChangedChange) {
  Settings settings;
  settings.clients_max = 77;
  settings.require_pass = "p\"w";
  settings.log_level = io::Level::debug;
  settings.key_bytes_max = 8 << 10;
  EXPECT_EQ(rewritten("# mine: maxclients = 5\r\n"
                      "cluster-id = \"h\xc3\xa9\" ; \n",
                      settings, {"maxclients"})
                .substr(0, 9),
            "f.toml:2:");
  EXPECT_EQ(rewritten("# mine: maxclients = 5\r\n"
                      "  maxclients=5   # \xc3\xa9\r\n"
                      "requirepass = 'old # \xc3\xa9' # not secret\n"
                      "\n"
                      "\"loglevel\" = \"notice\"\t# and why\n"
                      "key_bytes_max = '8KiB'\n"
                      "member = [\n  '1=h:1',  # one\n  '2=h:2',\n]\n"
                      "id = 3",
                      settings, {"maxclients", "requirepass", "log-level", "key-bytes-max"}),
            "# mine: maxclients = 5\r\n"
            "  maxclients=77   # \xc3\xa9\r\n"
            "requirepass = \"p\\\"w\" # not secret\n"
            "\n"
            "\"loglevel\" = \"debug\"\t# and why\n"
            "key_bytes_max = '8KiB'\n"
            "member = [\n  '1=h:1',  # one\n  '2=h:2',\n]\n"
            "id = 3");
}

// Given values of several lines, of several on one line, and a mark of the byte order, when they
// were changed, then they are replaced as a whole.
TEST(ConfigRewrite, ValuesOfAnyShapeAreReplaced) {
  Settings settings;
  settings.require_pass = "new";
  settings.clients_max = 9;
  EXPECT_EQ(rewritten("\xef\xbb\xbfmaxclients = 1_0 # x\nrequirepass = '''\nold\nlines''' # y\n",
                      settings, {"requirepass", "maxclients"}),
            "\xef\xbb\xbfmaxclients = 9 # x\nrequirepass = \"new\" # y\n");
  EXPECT_EQ(rewritten("maxclients = 0x10", settings, {"maxclients"}), "maxclients = 9");
}

// Given settings that the file does not have, when changed, then they come at its end on lines of
// their own; one that was changed and is at its default again does not.
TEST(ConfigRewrite, WhatIsNotInTheFileComesAtItsEnd) {
  Settings settings;
  settings.clients_max = 5;
  settings.require_pass = "p";
  EXPECT_EQ(rewritten("id = 1", settings, {"maxclients", "requirepass", "key-bytes-max"}),
            "id = 1\nmaxclients = 5\nrequirepass = \"p\"\n");
  EXPECT_EQ(rewritten("", settings, {"maxclients"}), "maxclients = 5\n");
  settings.clients_max = Settings{}.clients_max;
  EXPECT_EQ(rewritten("maxclients = 3\n", settings, {"maxclients"}), "maxclients = 10000\n");
}

class ConfigRewriteFile : public testing::Test {
 protected:
  ConfigRewriteFile() { std::filesystem::create_directories(directory_); }
  ~ConfigRewriteFile() override { std::filesystem::remove_all(directory_); }
  const std::string directory_ = testing::TempDir() + "config_rewrite_test";
  const std::string file_ = directory_ + "/rabia.toml";
};

// Given a file that only its owner may read, behind a link, when it is rewritten, then it is still
// so, and nothing else is left in its directory; when it is of no use as it is, it is left alone.
TEST_F(ConfigRewriteFile, TheFileKeepsItsPermissionsAndItsName) {
  const std::string link = directory_ + "/link";
  ASSERT_TRUE(write_text_file(file_, "maxclients = 5\n").ok());
  std::filesystem::permissions(file_, std::filesystem::perms{0640});
  std::filesystem::create_symlink("rabia.toml", link);
  Settings settings;
  settings.clients_max = 6;
  const std::vector<const SettingRow*> changed = {find_setting("maxclients")};
  const Status status = rewrite_file(link, settings, changed);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(read_text_file(file_).value(), "maxclients = 6\n");
  EXPECT_EQ(std::filesystem::status(file_).permissions(), std::filesystem::perms{0640});
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  const auto entries = std::filesystem::directory_iterator(directory_);
  EXPECT_EQ(std::distance(begin(entries), end(entries)), 2);

  ASSERT_TRUE(write_text_file(file_, "maxclient = 5\n").ok());
  EXPECT_FALSE(rewrite_file(file_, settings, changed).ok());
  EXPECT_EQ(read_text_file(file_).value(), "maxclient = 5\n");
  std::filesystem::remove(file_);
  EXPECT_EQ(rewrite_file(file_, settings, changed).code(), Code::io_error);
}

}  // namespace
}  // namespace rabia::apps
