#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "base/block_buffer.h"
#include "io/files.h"
#include "io/real_runtime.h"

namespace rabia::io {
namespace {

// A fresh directory for each test.
class RealFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "rabia_io_XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  [[nodiscard]] std::string path(const std::string& name) const { return directory_ + "/" + name; }

  std::string directory_;
  std::unique_ptr<FileSystem> files_ = make_real_file_system();
};

// Given a new file, when written at offsets, truncated, synced and read, then the bytes are there,
// gaps are zeros, and reads stop at the end.
TEST_F(RealFilesTest, ReadsGiveWhatWasWritten) {
  auto made = files_->open(path("f"), OpenMode::create_read_write);
  ASSERT_TRUE(made.ok()) << made.status().message();
  File& file = *made.value();
  ASSERT_TRUE(file.write_at(3, "def").ok());
  ASSERT_TRUE(file.write_at(0, "a").ok());
  ASSERT_TRUE(file.sync().ok());
  ASSERT_TRUE(files_->sync_directory(directory_).ok());
  std::string bytes = "old";
  ASSERT_TRUE(file.read_at(0, 100, bytes).ok());
  EXPECT_EQ(bytes, std::string("a\0\0def", 6));
  ASSERT_TRUE(file.read_at(4, 1, bytes).ok());
  EXPECT_EQ(bytes, "e");
  ASSERT_TRUE(file.read_at(50, 10, bytes).ok());
  EXPECT_EQ(bytes, "");
  EXPECT_EQ(file.size().value(), 6U);
  ASSERT_TRUE(file.truncate(2).ok());
  EXPECT_EQ(file.size().value(), 2U);
}

// Given blocks, when written past the operating system's memory, in several files and places, then
// others read them, and the modes keep their promises, whether or not the file system can do that.
TEST_F(RealFilesTest, DirectWritesAreReadByOthers) {
  base::BlockBuffer blocks(2);
  std::fill_n(blocks.data(), blocks.size(), 'x');
  auto made = files_->open(path("f"), OpenMode::create_write_direct);
  ASSERT_TRUE(made.ok()) << made.status().message();
  ASSERT_TRUE(made.value()->write_at(0, blocks.first(2 * base::block_bytes)).ok());
  auto reader = files_->open(path("f"), OpenMode::read);
  std::string bytes;
  ASSERT_TRUE(reader.value()->read_at(base::block_bytes, 10, bytes).ok());
  EXPECT_EQ(bytes, "xxxxxxxxxx");
  blocks.data()[3] = 'y';
  auto again = files_->open(path("f"), OpenMode::write_direct);
  ASSERT_TRUE(again.ok()) << again.status().message();
  ASSERT_TRUE(again.value()->write_at(base::block_bytes, blocks.first(base::block_bytes)).ok());
  ASSERT_TRUE(again.value()->sync().ok());
  ASSERT_TRUE(reader.value()->read_at(base::block_bytes, 10, bytes).ok());
  EXPECT_EQ(bytes, "xxxyxxxxxx");
  EXPECT_EQ(again.value()->size().value(), 2 * base::block_bytes);
  EXPECT_EQ(files_->open(path("f"), OpenMode::create_write_direct).status().code(),
            Code::already_exists);
  EXPECT_EQ(files_->open(path("g"), OpenMode::write_direct).status().code(), Code::not_found);
}

// Given modes of opening and files that are there or not, when opened, then each mode keeps its
// promise and errors carry path, reason and code.
TEST_F(RealFilesTest, OpenModesKeepTheirPromises) {
  const auto missing = files_->open(path("f"), OpenMode::read_write);
  EXPECT_EQ(missing.status().code(), Code::not_found);
  EXPECT_NE(missing.status().message().find(path("f") + ": No such file"), std::string::npos);
  ASSERT_TRUE(files_->open(path("f"), OpenMode::create_read_write).ok());
  EXPECT_EQ(files_->open(path("f"), OpenMode::create_read_write).status().code(),
            Code::already_exists);
  EXPECT_TRUE(files_->open(path("f"), OpenMode::read_write).value()->write_at(0, "x").ok());
  EXPECT_EQ(files_->open(path("f"), OpenMode::read).value()->write_at(0, "x").code(),
            Code::io_error);
}

// Given names in directories, when created, renamed, listed and removed, then the listing follows,
// sorted.
TEST_F(RealFilesTest, NamesFollowTheCalls) {
  ASSERT_TRUE(files_->create_directories(path("d/e")).ok());
  ASSERT_TRUE(files_->create_directories(path("d/e")).ok());
  ASSERT_TRUE(files_->open(path("d/z"), OpenMode::create_read_write).ok());
  ASSERT_TRUE(files_->rename(path("d/z"), path("d/b")).ok());
  ASSERT_TRUE(files_->open(path("d/a"), OpenMode::create_read_write).ok());
  EXPECT_EQ(files_->list(path("d")).value(), (std::vector<std::string>{"a", "b", "e"}));
  ASSERT_TRUE(files_->remove(path("d/a")).ok());
  EXPECT_FALSE(files_->exists(path("d/a")).value());
  EXPECT_TRUE(files_->exists(path("d/b")).value());
  EXPECT_EQ(files_->remove(path("d/a")).code(), Code::not_found);
  EXPECT_EQ(files_->list(path("none")).status().code(), Code::not_found);
  EXPECT_EQ(files_->sync_directory(path("none")).code(), Code::not_found);
}

// Given a held lock, when locked again, then it is unavailable and the message names the process;
// when released, then it can be taken.
TEST_F(RealFilesTest, ALockIsExclusiveAndNamesItsHolder) {
  auto held = files_->lock(path("LOCK"));
  ASSERT_TRUE(held.ok()) << held.status().message();
  const auto second = files_->lock(path("LOCK"));
  EXPECT_EQ(second.status().code(), Code::unavailable);
  EXPECT_NE(second.status().message().find("held by process " + std::to_string(::getpid())),
            std::string::npos);
  held.value().reset();
  EXPECT_TRUE(files_->lock(path("LOCK")).ok());
}

// Given a process that dies while it holds the lock, when it is gone, then the lock can be taken.
TEST_F(RealFilesTest, ALockDiesWithItsProcess) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto held = files_->lock(path("LOCK"));
    ::_exit(held.ok() ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  EXPECT_TRUE(files_->lock(path("LOCK")).ok());
}

// Given a file that is written, then it was modified in the seconds around that; given none, then
// it is not found.
TEST_F(RealFilesTest, TellsWhenAFileWasModified) {
  const auto clock = [] {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  };
  const auto before = clock();
  ASSERT_TRUE(
      files_->open(path("new"), OpenMode::create_read_write).value()->write_at(0, "x").ok());
  const auto modified_at = files_->modified_at(path("new"));
  ASSERT_TRUE(modified_at.ok()) << modified_at.status().message();
  EXPECT_GE(modified_at.value(), before);
  EXPECT_LE(modified_at.value(), clock() + std::chrono::seconds(1));
  EXPECT_EQ(files_->modified_at(path("none")).status().code(), Code::not_found);
}

// Given one boot of the machine, when asked twice, then the boot id is the same and not empty.
TEST_F(RealFilesTest, BootIdIsStable) {
  const auto id = files_->boot_id();
  ASSERT_TRUE(id.ok());
  EXPECT_EQ(id.value().size(), 36U);
  EXPECT_EQ(files_->boot_id().value(), id.value());
}

// Given a directory, when asked what is free there, then it is what the system says; of one that is
// not there, an error that names it.
TEST_F(RealFilesTest, FreeBytesAreWhatTheSystemSays) {
  const auto available = [this] { return std::filesystem::space(directory_).available; };
  std::uintmax_t before = 0;
  std::uint64_t free = 0;
  std::uintmax_t after = 1;
  while (before != after) {  // Others write meanwhile.
    before = available();
    const auto asked = files_->free_bytes(directory_);
    ASSERT_TRUE(asked.ok()) << asked.status().message();
    free = asked.value();
    after = available();
  }
  EXPECT_EQ(free, before);
  const auto missing = files_->free_bytes(path("missing"));
  EXPECT_EQ(missing.status().code(), Code::not_found);
  EXPECT_NE(missing.status().message().find(path("missing")), std::string::npos);
}

}  // namespace
}  // namespace rabia::io
