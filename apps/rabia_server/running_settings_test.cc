#include "rabia_server/running_settings.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "settings/text_file.h"

namespace rabia::apps {
namespace {

// Does its jobs at once.
class WorkerAtOnce final : public io::Worker {
 public:
  void run(io::Task job, io::Task done) override {
    job();
    done();
  }
};

class RunningSettingsTest : public testing::Test {
 protected:
  RunningSettingsTest() {
    io::set_log_sink([this](auto, std::string_view line) { log_ += line; });
  }
  ~RunningSettingsTest() override {
    io::set_log_sink({});
    std::filesystem::remove(file_);
  }

  RunningSettings make(const std::string& file = "") {
    Settings settings;
    settings.durability = Durability::os;
    settings.clients_max = 900;
    settings.max_entries = 77;
    return {settings,
            file,
            1000,
            {.worker = worker_,
             .put_into_force = [this](const Settings& now) { in_force_ = now; },
             .limits = [this] { return limits_; }}};
  }
  static std::string shown(const RunningSettings& settings, std::string_view name) {
    for (const server::Setting& each : settings.settings()) {
      if (each.name == name || each.other_name == name) return each.value;
    }
    return "(none)";
  }
  // Why the changes were refused, with the number of the one that is in the way.
  static std::string refusal(RunningSettings& settings,
                             std::vector<server::Configuration::Change> changes) {
    const auto refused = settings.set(changes);
    return refused ? std::to_string(refused->index) + " " + refused->why : "";
  }

