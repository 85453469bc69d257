#include "io/testing/memory_files.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace rabia::io::testing {
namespace {

constexpr std::uint64_t seeds = 300;

std::string content(FileSystem& files, const std::string& path) {
  auto file = files.open(path, OpenMode::read);
  if (!file.ok()) return "<" + std::string(name_of(file.status().code())) + ">";
  std::string bytes;
  EXPECT_TRUE(file.value()->read_at(0, 1 << 20, bytes).ok());
  return bytes;
}

std::unique_ptr<File> create(FileSystem& files, const std::string& path, std::string_view bytes) {
  auto file = files.open(path, OpenMode::create_read_write);
  EXPECT_TRUE(file.ok()) << file.status().message();
  EXPECT_TRUE(file.value()->write_at(0, bytes).ok());
  return file.take();
}

// Given a file that was written and synced, and its directory synced, when power fails, then every
// byte is there.
TEST(MemoryFiles, WhatWasSyncedSurvives) {
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    base::Random random(seed);
    MemoryFileSystem files;
    ASSERT_TRUE(files.create_directories("data").ok());
    ASSERT_TRUE(files.sync_directory("").ok());
    ASSERT_TRUE(create(files, "data/log", "hello")->sync().ok());
    ASSERT_TRUE(files.sync_directory("data").ok());
    files.crash(random);
    EXPECT_EQ(content(files, "data/log"), "hello");
  }
}

// Given a synced file whose directory was not synced, when power fails often, then sometimes the
// name is gone, and when it is there the bytes are.
TEST(MemoryFiles, ANameNotSyncedMayVanish) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    base::Random random(seed);
    MemoryFileSystem files;
    ASSERT_TRUE(create(files, "log", "hello")->sync().ok());
    files.crash(random);
    seen.insert(content(files, "log"));
  }
  EXPECT_EQ(seen, (std::set<std::string>{"hello", "<not_found>"}));
}

// Given ten synced sectors all overwritten without a sync, when power fails, then every sector is
// old or new, at most one is torn (new bytes before old ones), and all three cases occur.
TEST(MemoryFiles, SectorsNotSyncedAreKeptLostOrTorn) {
  const std::size_t sector = MemoryFileSystem::sector_bytes;
  bool kept = false;
  bool lost = false;
  bool torn = false;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    base::Random random(seed);
    MemoryFileSystem files;
    auto file = create(files, "log", std::string(10 * sector, 'o'));
    ASSERT_TRUE(file->sync().ok());
    files.sync_all();
    ASSERT_TRUE(file->write_at(0, std::string(10 * sector, 'n')).ok());
    files.crash(random);
    const std::string bytes = content(files, "log");
    ASSERT_EQ(bytes.size(), 10 * sector);
    int torn_sectors = 0;
    for (std::size_t i = 0; i < 10; ++i) {
      const std::string one = bytes.substr(i * sector, sector);
      const std::size_t news = one.find_first_not_of('n');
      kept |= news == std::string::npos;
      lost |= news == 0;
      if (news == std::string::npos || news == 0) continue;
      ++torn_sectors;
      EXPECT_EQ(one.find_first_not_of('o', news), std::string::npos);
    }
    EXPECT_LE(torn_sectors, 1);
    torn |= torn_sectors > 0;
  }
  EXPECT_TRUE(kept && lost && torn);
}

// Given an append that was not synced, when power fails, then what had been synced is untouched and
// the file ends anywhere between the old and the new end.
TEST(MemoryFiles, AnAppendNotSyncedNeverHarmsWhatWasSynced) {
  std::set<std::size_t> sizes;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    base::Random random(seed);
    MemoryFileSystem files;
    auto file = create(files, "log", std::string(700, 'o'));
    ASSERT_TRUE(file->sync().ok());
    files.sync_all();
    ASSERT_TRUE(file->write_at(700, std::string(2000, 'n')).ok());
    files.crash(random);
    const std::string bytes = content(files, "log");
    ASSERT_GE(bytes.size(), 700U);
    ASSERT_LE(bytes.size(), 2700U);
    EXPECT_EQ(bytes.substr(0, 700), std::string(700, 'o'));
    sizes.insert(bytes.size());
  }
  EXPECT_TRUE(sizes.contains(700) && sizes.contains(2700) && sizes.size() > 10);
}

