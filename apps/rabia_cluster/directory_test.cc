#include "rabia_cluster/directory.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "io/real_runtime.h"
#include "settings/config_file.h"
#include "settings/text_file.h"

namespace rabia::apps {
namespace {

class ClusterDirectoryTest : public testing::Test {
 protected:
  ~ClusterDirectoryTest() override { std::filesystem::remove_all(path_); }
  const std::string path_ = testing::TempDir() + "cluster_directory." + std::to_string(getpid());
  const std::unique_ptr<io::FileSystem> files_ = io::make_real_file_system();
};

// Given a directory that became a cluster, when opened again, then it says what cluster it is.
TEST_F(ClusterDirectoryTest, RemembersWhatWasFounded) {
  {
    auto directory = ClusterDirectory::open(*files_, path_);
    ASSERT_TRUE(directory.ok()) << directory.status().message();
    EXPECT_FALSE(directory.value().founded());
    ASSERT_TRUE(directory.value().set_founded({5, "name"}).ok());
  }
  const auto again = ClusterDirectory::open(*files_, path_);
  ASSERT_TRUE(again.ok()) << again.status().message();
  ASSERT_TRUE(again.value().founded());
  EXPECT_EQ(again.value().founded()->replicas, 5);
  EXPECT_EQ(again.value().founded()->cluster_id, "name");
}

// Given notes that are not ours, when the directory is opened, then it is refused, not founded
// anew.
TEST_F(ClusterDirectoryTest, DamagedNotesAreRefused) {
  std::filesystem::create_directories(path_);
  for (const char* text : {"", "replicas x\n", "replicas 0\ncluster-id c\n", "replicas 3\n"}) {
    ASSERT_TRUE(write_text_file(path_ + "/founded", text).ok());
    EXPECT_EQ(ClusterDirectory::open(*files_, path_).status().code(), Code::corrupted) << text;
  }
}

// Given a replica's settings, when prepared, then its configuration file gives the same settings.
TEST_F(ClusterDirectoryTest, APreparedReplicaCanBeStartedByItsConfigurationFile) {
  auto directory = ClusterDirectory::open(*files_, path_);
  ASSERT_TRUE(directory.ok());
  Settings settings;
  settings.id = 2;
  settings.cluster_id = "c";
  settings.data = directory.value().replica(2) + "/data";
  ASSERT_TRUE(complete(settings).ok());
  ASSERT_TRUE(directory.value().prepare(*files_, settings).ok());
  Settings read;
  ASSERT_TRUE(assign_from_file(read, directory.value().config_file(2)).ok());
  ASSERT_TRUE(complete(read).ok());
  EXPECT_EQ(to_toml(read), to_toml(settings));
}

// Given a replica with a password, when prepared, also over an older file that all could read, then
// its configuration file is for the owner only.
TEST_F(ClusterDirectoryTest, AConfigurationFileIsForItsOwnerOnly) {
  using std::filesystem::perms;
  auto directory = ClusterDirectory::open(*files_, path_);
  ASSERT_TRUE(directory.ok());
  const std::string file = directory.value().config_file(1);
  std::filesystem::create_directories(directory.value().replica(1));
  for (const auto& older : {file, file + ".new"}) {
    ASSERT_TRUE(write_text_file(older, "").ok());
    std::filesystem::permissions(older, perms::owner_all | perms::others_read);
  }
  Settings settings;
  settings.id = 1;
  settings.require_pass = "p";
  ASSERT_TRUE(directory.value().prepare(*files_, settings).ok());
  EXPECT_EQ(std::filesystem::status(file).permissions(), perms::owner_read | perms::owner_write);
}

// Given a replica's data that a process holds locked, when asked, then it is named until it lets
// go.
TEST_F(ClusterDirectoryTest, NamesTheProcessThatUsesAReplicasData) {
  auto directory = ClusterDirectory::open(*files_, path_);
  ASSERT_TRUE(directory.ok());
  EXPECT_FALSE(directory.value().user_of_data(*files_, 1));
  const std::string data = directory.value().replica(1) + "/data";
  std::filesystem::create_directories(data);
  {
    const auto lock = files_->lock(data + "/LOCK");
    ASSERT_TRUE(lock.ok());
    EXPECT_EQ(directory.value().user_of_data(*files_, 1), getpid());
  }
  EXPECT_FALSE(directory.value().user_of_data(*files_, 1));
}

}  // namespace
}  // namespace rabia::apps
