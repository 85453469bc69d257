#include "custom_state_machine/leases.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <vector>

#include "rabia/check_deterministic.h"
#include "rabia/local_cluster.h"
#include "rabia/simulate.h"

namespace custom_state_machine {
namespace {

// Few names and holders, so that they meet; short times, so that leases end.
std::string some_command(rabia::Random& random) {
  const std::string name = "name" + std::to_string(random.below(3));
  const std::string holder = " holder" + std::to_string(random.below(3));
  if (random.below(4) == 0) return "release " + name + holder;
  return "take " + name + holder + " " + std::to_string(random.below(500));
}

// What must be true of every state.
rabia::Status check(const rabia::StateMachine& machine) {
  const auto& leases = dynamic_cast<const Leases&>(machine);
  std::set<std::uint64_t> tokens;
  for (const auto& [name, lease] : leases.leases()) {
    const bool is_new = tokens.insert(lease.token).second && lease.token <= leases.tokens();
    if (!is_new) return {rabia::Code::failed_precondition, name + " has a token of another"};
  }
  return {};
}

std::unique_ptr<rabia::StateMachine> make_leases() {
  return std::make_unique<Leases>();
}

// Given a lease, then nobody else gets it before it is released, or its time has come.
TEST(Leases, OneHoldsAtATime) {
  Leases leases;
  const auto at = [](std::uint64_t time) { return rabia::ApplyContext{.time = {time}}; };
  EXPECT_EQ(leases.execute(at(1000), "take door anna 500"), "yes 1");
  EXPECT_EQ(leases.execute(at(1499), "take door bert 500"), "no anna");
  EXPECT_EQ(leases.execute(at(1500), "take door bert 500"), "yes 2");
  EXPECT_EQ(leases.execute(at(1501), "release door anna"), "no");
  EXPECT_EQ(leases.execute(at(1502), "release door bert"), "yes");
  EXPECT_EQ(leases.execute(at(1503), "take door anna 500"), "yes 3");
}

TEST(Leases, RefusesWhatIsNoCommand) {
  Leases leases;
  for (const char* command :
       {"", "take", "take door anna", "take door anna soon", "take door anna -1",
        "take door anna 86400001", "take door anna 5 6", "release door", "open door anna"}) {
    EXPECT_TRUE(leases.execute({}, command).starts_with("ERROR")) << command;
  }
  EXPECT_EQ(leases.load("nonsense").code(), rabia::Code::corrupted);
}

TEST(Leases, AreDeterministic) {
  rabia::Random random(1);
  std::vector<std::string> commands;
  for (int i = 0; i < 300; ++i) commands.push_back(some_command(random));
  const rabia::Status status = rabia::check_deterministic(make_leases, commands);
  EXPECT_TRUE(status.ok()) << status.message();
}

// Given three replicas, when one stops and comes back, then it has what the others did meanwhile.
TEST(Leases, SurviveAReplica) {
  auto opened = rabia::LocalCluster::open({}, make_leases);
  ASSERT_TRUE(opened.ok()) << opened.status().message();
  rabia::LocalCluster& cluster = *opened.value();
  const auto answer_at = [&cluster](std::size_t replica, const char* command) {
    const rabia::Replica::Reply reply = cluster.replica(replica).submit(command).get();
    return reply.ok() ? reply.value() : reply.status().message();
  };
  EXPECT_EQ(answer_at(0, "take door anna 3600000"), "yes 1");
  ASSERT_TRUE(cluster.stop(2).ok());
  EXPECT_EQ(answer_at(1, "take gate bert 3600000"), "yes 2");
  ASSERT_TRUE(cluster.start(2).ok());
  EXPECT_EQ(answer_at(2, "take gate anna 3600000"), "no bert");
  const rabia::Status equal = cluster.wait_until_equal();
  EXPECT_TRUE(equal.ok()) << equal.message();
}

// Given clusters in which everything goes wrong, then no lease is lost and none is given twice.
TEST(Leases, SurviveEverything) {
  const auto result =
      rabia::simulate(make_leases, {.seeds = 50, .command = some_command, .check = check});
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_GT(result.value().commands, 1000);
  EXPECT_GT(result.value().snapshots_loaded, 10);  // Else load() was hardly tried.
}

}  // namespace
}  // namespace custom_state_machine