// Given a new file renamed over an old one without a directory sync, when power fails, then the
// name holds the old or the new content, never neither; with the sync, the new.
TEST(MemoryFiles, RenameIsAtomicAndDurableAfterADirectorySync) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    const bool synced = seed % 2 == 0;
    base::Random random(seed);
    MemoryFileSystem files;
    ASSERT_TRUE(create(files, "current", "old")->sync().ok());
    ASSERT_TRUE(files.sync_directory("/").ok());
    ASSERT_TRUE(create(files, "new", "new")->sync().ok());
    ASSERT_TRUE(files.rename("new", "current").ok());
    EXPECT_EQ(content(files, "current"), "new");
    if (synced) {
      ASSERT_TRUE(files.sync_directory("/").ok());
    }
    files.crash(random);
    const std::string found = content(files, "current");
    if (synced) {
      EXPECT_EQ(found, "new");
    } else {
      seen.insert(found);
    }
  }
  EXPECT_EQ(seen, (std::set<std::string>{"old", "new"}));
}

// Given a removal that was not synced, when power fails often, then the file sometimes comes back.
TEST(MemoryFiles, ARemovalNotSyncedMayBeUndone) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    base::Random random(seed);
    MemoryFileSystem files;
    create(files, "log", "hello");
    files.sync_all();
    ASSERT_TRUE(files.remove("log").ok());
    files.crash(random);
    seen.insert(content(files, "log"));
  }
  EXPECT_EQ(seen, (std::set<std::string>{"hello", "<not_found>"}));
}

// Given equal seeds and calls, when power fails, then what is left is equal.
TEST(MemoryFiles, ACrashRepeatsWithItsSeed) {
  const auto run = [](std::uint64_t seed) {
    base::Random random(seed);
    MemoryFileSystem files;
    auto file = create(files, "log", std::string(5000, 'o'));
    files.sync_all();
    EXPECT_TRUE(file->write_at(100, std::string(9000, 'n')).ok());
    files.crash(random);
    return content(files, "log");
  };
  EXPECT_EQ(run(3), run(3));
  EXPECT_NE(run(3), run(4));
}

// Given a failed sync, when a later sync says ok and power fails, then what the failed one should
// have made durable is not there, what was written after it is.
TEST(MemoryFiles, AFailedSyncIsNotMendedByALaterOne) {
  base::Random random(1);
  MemoryFileSystem files;
  auto file = create(files, "log", std::string(512, 'o'));
  files.sync_all();
  ASSERT_TRUE(file->write_at(0, std::string(512, 'n')).ok());
  files.fail_sync(1);
  EXPECT_EQ(file->sync().code(), Code::io_error);
  EXPECT_EQ(content(files, "log"), std::string(512, 'n'));
  ASSERT_TRUE(file->write_at(512, std::string(512, 'm')).ok());
  EXPECT_TRUE(file->sync().ok());
  files.crash(random);
  EXPECT_EQ(content(files, "log"), std::string(512, 'o') + std::string(512, 'm'));
}

// Given a fault on the second write, when three are made, then only that one fails, half done.
TEST(MemoryFiles, TheNthWriteFailsInTheMiddle) {
  MemoryFileSystem files;
  auto file = create(files, "log", "");
  files.fail_write(2);
  EXPECT_TRUE(file->write_at(0, "aaaa").ok());
  EXPECT_EQ(file->write_at(4, "bbbb").code(), Code::io_error);
  EXPECT_EQ(content(files, "log"), "aaaabb");
  EXPECT_TRUE(file->write_at(4, "cccc").ok());
}

// Given room for 10 bytes, when more are appended, then the write fails as exhausted and changes
// nothing; overwriting still works; removing makes room.
TEST(MemoryFiles, AFullDiskRefusesGrowth) {
  MemoryFileSystem files;
  auto first = create(files, "first", "12345678");
  auto second = create(files, "second", "");
  files.set_capacity(10);
  EXPECT_EQ(second->write_at(0, "abc").code(), Code::exhausted);
  EXPECT_EQ(content(files, "second"), "");
  EXPECT_TRUE(first->write_at(0, "87654321").ok());
  ASSERT_TRUE(files.remove("first").ok());
  EXPECT_TRUE(second->write_at(0, "abc").ok());
}

