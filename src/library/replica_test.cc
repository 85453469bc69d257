#include "rabia/replica.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "library/testing/note_cluster.h"
#include "rabia/local_cluster.h"

namespace rabia {
namespace {

using testing::Notes;
using testing::notes_of;
using testing::open_cluster;

struct Coroutine {
  struct promise_type {
    Coroutine get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

Coroutine add_two(Replica& replica, std::promise<std::string>& sum) {
  const Replica::Reply first = co_await replica.execute("one");
  const Replica::Reply second = co_await replica.execute("two");
  sum.set_value(first.value() + " " + second.value());
}

TEST(Replica, IsAwaited) {
  const auto cluster = open_cluster({.replicas = 1});
  std::promise<std::string> answers;
  add_two(cluster->replica(0), answers);
  EXPECT_EQ(answers.get_future().get(), "1 2");
}

// Given commands under way, when the replica is closed, then each is answered.
TEST(Replica, AnswersEverythingWhenItIsClosed) {
  const auto cluster = open_cluster({.replicas = 1});
  std::atomic<int> answered = 0;
  for (int i = 0; i < 1000; ++i) {
    cluster->replica(0).submit("x", [&](const auto&) { ++answered; });
  }
  ASSERT_TRUE(cluster->replica(0).close().ok());
  EXPECT_EQ(answered, 1000);
  EXPECT_EQ(cluster->replica(0).submit("late").get().status().code(), Code::unavailable);
  EXPECT_EQ(cluster->replica(0).read([] { FAIL() << "it was called"; }).code(), Code::unavailable);
}

TEST(Replica, StatusTellsOfTheMembers) {
  const auto cluster = open_cluster();
  ASSERT_TRUE(cluster->replica(0).submit("a").get().ok());
  const ReplicaStatus status = cluster->replica(0).status();
  EXPECT_TRUE(status.serving);
  EXPECT_GE(status.position.value, 1U);
  ASSERT_EQ(status.members.size(), 3U);
  EXPECT_EQ(status.members[2].id, ReplicaId{3});
  EXPECT_TRUE(status.members[2].connected);
}

// Given options that cannot be meant, then they are refused with what is wrong.
TEST(Replica, RefusesWhatCannotWork) {
  Notes notes;
  const auto refusal = [&](ReplicaOptions options) {
    return Replica::open(options, notes).status().message();
  };
  EXPECT_NE(refusal({}).find("data_directory"), std::string::npos);
  EXPECT_NE(refusal({.cluster_id = "a b", .data_directory = "d"}).find("cluster_id"),
            std::string::npos);
  EXPECT_NE(refusal({.members = {{{2}, "h", 1}}, .data_directory = "d"}).find("members"),
            std::string::npos);
}

// Given named commands that are each sent at every replica, also at one that was restored by a
// snapshot of the others, then each is executed once and every sender gets the first answer.
TEST(Replica, ExecutesNamedCommandsOnce) {
  const auto cluster = open_cluster({.replicas = 3});
  Session session;
  for (int i = 0; i < 20; ++i) {
    const NamedCommand command = session.name(std::to_string(i));
    if (i == 10) {
      ASSERT_TRUE(cluster->stop(1).ok());
      ASSERT_TRUE(cluster->start(1).ok());
    }
    std::vector<std::future<Replica::Reply>> replies;
    for (std::size_t at = 0; at < 3; ++at) replies.push_back(cluster->replica(at).submit(command));
    for (auto& reply : replies) {
      const Replica::Reply got = reply.get();
      ASSERT_TRUE(got.ok()) << got.status().message();
      EXPECT_EQ(got.value(), std::to_string(i + 1));
    }
  }
  EXPECT_EQ(notes_of(*cluster, 1).size(), 20U);
  EXPECT_TRUE(cluster->wait_until_equal().ok());
}

TEST(Replica, RefusesASessionWithoutAName) {
  const auto cluster = open_cluster({.replicas = 1});
  for (const std::string& session : {std::string(), std::string(257, 's')}) {
    const Replica::Reply reply = cluster->replica(0).submit(NamedCommand{session, 1, "a"}).get();
    ASSERT_FALSE(reply.ok());
    EXPECT_EQ(reply.status().code(), Code::invalid_argument);
  }
  EXPECT_TRUE(notes_of(*cluster, 0).empty());
}

// Given one replica, when it grows to three and shrinks to two, while commands come, then all that
// was answered is held by all who are left, and who was removed is out.
TEST(Replica, MembersComeAndGo) {
  const auto cluster = open_cluster({.replicas = 1});
  std::size_t answered = 0;
  const auto submit = [&](std::size_t at) {
    const Replica::Reply reply = cluster->replica(at).submit("x").get();
    ASSERT_TRUE(reply.ok()) << reply.status().message();
    ++answered;
  };
  submit(0);
  for (std::size_t size = 2; size <= 3; ++size) {
    const Status added = cluster->add_replica();
    ASSERT_TRUE(added.ok()) << added.message();
    submit(size - 1);
    submit(0);
  }
  EXPECT_EQ(cluster->replica(2).status().members.size(), 3U);
  const Status removed = cluster->remove_replica(0);
  ASSERT_TRUE(removed.ok()) << removed.message();
  EXPECT_FALSE(cluster->running(0));
  EXPECT_EQ(cluster->start(0).code(), Code::failed_precondition);
  EXPECT_EQ(cluster->remove_replica(0).code(), Code::not_found);
  submit(1);
  submit(2);
  ASSERT_TRUE(cluster->wait_until_equal().ok());
  EXPECT_EQ(notes_of(*cluster, 2).size(), answered);
  EXPECT_EQ(cluster->replica(1).status().members.size(), 2U);
}

TEST(Replica, RefusesMembersThatCannotBe) {
  const auto cluster = open_cluster({.replicas = 1});
  Replica& replica = cluster->replica(0);
  EXPECT_EQ(replica.remove_member(ReplicaId{9}).code(), Code::not_found);
  EXPECT_FALSE(replica.add_member({ReplicaId{1}, "127.0.0.1", 7}).ok());
  EXPECT_FALSE(replica.remove_member(ReplicaId{1}).ok());
  EXPECT_TRUE(replica.submit("still here").get().ok());
}

// Given a callback, then it may look at status and machine, and submit, without waiting for itself.
TEST(Replica, CallbacksMayAskIt) {
  const auto cluster = open_cluster({.replicas = 1});
  Replica& replica = cluster->replica(0);
  std::promise<std::size_t> seen;
  replica.submit("a", [&](const Replica::Reply& reply) {
    ASSERT_TRUE(reply.ok());
    ASSERT_TRUE(replica.status().serving);
    std::size_t notes = 0;
    replica.peek([&] { notes = dynamic_cast<Notes&>(cluster->machine(0)).notes.size(); });
    replica.post([&seen, notes] { seen.set_value(notes); });
  });
  EXPECT_EQ(seen.get_future().get(), 1U);
}

TEST(Replica, ACommandMayHaveNobodyWhoWaits) {
  const auto cluster = open_cluster({.replicas = 1});
  cluster->replica(0).submit("a", nullptr);
  cluster->replica(0).submit(NamedCommand{"s", 1, "b"}, nullptr);
  cluster->replica(0).submit(std::string(command_bytes_max + 1, 'x'), nullptr);
  ASSERT_TRUE(cluster->replica(0).submit("c").get().ok());
  EXPECT_TRUE(cluster->wait_until_equal(std::chrono::milliseconds::max()).ok());
}

TEST(Replica, ACommandMayBeAsLongAsItSays) {
  const auto cluster = open_cluster({.replicas = 1});
  EXPECT_TRUE(cluster->replica(0).submit(std::string(command_bytes_max, 'x')).get().ok());
  const Replica::Reply longer =
      cluster->replica(0).submit(std::string(command_bytes_max + 1, 'x')).get();
  EXPECT_EQ(longer.status().code(), Code::invalid_argument);
}

// Given threads that ask all the time, when the replica is closed, then each gets an answer, and
// whoever asks later too.
TEST(Replica, IsAskedWhileItIsClosed) {
  for (int round = 0; round < 20; ++round) {
    const auto cluster = open_cluster({.replicas = 1});
    Replica& replica = cluster->replica(0);
    std::atomic<bool> closed = false;
    std::vector<std::thread> asking;
    for (int i = 0; i < 3; ++i) {
      asking.emplace_back([&] {
        for (int after = 0; after < 3; after += closed ? 1 : 0) {
          int looked = 0;
          replica.peek([&] { ++looked; });
          ASSERT_EQ(looked, 1);
          static_cast<void>(replica.status());
          static_cast<void>(replica.submit("x").get());
        }
      });
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(round % 5));
    EXPECT_TRUE(replica.close().ok());
    closed = true;
    for (std::thread& each : asking) each.join();
    EXPECT_FALSE(replica.status().serving);
    EXPECT_EQ(replica.take_snapshot().code(), Code::unavailable);
    EXPECT_EQ(replica.remove_member(ReplicaId{1}).code(), Code::unavailable);
  }
}

// Given replicas of which one answers otherwise, then that one stops, says so, and answers
// everything.
TEST(Replica, TheOneThatDiffersStopsAndAnswers) {
  class Odd final : public Notes {
   public:
    explicit Odd(bool odd) : odd_(odd) {}
    std::string execute(const ApplyContext& context, std::string_view command) override {
      return Notes::execute(context, command) + (odd_ ? "!" : "");
    }

   private:
    bool odd_;
  };
  int made = 0;
  auto cluster =
      LocalCluster::open({}, [&made] { return std::make_unique<Odd>(made++ == 2); }).take();
  Replica& odd = cluster->replica(2);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (odd.failure().ok() && std::chrono::steady_clock::now() < end) {
    ASSERT_TRUE(cluster->replica(0).submit("x").get().ok());
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_FALSE(odd.failure().ok());
  EXPECT_EQ(odd.submit("y").get().status().code(), Code::unavailable);
  EXPECT_EQ(odd.remove_member(ReplicaId{1}).code(), Code::unavailable);
  EXPECT_TRUE(cluster->replica(1).submit("z").get().ok());
}

TEST(LocalCluster, WithADirectoryOfItsOwnItKeepsItsMembers) {
  const std::filesystem::path directory =
      std::filesystem::temp_directory_path() / ("rabia-replica-test-" + Session().name());
  {
    auto cluster = LocalCluster::open({.replicas = 2, .data_directory = directory}, [] {
                     return std::make_unique<Notes>();
                   }).take();
    EXPECT_EQ(cluster->add_replica().code(), Code::failed_precondition);
    EXPECT_EQ(cluster->remove_replica(0).code(), Code::failed_precondition);
    EXPECT_TRUE(cluster->replica(1).submit("x").get().ok());
  }
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace rabia
