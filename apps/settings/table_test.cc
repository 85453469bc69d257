#include "settings/table.h"

#include <gtest/gtest.h>

#include <set>

#include "settings/settings.h"

namespace rabia::apps {
namespace {

// Given the table, when each default is printed and parsed again, then it is the default: help
// never promises what the parser refuses. (What is required has no default.)
TEST(SettingsTable, EveryDefaultIsAcceptedByItsOwnRow) {
  const Settings defaults;
  for (const SettingRow& row : setting_rows()) {
    const std::string text = row.type.print(defaults);
    if (row.required) continue;
    Settings settings;
    EXPECT_TRUE(assign(settings, row.name, text).ok()) << row.name;
    EXPECT_EQ(row.type.print(settings), text) << row.name;
  }
}

// Given the table, then no two settings answer to one name, ours or Redis's, and each is found by
// all of its names, in capitals and with underscores too.
TEST(SettingsTable, NamesAreUniqueAndFound) {
  std::set<std::string_view> names;
  for (const SettingRow& row : setting_rows()) {
    for (const std::string_view name : {row.name, row.redis_name}) {
      if (name.empty()) continue;
      EXPECT_TRUE(names.insert(name).second) << name;
      EXPECT_EQ(find_setting(name), &row) << name;
    }
    const std::string variable = variable_of(row);
    EXPECT_EQ(find_setting(std::string_view(variable).substr(6)), &row) << variable;
  }
  EXPECT_EQ(find_setting("snapshot_compression"), find_setting("snapshot-compression"));
  EXPECT_EQ(find_setting("dir"), find_setting("data"));
  EXPECT_EQ(find_setting(""), nullptr);
  EXPECT_EQ(find_setting("por"), nullptr);
  EXPECT_EQ(find_setting("portx"), nullptr);
}

// Given numeric settings, when their bounds are assigned, then those are accepted and what lies
// just outside is not.
TEST(SettingsTable, RangesIncludeTheirBoundsAndNothingBeyond) {
  for (const SettingRow& row : setting_rows()) {
    if (!row.type.numeric()) continue;
    Settings settings;
    EXPECT_TRUE(assign(settings, row.name, std::to_string(row.type.least)).ok()) << row.name;
    EXPECT_TRUE(assign(settings, row.name, std::to_string(row.type.most)).ok()) << row.name;
    EXPECT_FALSE(assign(settings, row.name, std::to_string(row.type.most + 1)).ok()) << row.name;
    if (row.type.least == 0) continue;
    EXPECT_FALSE(assign(settings, row.name, std::to_string(row.type.least - 1)).ok()) << row.name;
  }
}

// Given a misspelt name, when assigned, then the refusal names the nearest setting that exists.
TEST(SettingsTable, AnUnknownNameIsRefusedWithTheNearestOne) {
  Settings settings;
  const Status status = assign(settings, "max-clients", "5");
  EXPECT_EQ(status.code(), Code::invalid_argument);
  EXPECT_EQ(status.message(), "unknown setting 'max-clients': did you mean 'maxclients'?");
}

// Given a name like no setting, when assigned, then no setting is guessed at.
TEST(SettingsTable, ANameLikeNoSettingIsNotGuessedAt) {
  Settings settings;
  for (const char* name : {"x", "foo", "tls-certificate-file", ""}) {
    EXPECT_EQ(assign(settings, name, "5").message(),
              "unknown setting '" + std::string(name) + "': rabia-server --help lists all");
  }
}

// Given a bad value, when assigned, then the refusal names the setting, the value and what is
// taken.
TEST(SettingsTable, ABadValueIsRefusedWithWhatIsAccepted) {
  Settings settings;
  EXPECT_EQ(assign(settings, "port", "70000").message(),
            "port: '70000' is not a number from 1 to 65535");
  EXPECT_EQ(assign(settings, "durability", "fast").message(),
            "durability: 'fast' is not always, os or memory");
  EXPECT_EQ(settings.port, Settings{}.port);
}

// Given the table, then what help says of values comes from their types.
TEST(SettingsTable, SaysWhatItAcceptsAndWhatIsTheDefault) {
  const auto of = [](std::string_view name) {
    return accepted(*find_setting(name)) + "; " + shown_default(*find_setting(name));
  };
  EXPECT_EQ(of("value-bytes-max"), "a number of bytes from 1 to 30MiB; 16MiB");
  EXPECT_EQ(of("snapshot-every-seconds"), "a number of seconds from 1 to 31536000; 3600");
  EXPECT_EQ(of("log-level"), "debug, info, warning, error or off; info");
  EXPECT_EQ(of("bootstrap"), "true or false; false");
  EXPECT_EQ(of("id"), "a number from 1 to 65535; ");
}

}  // namespace
}  // namespace rabia::apps
