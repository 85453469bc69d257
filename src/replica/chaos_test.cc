// Whole replicas under random trouble, in virtual time: what a client was told must hold for ever.
// protocol.md, section 13 (1, 10, 11, 13), seen from outside.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "replica/testing/cluster.h"

namespace rabia::replica {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Cluster;
using testing::TestClient;
using Kind = TestClient::Answer::Kind;

// What one connection asked, and how much of the log its answers had to see: everything that
// anybody had been told of before it asked.
struct Connection {
  struct Asked {
    std::string command;  // Empty: a read.
    std::size_t must_see;
  };
  TestClient* client;
  std::size_t replica;
  bool open = true;
  std::vector<Asked> asked;
  std::size_t checked = 0;
};

class Chaos {
 public:
  Chaos(std::uint64_t seed, Durability durability)
      : random_(seed * 7919 + 1),
        durability_(durability),
        replicas_(random_.chance(60) ? 3 : 1 + random_.below(5)),
        cluster_({.replicas = replicas_,
                  .durability = durability,
                  .seed = seed,
                  .sync_takes = microseconds(20 + random_.below(2000)),
                  .segment_bytes = 64U << 10}) {
    cluster_.network().set_piece_bytes_max(1 + random_.below(random_.chance(30) ? 64 : 65536));
  }

  void run(int actions) {
    cluster_.start_all();
    // Founding may be disturbed as well.
    if (random_.chance(80)) settle();
    for (int i = 0; i < actions && !::testing::Test::HasFailure(); ++i) {
      act();
      cluster_.run_for(microseconds(random_.below(random_.chance(10) ? 400'000 : 4'000)));
      observe();
    }
    if (!::testing::Test::HasFailure()) settle();
    if (!::testing::Test::HasFailure()) check_log();
  }
  [[nodiscard]] std::size_t acknowledged() const { return acknowledged_.size(); }
  [[nodiscard]] std::size_t reads() const { return reads_; }

 private:
  // ---- trouble

