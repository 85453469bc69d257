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
TEST_F(ClusterDirectoryTest, remembers_what_was_founded) {
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
TEST_F(ClusterDirectoryTest, damaged_notes_are_refused) {
  std::filesystem::create_directories(path_);
  for (const char* text : {"", "replicas x\n", "replicas 0\ncluster-id c\n", "replicas 3\n"}) {
    ASSERT_TRUE(write_text_file(path_ + "/founded", text).ok());
    EXPECT_EQ(ClusterDirectory::open(*files_, path_).status().code(), Code::corrupted) << text;
  }
}

// Given a replica's settings, when prepared, then its configuration file gives the same settings.
TEST_F(ClusterDirectoryTest, a_prepared_replica_can_be_started_by_its_configuration_file) {
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

}  // namespace
}  // namespace rabia::apps