  WorkerAtOnce worker_;
  std::optional<Settings> in_force_;
  kv::Limits limits_;  // Of the cluster.
  std::string log_;
  const std::string file_ = testing::TempDir() + "running_settings_test.toml";
};

// Given changes that are good, when set, then all are in force and shown, by Redis's names too, and
// logged, but for a password.
TEST_F(RunningSettingsTest, ChangesAreInForceTogether) {
  RunningSettings settings = make();
  EXPECT_EQ(refusal(settings, {{"maxclients", "500"},
                               {"value-bytes-max", "1mb"},
                               {"requirepass", "the secret"},
                               {"log-level", "notice"}}),
            "");
  ASSERT_TRUE(in_force_);
  EXPECT_EQ(in_force_->clients_max, 500U);
  EXPECT_EQ(in_force_->value_bytes_max, 1U << 20);
  EXPECT_EQ(shown(settings, "proto-max-bulk-len"), "1048576");
  EXPECT_EQ(shown(settings, "requirepass"), "the secret");
  EXPECT_NE(log_.find("name=maxclients value=500"), std::string::npos) << log_;
  EXPECT_EQ(log_.find("secret"), std::string::npos) << log_;
}

// Given changes one of which is bad, by itself or with the others, when set, then none is in force,
// and the words are those of Redis.
TEST_F(RunningSettingsTest, ARefusedChangeChangesNothing) {
  RunningSettings settings = make();
  EXPECT_EQ(refusal(settings, {{"maxclients", "5"}, {"snapshot-compression", "20"}}),
            "1 argument must be between 0 and 19 inclusive");
  EXPECT_EQ(refusal(settings, {{"maxclients", "x"}}),
            "0 argument couldn't be parsed into an integer");
  EXPECT_EQ(refusal(settings, {{"key-bytes-max", "x"}}), "0 argument must be a memory value");
  EXPECT_EQ(refusal(settings, {{"log-level", "x"}}),
            "0 argument(s) must be one of the following: debug, info, warning, error, off");
  EXPECT_EQ(refusal(settings, {{"requirepass", std::string(513, 's')}}),
            "0 argument must be a text of at most 512 bytes");
  EXPECT_EQ(
      refusal(settings, {{"snapshot-compression", "1"}, {"maxclients", "1001"}}),
      "1 The operating system is not able to handle the specified number of clients, try with "
      "1000");
  EXPECT_EQ(refusal(settings, {{"value-bytes-max", "10"}}),
            "0 65536 is more than value-bytes-max = 10");
  EXPECT_EQ(refusal(settings, {{"maxclients", "5"}, {"disk-reserve-bytes", "1"}}).substr(0, 17),
            "1 1 is too little");
  EXPECT_FALSE(in_force_);
  EXPECT_EQ(shown(settings, "maxclients"), "900");
  EXPECT_EQ(refusal(settings, {{"value-bytes-max", "10"}, {"key-bytes-max", "10"}}), "");
}

// Given the modes of durability, then what clients of Redis ask about its log is answered.
TEST_F(RunningSettingsTest, DurabilityIsShownAsRedisWould) {
  const RunningSettings settings = make();
  EXPECT_EQ(shown(settings, "appendonly"), "yes");
  EXPECT_EQ(shown(settings, "appendfsync"), "no");
  EXPECT_EQ(shown(settings, "dir"), "");
  for (const server::Setting& each : settings.settings()) {
    const SettingRow* const row = find_setting(each.name);
    EXPECT_EQ(each.replicated, row != nullptr && row->change == Change::replicated) << each.name;
    EXPECT_EQ(each.can_change,
              each.replicated || (row != nullptr && row->change == Change::on_this_replica))
        << each.name;
  }
}

// Given settings of the cluster, then its values are shown, whatever was given at the start, and
// changes are read for the log; bad ones are refused in the words of Redis.
TEST_F(RunningSettingsTest, TheClustersSettingsAreTheClusters) {
  const RunningSettings settings = make();
  EXPECT_EQ(shown(settings, "max-entries"), "0");
  limits_.max_memory_bytes = 5'000;
  limits_.policy = kv::EvictionPolicy::volatile_ttl;
  EXPECT_EQ(shown(settings, "maxmemory"), "5000");
  EXPECT_EQ(shown(settings, "maxmemory-policy"), "volatile-ttl");
  ASSERT_EQ(settings.limits_given().size(), 1U);
  EXPECT_EQ(settings.limits_given()[0].field, kv::LimitField::max_entries);
  EXPECT_EQ(settings.limits_given()[0].value, 77U);

  std::vector<kv::LimitChange> limits;
  using Changes = std::vector<server::Configuration::Change>;
  EXPECT_FALSE(settings.read_limits(
      Changes{{"max-memory-bytes", "1mb"}, {"key-expiration-enabled", "no"}}, limits));
  ASSERT_EQ(limits.size(), 2U);
  EXPECT_EQ(limits[0].field, kv::LimitField::max_memory_bytes);
  EXPECT_EQ(limits[0].value, 1U << 20);
  EXPECT_EQ(limits[1].field, kv::LimitField::key_expiration_enabled);
  EXPECT_EQ(limits[1].value, 0U);
  limits.clear();
  const auto refusal =
      settings.read_limits(Changes{{"max-entries", "1"}, {"maxmemory-policy", "lru"}}, limits);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->index, 1U);
  EXPECT_EQ(refusal->why,
            "argument(s) must be one of the following: noeviction, allkeys-lru, allkeys-lfu, "
            "allkeys-random, volatile-lru, volatile-lfu, volatile-random, volatile-ttl");
}

// Given a file, when CONFIG REWRITE is asked, then it has what was changed since the start, and no
// more; without a file, or when that cannot be read, the answer says so.
TEST_F(RunningSettingsTest, RewriteWritesWhatWasChanged) {
  Status answer;
  const auto take = [&](const Status& status) { answer = status; };
  ASSERT_TRUE(write_text_file(file_, "# a comment\nmaxclients = 5\n").ok());
  RunningSettings settings = make(file_);
  EXPECT_EQ(refusal(settings, {{"snapshot-compression", "9"}}), "");
  settings.rewrite(take);
  EXPECT_TRUE(answer.ok());
  EXPECT_EQ(read_text_file(file_).value(),
            "# a comment\nmaxclients = 5\nsnapshot-compression = 9\n");
  std::filesystem::remove(file_);
  settings.rewrite(take);
  EXPECT_EQ(answer.code(), Code::io_error);
  make().rewrite(take);
  EXPECT_EQ(answer.code(), Code::not_found);
}

}  // namespace
}  // namespace rabia::apps
