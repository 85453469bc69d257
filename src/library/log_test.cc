#include "rabia/log.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "io/log.h"
#include "library/log_quietly.h"

namespace rabia {
namespace {

// Given a program that has said what it wants, when a replica is opened, then that stays.
TEST(Log, IsQuietUnlessTold) {
  std::vector<std::string> lines;
  set_log_sink([&](LogLevel level, std::string_view line) {
    EXPECT_EQ(level, LogLevel::info);
    lines.emplace_back(line);
  });
  library::log_quietly_unless_told();
  io::log(io::Level::info, "test", "unheard");
  set_log_level(LogLevel::info);
  io::log(io::Level::info, "test", "heard");
  library::log_quietly_unless_told();
  io::log(io::Level::info, "test", "still heard");
  set_log_sink({});
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_NE(lines[0].find("message=heard"), std::string::npos) << lines[0];
  EXPECT_NE(lines[1].find("still heard"), std::string::npos) << lines[1];
}

}  // namespace
}  // namespace rabia