  void act() {
    const std::uint64_t dice = random_.below(250);
    const std::size_t at = random_.below(replicas_);
    if (dice < 3) {
      stop(at, Stop::kill);
    } else if (dice < 6) {
      stop(at, durability_ == Durability::always ? Stop::power : Stop::kill);
    } else if (dice < 7) {
      stop(at, Stop::clean);
    } else if (dice < 15) {
      start(at);
    } else if (dice < 18) {
      cluster_.isolate(at);
    } else if (dice < 23) {
      cluster_.heal(at);
    } else if (dice < 24) {
      for (std::size_t i = 0; i < replicas_; ++i) {
        stop(i, durability_ == Durability::always ? Stop::power : Stop::kill);
      }
      for (std::size_t i = 0; i < replicas_; ++i) start(i);
    } else if (dice < 27) {
      cluster_.executor().sleep(milliseconds(random_.below(1500)));
    } else if (dice < 32) {
      const std::size_t other = random_.below(replicas_);
      cluster_.network().set_delay(Cluster::host(at), Cluster::host(other),
                                   microseconds(10 + random_.below(30'000)));
    } else if (dice < 36) {
      cluster_.network().break_connections(Cluster::host(at),
                                           Cluster::host(random_.below(replicas_)));
    } else if (dice < 38) {  // One direction alone.
      cluster_.network().cut(Cluster::host(at), Cluster::host(random_.below(replicas_)));
    } else if (dice < 39 && cluster_.up(at) && durability_ == Durability::always) {
      if (random_.chance(50)) {
        cluster_.files(at).fail_sync(1 + random_.below(5));
      } else {
        cluster_.files(at).fail_write(1 + random_.below(5));
      }
    } else if (dice < 41) {
      cluster_.executor().jump_wall(seconds(static_cast<int>(random_.below(7200)) - 3600));
    } else if (dice < 48) {
      leave(random_.below(16));
    } else if (dice < 49) {
      storm();
    } else {
      ask(at);
    }
  }

  enum class Stop { kill, power, clean };
  void stop(std::size_t at, Stop how) {
    if (!cluster_.up(at) || durability_ == Durability::memory) return;
    observe();
    for (Connection& connection : connections_) {
      if (connection.replica == at) connection.open = false;
    }
    if (how == Stop::kill) cluster_.kill(at);
    if (how == Stop::power) cluster_.cut_power(at);
    if (how == Stop::clean) (void)cluster_.close(at);  // It fails when the disk does.
  }
  void start(std::size_t at) {
    if (cluster_.up(at)) {
      if (cluster_.stopped(at).ok()) return;
      stop(at, Stop::power);
    }
    Status status = cluster_.start(at, true);
    if (status.code() == Code::io_error) {  // The fault of a disk has met its recovery.
      cluster_.cut_power(at);
      status = cluster_.start(at, true);
    }
    if (!status.ok()) ADD_FAILURE() << "replica " << at + 1 << ": " << status.message();
  }

  // ---- clients

  void ask(std::size_t at) {
    if (!cluster_.up(at)) return;
    observe();
    if (connections_.size() < 8 || random_.chance(10)) {
      connections_.push_back({&cluster_.client(at), at, true, {}, 0});
    }
    Connection& connection = connections_[random_.below(connections_.size())];
    if (!connection.open) return;
    const std::uint64_t burst = 1 + random_.below(random_.chance(10) ? 60 : 4);
    for (std::uint64_t i = 0; i < burst; ++i) {
      if (random_.chance(35)) {
        connection.asked.push_back({"", seen_});
        connection.client->read();
      } else {
        std::string command = std::to_string(next_command_++);
        if (random_.chance(5)) command += std::string(random_.below(20'000), '.');
        connection.asked.push_back({command, seen_});
        connection.client->write(std::move(command));
      }
    }
  }
  // A round of the log for each command: who is cut off falls behind by more than the window holds.
  void storm() {
    const std::uint64_t turns = random_.below(random_.chance(20) ? 2500 : 100);
    for (std::uint64_t i = 0; i < turns; ++i) {
      for (Connection& connection : connections_) {
        if (!connection.open || !connection.client->done()) continue;
        std::string command = std::to_string(next_command_++);
        connection.asked.push_back({command, seen_});
        connection.client->write(std::move(command));
      }
      cluster_.run_for(microseconds(200 + random_.below(600)));
      observe();
    }
  }
  void leave(std::size_t which) {
    if (which >= connections_.size() || !connections_[which].open) return;
    observe();
    connections_[which].client->leave();
    connections_[which].open = false;
  }

  // ---- what was seen

  void observe() {
    std::size_t told = seen_;
    for (Connection& connection : connections_) {
      const auto& answers = connection.client->answers();
      for (; connection.checked < answers.size(); ++connection.checked) {
        const TestClient::Answer& answer = answers[connection.checked];
        ASSERT_EQ(answer.token, connection.checked) << "answers out of order";
        const Connection::Asked& asked = connection.asked[answer.token];
        switch (answer.kind) {
          case Kind::executed:
            EXPECT_GE(answer.seen, asked.must_see) << "a write before one that was acknowledged";
            acknowledged_.emplace(asked.command, answer.seen);
            told = std::max(told, answer.seen + 1);
            break;
          case Kind::read:
            EXPECT_GE(answer.seen, asked.must_see) << "a stale read";
            told = std::max(told, answer.seen);
            ++reads_;
            break;
          case Kind::not_executed:
            if (!asked.command.empty()) refused_.insert(asked.command);
            break;
          case Kind::unknown:
            break;
        }
      }
    }
    seen_ = told;
    std::erase_if(connections_, [this](const Connection& connection) {
      if (connection.open) return false;
      orders_.push_back(connection.asked);
      return true;
    });
  }

  // Everything heals: all must serve again within 30 s, answer everyone, and be equal.
  void settle() {
    for (std::size_t i = 0; i < replicas_; ++i) {
      for (std::size_t j = 0; j < replicas_; ++j) {
        cluster_.network().heal(Cluster::host(i), Cluster::host(j));
        cluster_.network().set_delay(Cluster::host(i), Cluster::host(j), microseconds(100));
      }
      start(i);
    }
    const bool fine = cluster_.run_until([&] {
      for (std::size_t i = 0; i < replicas_; ++i) {
        if (!cluster_.stopped(i).ok()) start(i);  // A fault that came late.
      }
      observe();
      const bool answered =
          std::all_of(connections_.begin(), connections_.end(),
                      [](const Connection& connection) { return connection.client->done(); });
      return answered && cluster_.all_serving() && cluster_.equal();
    });
    EXPECT_TRUE(fine) << "not healed after 30 s:\n" << cluster_.describe();
  }

  void check_log() {
    const std::vector<std::string>& log = cluster_.machine(0).commands();
    std::map<std::string_view, std::size_t> place;
    for (std::size_t i = 0; i < log.size(); ++i) {
      EXPECT_TRUE(place.emplace(log[i], i).second) << log[i].substr(0, 20) << " executed twice";
    }
    for (const auto& [command, at] : acknowledged_) {
      const auto found = place.find(command);
      ASSERT_NE(found, place.end()) << command.substr(0, 20) << " was acknowledged and is lost";
      EXPECT_EQ(found->second, at) << command.substr(0, 20) << " is not where it was said to be";
    }
    for (const std::string& command : refused_) {
      EXPECT_FALSE(place.contains(command))
          << command.substr(0, 20) << " was executed, and its client told that it is not";
    }
    for (const Connection& connection : connections_) orders_.push_back(connection.asked);
    for (const auto& asked : orders_) {
      std::size_t least = 0;
      for (const Connection::Asked& one : asked) {
        const auto found = one.command.empty() ? place.end() : place.find(one.command);
        if (found == place.end()) continue;
        EXPECT_GE(found->second, least) << "one connection's writes out of order";
        least = found->second;
      }
    }
    EXPECT_GE(log.size(), seen_);
  }

  base::Random random_;
  Durability durability_;
  std::size_t replicas_;
  Cluster cluster_;
  std::vector<Connection> connections_;
  std::vector<std::vector<Connection::Asked>> orders_;
  std::map<std::string, std::size_t> acknowledged_;  // And their places in the log.
  std::set<std::string> refused_;
  std::size_t seen_ = 0;  // The longest part of the log that any client was told of.
  std::size_t reads_ = 0;
  std::uint64_t next_command_ = 0;
};

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr ? std::strtoull(value, nullptr, 10) : otherwise;
}

class ReplicaChaos : public ::testing::TestWithParam<Durability> {};

// Given replicas that are killed, cut off, delayed, paused, whose power, disks and connections fail
// at random, then no client is ever told what is not so: what was acknowledged is in the log once,
// at its place; what was refused is not; reads see everything told before; the commands of a
// connection are in order. When all is healed, everything serves again within 30 s with equal logs.
TEST_P(ReplicaChaos, WhateverFailsClientsAreToldTheTruthAndAllServeAgainWhenItIsHealed) {
  const std::uint64_t first = from_environment("RABIA_CHAOS_SEED", 1);
  const std::uint64_t seeds = from_environment("RABIA_CHAOS_SEEDS", 3);
  std::size_t acknowledged = 0;
  std::size_t reads = 0;
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Chaos chaos(seed, GetParam());
    chaos.run(1500);
    if (HasFailure()) return;
    acknowledged += chaos.acknowledged();
    reads += chaos.reads();
  }
  EXPECT_GT(acknowledged, 0U);
  EXPECT_GT(reads, 0U);
}

INSTANTIATE_TEST_SUITE_P(Modes, ReplicaChaos,
                         ::testing::Values(Durability::always, Durability::os, Durability::memory));

// Given members that die, lose power and are cut off while they found their cluster, when all is
// healed, then all serve, and none was left out (section 8, "First start").
TEST(ReplicaFounding, MembersThatDieWhileTheyFoundServeWhenAllAreBack) {
  const std::uint64_t seeds = 20 * from_environment("RABIA_CHAOS_SEEDS", 3);
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    base::Random random(seed);
    const std::size_t replicas = 1 + random.below(4);
    Cluster cluster({.replicas = replicas, .seed = seed});
    cluster.start_all();
    const bool cuts = random.chance(50);
    for (int i = 0; i < 12; ++i) {
      cluster.run_for(microseconds(random.below(random.chance(20) ? 150'000 : 1200)));
      const std::size_t at = random.below(replicas);
      if (!cluster.up(at)) {
        ASSERT_TRUE(cluster.start(at, true).ok());
      } else if (random.chance(50)) {
        cluster.kill(at);
      } else {
        cluster.cut_power(at);
      }
      if (cuts && random.chance(30)) random.chance(50) ? cluster.isolate(at) : cluster.heal(at);
    }
    for (std::size_t i = 0; i < replicas; ++i) {
      cluster.heal(i);
      if (!cluster.up(i)) {
        ASSERT_TRUE(cluster.start(i, true).ok());
      }
    }
    EXPECT_TRUE(cluster.run_until([&] { return cluster.all_serving(); })) << cluster.describe();
    for (std::size_t i = 0; i < replicas; ++i) EXPECT_TRUE(cluster.stopped(i).ok());
  }
}

// Given a cluster of one that dies at any moment of its first start, then it serves when it is
// back.
TEST(ReplicaFounding, OneMemberAloneThatDiesWhileItFoundsServesWhenItIsBack) {
  for (int after = 0; after < 3000; after += 50) {
    SCOPED_TRACE("killed after " + std::to_string(after) + " us");
    Cluster cluster({.replicas = 1});
    cluster.start_all();
    cluster.run_for(microseconds(after));
    cluster.kill(0);
    ASSERT_TRUE(cluster.start(0, true).ok());
    EXPECT_TRUE(cluster.run_until([&] { return cluster.all_serving(); })) << cluster.describe();
  }
}

}  // namespace
}  // namespace rabia::replica
