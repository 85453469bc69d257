#include "storage/data_directory.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "io/testing/memory_files.h"
#include "storage/damage.h"
#include "storage/testing/halting_files.h"

namespace rabia::storage {
namespace {

using io::testing::MemoryFileSystem;

const Identity shop_3{"shop", ReplicaId{3}};

void put(MemoryFileSystem& files, const std::string& path, std::string_view text) {
  auto file = files.open(path, io::OpenMode::create_read_write);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(file.value()->write_at(0, text).ok());
}

std::string get(MemoryFileSystem& files, const std::string& path) {
  std::string text;
  auto file = files.open(path, io::OpenMode::read);
  if (file.ok()) (void)file.value()->read_at(0, 4096, text);
  return text;
}

Code open_code(MemoryFileSystem& files, const Identity& identity) {
  auto opened = DataDirectory::open(files, "a/data", identity);
  return opened.ok() ? Code::ok : opened.status().code();
}

// Given nothing, when the directory is opened, then it is made and new; when it is opened again, it
// is not new.
TEST(DataDirectory, IsNewOnce) {
  MemoryFileSystem files;
  {
    auto first = DataDirectory::open(files, "a/data", shop_3);
    ASSERT_TRUE(first.ok()) << first.status().message();
    EXPECT_TRUE(first.value()->is_new());
  }
  auto second = DataDirectory::open(files, "a/data", shop_3);
  ASSERT_TRUE(second.ok()) << second.status().message();
  EXPECT_FALSE(second.value()->is_new());
}

// The identity is a few lines for people, and a format: these bytes, for ever.
TEST(DataDirectory, GoldenIdentity) {
  MemoryFileSystem files;
  ASSERT_EQ(open_code(files, shop_3), Code::ok);
  EXPECT_EQ(get(files, "a/data/IDENTITY"),
            "# Rabia KV: the data of one replica. Do not edit.\n"
            "format 1\n"
            "cluster shop\n"
            "member 3\n");
}

// Given an open directory, when another process opens it, then it is refused until the first one
// has let go.
TEST(DataDirectory, HasOneUser) {
  MemoryFileSystem files;
  {
    auto first = DataDirectory::open(files, "a/data", shop_3);
    ASSERT_TRUE(first.ok());
    auto second = DataDirectory::open(files, "a/data", shop_3);
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.status().code(), Code::unavailable);
    EXPECT_NE(second.status().message().find("in use"), std::string::npos);
  }
  EXPECT_EQ(open_code(files, shop_3), Code::ok);
}

// Given a directory, when another cluster or member opens it, then it is refused and unchanged.
TEST(DataDirectory, RefusesAnotherIdentity) {
  MemoryFileSystem files;
  ASSERT_EQ(open_code(files, shop_3), Code::ok);
  EXPECT_EQ(open_code(files, {"bank", ReplicaId{3}}), Code::failed_precondition);
  EXPECT_EQ(open_code(files, {"shop", ReplicaId{4}}), Code::failed_precondition);
  EXPECT_EQ(open_code(files, shop_3), Code::ok);
}

// Given the identity of a later format, when it is opened, then it is refused, naming the format.
TEST(DataDirectory, RefusesAnotherFormat) {
  MemoryFileSystem files;
  ASSERT_TRUE(files.create_directories("a/data").ok());
  put(files, "a/data/IDENTITY",
      "# Rabia KV: the data of one replica. Do not edit.\nformat 2\nanything\n");
  auto opened = DataDirectory::open(files, "a/data", shop_3);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.status().code(), Code::failed_precondition);
  EXPECT_NE(opened.status().message().find("format 2"), std::string::npos);
}

// Given files without an identity (a log whose identity was deleted, or somebody's documents), when
// the directory is opened, then it is refused and nothing is written.
TEST(DataDirectory, RefusesFilesWithoutIdentity) {
  MemoryFileSystem files;
  ASSERT_TRUE(files.create_directories("a/data").ok());
  put(files, "a/data/wal-0000000001.log", "x");
  EXPECT_EQ(open_code(files, shop_3), Code::failed_precondition);
  EXPECT_FALSE(files.exists("a/data/IDENTITY").value());
}

// Given an identity file, when it is cut anywhere or one bit of it is flipped, then it is refused.
TEST(DataDirectory, RefusesADamagedIdentity) {
  MemoryFileSystem files;
  ASSERT_EQ(open_code(files, shop_3), Code::ok);
  const std::string path = "a/data/IDENTITY";
  const std::string good = get(files, path);
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    files.flip_bit(path, bit);
    EXPECT_NE(open_code(files, shop_3), Code::ok) << bit;
    files.flip_bit(path, bit);
  }
  for (std::size_t size = good.size(); size-- > 0;) {
    files.cut(path, size);
    EXPECT_NE(open_code(files, shop_3), Code::ok) << size;
  }
}

// Given an identity file that cannot be read, when it is refused, then the message says what to do.
TEST(DataDirectory, RefusalOfADamagedIdentitySaysWhatToDo) {
  MemoryFileSystem files;
  ASSERT_TRUE(files.create_directories("a/data").ok());
  put(files, "a/data/IDENTITY", "something else\n");
  const auto opened = DataDirectory::open(files, "a/data", shop_3);
  ASSERT_EQ(opened.status().code(), Code::corrupted);
  EXPECT_NE(opened.status().message().find(advice_on_damage), std::string::npos);
}

