#include "rabia_server/process.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "settings/text_file.h"

namespace rabia::apps {
namespace {

class PidFileTest : public testing::Test {
 protected:
  ~PidFileTest() override { std::filesystem::remove(path_); }
  const std::string path_ = testing::TempDir() + "pid_file_test." + std::to_string(getpid());
};

// Given a pid file, when its object dies, then the file held this process's number, and is gone.
TEST_F(PidFileTest, TheFileHoldsTheProcessWhileTheObjectLives) {
  {
    const Result<PidFile> file = PidFile::write(path_);
    ASSERT_TRUE(file.ok());
    EXPECT_EQ(read_text_file(path_).value(), std::to_string(getpid()) + "\n");
  }
  EXPECT_EQ(read_text_file(path_).status().code(), Code::not_found);
}

// Given a pid file that another process has replaced, when the object dies, then the file stays.
TEST_F(PidFileTest, TheFileOfAnotherProcessIsLeftAlone) {
  {
    const Result<PidFile> file = PidFile::write(path_);
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(write_text_file(path_, "1\n").ok());
  }
  EXPECT_EQ(read_text_file(path_).value(), "1\n");
}

// Given a process that is not the parent, when asked to stop with it, then that is refused.
TEST(StopWithParent, AStrangerIsRefused) {
  EXPECT_FALSE(stop_with_parent(getpid()).ok());
}

// Given any limit of open files, when raised twice, then it is the same both times.
TEST(OpenFilesLimit, IsAtItsHardLimitAfterRaising) {
  const auto raised = raise_open_files_limit();
  ASSERT_TRUE(raised.ok());
  EXPECT_EQ(raise_open_files_limit().value(), raised.value());
}

}  // namespace
}  // namespace rabia::apps
