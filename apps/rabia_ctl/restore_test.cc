#include "rabia_ctl/restore.h"

#include <gtest/gtest.h>

#include "io/testing/memory_files.h"
#include "settings/cluster_layout.h"
#include "storage/snapshot_writer.h"

namespace rabia::apps {
namespace {

class RestoreClusterTest : public testing::Test {
 protected:
  void SetUp() override {
    auto writer = storage::SnapshotWriter::create(
        files_, "",
        {.cluster_id = "old", .incarnation = 3, .round = 5, .position = 4, .extra = ""});
    ASSERT_TRUE(writer.ok() && writer.value()->add("state").ok() && writer.value()->finish().ok());
  }
  Result<replica::Restored> restore(std::vector<ReplicaId> members) {
    return restore_cluster(files_, {storage::snapshot_name(5), "new", "c", std::move(members)},
                           [this](std::span<std::byte> out) {
                             for (std::byte& byte : out) byte = std::byte{++random_};
                           });
  }
  std::string text_of(const std::string& path) {
    std::string text;
    const auto file = files_.open(path, io::OpenMode::read);
    if (file.ok()) (void)file.value()->read_at(0, 1000, text);
    return text;
  }

  io::testing::MemoryFileSystem files_;
  std::uint8_t random_ = 0;
};

// Given members 1 to 3, then the directory is one that rabia-cluster takes for its own.
TEST_F(RestoreClusterTest, MakesWhatRabiaClusterRunsOn) {
  const Result<replica::Restored> restored = restore({{1}, {2}, {3}});
  ASSERT_TRUE(restored.ok()) << restored.status().message();
  EXPECT_EQ(restored.value().from_cluster, "old");
  const auto founded = parse_founded(text_of("new/founded"));
  ASSERT_TRUE(founded.has_value());
  EXPECT_EQ(founded->replicas, 3);
  EXPECT_EQ(founded->cluster_id, "c");
  for (const char* id : {"1", "2", "3"}) {
    EXPECT_NE(
        text_of(std::string("new/") + id + "/data/IDENTITY").find(std::string("member ") + id),
        std::string::npos);
  }
  base::Random random(1);
  files_.crash(random);
  EXPECT_TRUE(parse_founded(text_of("new/founded")).has_value());
  EXPECT_FALSE(text_of("new/3/data/IDENTITY").empty());
}

// Given other ids, then it is not: each directory is for its machine.
TEST_F(RestoreClusterTest, TakesAnyIds) {
  ASSERT_TRUE(restore({{4}, {9}}).ok());
  EXPECT_FALSE(files_.exists("new/founded").value());
  EXPECT_TRUE(files_.exists("new/9/data/IDENTITY").value());
}

// Given a directory that holds something, then nothing in it is touched.
TEST_F(RestoreClusterTest, RefusesADirectoryThatHoldsSomething) {
  ASSERT_TRUE(files_.create_directories("new/other").ok());
  EXPECT_EQ(restore({{1}}).status().code(), Code::already_exists);
  EXPECT_EQ(files_.list("new").value(), std::vector<std::string>{"other"});
}

// Given a disk that is full in the middle, then the message says that the directory is incomplete;
// given a backup that is refused, then there is none.
TEST_F(RestoreClusterTest, SaysWhenItLeavesSomethingIncomplete) {
  files_.set_capacity(files_.used_bytes() + 100);
  const Status full = restore({{1}, {2}}).status();
  EXPECT_EQ(full.code(), Code::exhausted);
  EXPECT_NE(full.message().find("incomplete"), std::string::npos) << full.message();
  EXPECT_EQ(restore({{1}, {2}}).status().code(), Code::already_exists);

  files_.cut(storage::snapshot_name(5), 100);
  const Status damaged = restore_cluster(files_, {storage::snapshot_name(5), "other", "c", {{1}}},
                                         [](std::span<std::byte>) {})
                             .status();
  EXPECT_EQ(damaged.code(), Code::corrupted);
  EXPECT_EQ(damaged.message().find("incomplete"), std::string::npos) << damaged.message();
  EXPECT_FALSE(files_.exists("other").value());
}

// Given a number or a list, then those members; given both or none, then the command line is to
// blame.
TEST(RestoreMembers, AreANumberOrAList) {
  EXPECT_EQ(members_of(3, {}).value(), (std::vector<ReplicaId>{{1}, {2}, {3}}));
  EXPECT_EQ(members_of(0, {7, 2}).value(), (std::vector<ReplicaId>{{7}, {2}}));
  EXPECT_EQ(members_of(0, {}).status().code(), Code::invalid_argument);
  EXPECT_EQ(members_of(1, {1}).status().code(), Code::invalid_argument);
}

}  // namespace
}  // namespace rabia::apps