// Given a power failure before any change of the first open, when it is opened again, then it is
// new or whole, never half made; and once open() has returned it is there for good.
TEST(DataDirectory, SurvivesAPowerFailureAnywhere) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    for (std::uint64_t changes = 0; changes < 10; ++changes) {
      MemoryFileSystem files;
      ASSERT_TRUE(files.create_directories("a").ok());
      files.sync_all();
      testing::HaltingFiles halting(files);
      base::Random random(seed);
      halting.halt_after(changes);
      const bool done = DataDirectory::open(halting, "a/data", shop_3).ok();
      files.crash(random);
      auto again = DataDirectory::open(files, "a/data", shop_3);
      ASSERT_TRUE(again.ok()) << again.status().message();
      EXPECT_FALSE(done && again.value()->is_new());
    }
  }
}

// Found by the simulator: a start failed to sync the names that it had made, the next one took them
// for durable, and a power cut took the directory away with everything that was promised in it.
// Given a first open that a failing sync ended, when a second one succeeds and power fails, then
// the directory is there.
TEST(DataDirectory, IsDurableOnceOpenThoughAnEarlierOpenFailedToSyncIt) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    for (std::uint64_t failing = 1; failing <= 3; ++failing) {
      MemoryFileSystem files;
      ASSERT_TRUE(files.create_directories("a").ok());
      files.sync_all();
      files.fail_sync(failing);
      EXPECT_EQ(open_code(files, shop_3), Code::io_error);
      files.kill_process();
      ASSERT_EQ(open_code(files, shop_3), Code::ok);
      base::Random random(seed);
      files.crash(random);
      auto again = DataDirectory::open(files, "a/data", shop_3);
      ASSERT_TRUE(again.ok()) << again.status().message();
      EXPECT_FALSE(again.value()->is_new());
    }
  }
}

// A cluster id with a line break could say another member: it is refused before anything is made.
TEST(DataDirectory, RefusesIdsThatAreNone) {
  MemoryFileSystem files;
  EXPECT_EQ(open_code(files, {"", ReplicaId{3}}), Code::invalid_argument);
  EXPECT_EQ(open_code(files, {"shop\nmember 4", ReplicaId{3}}), Code::invalid_argument);
  EXPECT_EQ(open_code(files, {std::string(cluster_id_bytes_max + 1, 'x'), ReplicaId{3}}),
            Code::invalid_argument);
  EXPECT_EQ(open_code(files, {"shop", ReplicaId{0}}), Code::invalid_argument);
  EXPECT_FALSE(files.exists("a").value());
}

std::vector<std::string> names_in(MemoryFileSystem& files, const std::string& path) {
  const auto names = files.list(path);
  return names.ok() ? names.value() : std::vector<std::string>{"(none)"};
}

void make_file(MemoryFileSystem& files, const std::string& directory, const std::string& name) {
  ASSERT_TRUE(files.create_directories(directory).ok());
  ASSERT_TRUE(files.open(directory + "/" + name, io::OpenMode::create_read_write).ok());
}

// Given a log and snapshots, when they are set aside, then the first ones are kept, whatever a
// later attempt adds, until they are forgotten.
TEST(DataDirectory, WhatIsSetAsideIsTheFirstUntilItIsForgotten) {
  MemoryFileSystem files;
  ASSERT_EQ(open_code(files, shop_3), Code::ok);
  make_file(files, "a/data/wal", "1");
  ASSERT_TRUE(DataDirectory::set_aside(files, "a/data").ok());
  make_file(files, "a/data/wal", "2");
  make_file(files, "a/data/snapshots", "3");
  ASSERT_TRUE(DataDirectory::set_aside(files, "a/data").ok());
  using Names = std::vector<std::string>;
  EXPECT_EQ(names_in(files, "a/data/wal.before-rejoin"), Names{"1"});
  EXPECT_EQ(names_in(files, "a/data/snapshots.before-rejoin"), Names{"3"});
  EXPECT_FALSE(files.exists("a/data/wal").value());
  EXPECT_EQ(open_code(files, shop_3), Code::ok);
  ASSERT_TRUE(DataDirectory::forget_set_aside(files, "a/data").ok());
  EXPECT_FALSE(files.exists("a/data/wal.before-rejoin").value());
  EXPECT_FALSE(files.exists("a/data/snapshots.before-rejoin").value());
  EXPECT_TRUE(DataDirectory::forget_set_aside(files, "a/data").ok());
}

// Given a directory that was filled from outside, then nobody opens it before it has an identity,
// and that member does then; it gets one once.
TEST(DataDirectory, OneFilledFromOutsideGetsItsIdentityLast) {
  MemoryFileSystem files;
  ASSERT_TRUE(files.create_directories("a/data/wal").ok());
  EXPECT_EQ(open_code(files, shop_3), Code::failed_precondition);
  EXPECT_EQ(write_identity(files, "a/data", {"a b", ReplicaId{3}}).code(), Code::invalid_argument);
  files.sync_all();
  ASSERT_TRUE(write_identity(files, "a/data", shop_3).ok());
  EXPECT_EQ(write_identity(files, "a/data", shop_3).code(), Code::already_exists);
  base::Random random(1);
  files.crash(random);
  auto directory = DataDirectory::open(files, "a/data", shop_3);
  ASSERT_TRUE(directory.ok()) << directory.status().message();
  EXPECT_FALSE(directory.value()->is_new());
}

}  // namespace
}  // namespace rabia::storage
