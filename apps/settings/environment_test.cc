#include "settings/environment.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

namespace rabia::apps {
namespace {

// These variables, and none of them afterwards.
class WithVariables {
 public:
  explicit WithVariables(std::map<std::string, std::string> variables)
      : variables_(std::move(variables)) {
    for (const auto& [name, value] : variables_) setenv(name.c_str(), value.c_str(), 1);
  }
  ~WithVariables() {
    for (const auto& [name, value] : variables_) unsetenv(name.c_str());
  }
  WithVariables(const WithVariables&) = delete;
  WithVariables& operator=(const WithVariables&) = delete;

 private:
  std::map<std::string, std::string> variables_;
};

std::string refusal(std::map<std::string, std::string> variables) {
  const WithVariables set(std::move(variables));
  Settings settings;
  return assign_from_environment(settings).message();
}

// Given every setting that a file may have, when the environment gives it by its name in capitals,
// or by Redis's, then it is taken.
TEST(Environment, EverySettingOfTheFileMayBeGiven) {
  for (const SettingRow& row : setting_rows()) {
    const WithVariables set(std::map<std::string, std::string>{{variable_of(row), "x"}});
    const auto found = setting_variables();
    EXPECT_EQ(found.ok(), row.change != Change::never) << row.name;
    if (!found.ok()) continue;
    ASSERT_EQ(found.value().size(), 1U) << row.name;
    EXPECT_EQ(found.value().front().row, &row);
  }
  Settings settings;
  const WithVariables set({{"RABIA_DIR", "/d"}, {"RABIA_SNAPSHOT_COMPRESSION", "9"}});
  ASSERT_TRUE(assign_from_environment(settings).ok());
  EXPECT_EQ(settings.data, "/d");
  EXPECT_EQ(settings.snapshot_compression, 9U);
}

// Given an empty variable, and others that only begin like ours, then they give nothing.
TEST(Environment, WhatIsEmptyOrOfOthersGivesNothing) {
  EXPECT_EQ(refusal({{"RABIA_PORT", ""},
                     {"RABIA_HOME", "/opt/rabia"},
                     {"RABIA_SERVICE_HOST", "10.0.0.1"},
                     {"RABIA_", "x"},
                     {"MY_RABIA_PORT", "x"}}),
            "");
}

// Given a slip of a name, what only the command line may give, a bad value, and one setting by two
// names, when the environment has them, then each is refused, and no password is repeated.
TEST(Environment, MistakesAreRefusedByTheNameOfTheVariable) {
  EXPECT_EQ(refusal({{"RABIA_REQUIREPAS", "secret"}}),
            "the environment has RABIA_REQUIREPAS, which is no setting: did you mean "
            "RABIA_REQUIREPASS? If not, unset it");
  EXPECT_EQ(refusal({{"RABIA_REJOIN", "true"}}),
            "rejoin is given on the command line only (--rejoin): unset RABIA_REJOIN");
  EXPECT_EQ(refusal({{"RABIA_MAXCLIENTS", "many"}}),
            "RABIA_MAXCLIENTS: maxclients: 'many' is not a number from 1 to 1000000");
  EXPECT_NE(refusal({{"RABIA_DIR", "/d"}, {"RABIA_DATA", "/d"}}).find("are the same setting"),
            std::string::npos);
  EXPECT_EQ(refusal({{"RABIA_REQUIREPASS", std::string(513, 's')}}),
            "RABIA_REQUIREPASS: requirepass: the value is not a text of at most 512 bytes");
}

// Given settings in the environment, when they are unset, then nothing else is.
TEST(Environment, SettingsCanBeTakenOutOfIt) {
  const WithVariables set({{"RABIA_PORT", "1"}, {"RABIA_DIR", "/d"}, {"RABIA_HOME", "/x"}});
  unset_setting_variables();
  EXPECT_EQ(getenv("RABIA_PORT"), nullptr);
  EXPECT_EQ(getenv("RABIA_DIR"), nullptr);
  EXPECT_NE(getenv("RABIA_HOME"), nullptr);
}

}  // namespace
}  // namespace rabia::apps