// Given a disk of 10 bytes, when files grow, are overwritten and go, and when something else takes
// room, then what is free is what may still be written, and never less than nothing.
TEST(MemoryFiles, FreeBytesAreWhatMayStillBeWritten) {
  MemoryFileSystem files;
  files.set_capacity(10);
  EXPECT_EQ(files.free_bytes("").value(), 10U);
  auto file = create(files, "first", "12345678");
  EXPECT_EQ(files.free_bytes("first").value(), 2U);
  EXPECT_TRUE(file->write_at(0, "87654321").ok());
  EXPECT_EQ(files.free_bytes("").value(), 2U);
  EXPECT_TRUE(file->write_at(8, "ab").ok());
  EXPECT_EQ(files.free_bytes("").value(), 0U);
  files.set_capacity(4);
  EXPECT_EQ(files.free_bytes("").value(), 0U);
  ASSERT_TRUE(files.remove("first").ok());
  EXPECT_EQ(files.free_bytes("").value(), 4U);
  EXPECT_EQ(files.free_bytes("first").status().code(), Code::not_found);
}

// Given a synced file, when a bit of it flips or its end is cut, then that is what is read, also
// after a crash.
TEST(MemoryFiles, DamageOfTheMediumStays) {
  base::Random random(1);
  MemoryFileSystem files;
  create(files, "log", "abcdef");
  files.sync_all();
  files.flip_bit("log", 8);
  files.cut("log", 4);
  EXPECT_EQ(content(files, "log"), "accd");
  files.crash(random);
  EXPECT_EQ(content(files, "log"), "accd");
}

// Given a held lock, when locked again, then unavailable; when released, or when the process or the
// machine died, then it can be taken, and the dead process's release changes nothing.
TEST(MemoryFiles, LocksExcludeAndDieWithTheProcess) {
  base::Random random(1);
  MemoryFileSystem files;
  auto held = files.lock("LOCK");
  ASSERT_TRUE(held.ok());
  EXPECT_EQ(files.lock("LOCK").status().code(), Code::unavailable);
  held.value().reset();
  auto again = files.lock("LOCK");
  ASSERT_TRUE(again.ok());
  files.kill_process();
  auto next = files.lock("LOCK");
  ASSERT_TRUE(next.ok());
  again.value().reset();
  EXPECT_EQ(files.lock("LOCK").status().code(), Code::unavailable);
  files.crash(random);
  EXPECT_TRUE(files.lock("LOCK").ok());
}

// Given handles and a boot id, when only the process dies, then handles fail, nothing is lost and
// the boot id stays; when the machine does, then the boot id is new.
TEST(MemoryFiles, ADeadProcessLosesHandlesOnly) {
  base::Random random(1);
  MemoryFileSystem files;
  auto file = create(files, "log", "hello");
  const std::string boot = files.boot_id().take();
  files.kill_process();
  EXPECT_EQ(file->write_at(0, "x").code(), Code::io_error);
  EXPECT_EQ(file->sync().code(), Code::io_error);
  EXPECT_EQ(content(files, "log"), "hello");
  EXPECT_EQ(files.boot_id().value(), boot);
  files.crash(random);
  EXPECT_NE(files.boot_id().value(), boot);
}

// Given names in directories, when opened, listed, renamed and removed wrongly, then each mistake
// has its code, as with the real file system.
TEST(MemoryFiles, MistakesHaveTheirCodes) {
  MemoryFileSystem files;
  ASSERT_TRUE(files.create_directories("a/b").ok());
  create(files, "a/b/y", "");
  create(files, "a/b/x", "");
  EXPECT_EQ(files.list("a/b").value(), (std::vector<std::string>{"x", "y"}));
  EXPECT_TRUE(files.exists("/a/b/x").value());
  EXPECT_FALSE(files.exists("a/x").value());
  EXPECT_EQ(files.open("a/z", OpenMode::read).status().code(), Code::not_found);
  EXPECT_EQ(files.open("c/z", OpenMode::create_read_write).status().code(), Code::not_found);
  EXPECT_EQ(files.open("a/b/x", OpenMode::create_read_write).status().code(), Code::already_exists);
  EXPECT_EQ(files.open("a/b", OpenMode::read).status().code(), Code::io_error);
  EXPECT_EQ(files.list("c").status().code(), Code::not_found);
  EXPECT_EQ(files.rename("a/z", "a/b/q").code(), Code::not_found);
  EXPECT_EQ(files.rename("a/b/x", "a/x").code(), Code::invalid_argument);
  EXPECT_EQ(files.remove("a/z").code(), Code::not_found);
  EXPECT_EQ(files.remove("a/b").code(), Code::io_error);
  EXPECT_EQ(files.open("a/b/x", OpenMode::read).value()->write_at(0, "x").code(), Code::io_error);
}

}  // namespace
}  // namespace rabia::io::testing
