// Many clients at three replicas, which stop and come back one after the other.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

#include "banking_smr/bank.h"
#include "banking_smr/bank_client.h"
#include "rabia/local_cluster.h"
#include "rabia/random.h"

namespace banking_smr {
namespace {

using rabia::Code;
using rabia::Durability;
using rabia::LocalCluster;
using rabia::Replica;
using rabia::Result;
using rabia::Status;

constexpr std::size_t replicas = 3;
constexpr std::size_t accounts = 6;
constexpr std::size_t clients = 6;
constexpr std::size_t rounds = 4;  // Each with one replica that stops and comes back.
constexpr std::uint64_t requests_between = 150;
// A hang is a failure, but only after longer than any machine needs.
constexpr std::chrono::seconds patience(60);

// The replicas as clients see them. One that is stopped is closed first, while they use it; then
// nobody may hold it.
class Doors {
 public:
  explicit Doors(LocalCluster& cluster) : cluster_(cluster) {
    for (std::size_t i = 0; i < replicas; ++i) doors_[i].replica = &cluster.replica(i);
  }

  // Calls `use` with a replica, unless it is stopped: false. Any thread.
  bool enter(std::size_t index, const std::function<void(Replica&)>& use) {
    Door& door = doors_[index];
    if (door.closing) return false;
    const std::shared_lock lock(door.mutex);
    if (door.replica == nullptr) return false;
    use(*door.replica);
    return true;
  }
  // One thread only.
  void stop(std::size_t index) {
    Door& door = doors_[index];
    const Status closed = door.replica->close();
    ASSERT_TRUE(closed.ok()) << closed.message();
    door.closing = true;  // So that those who come do not keep the others from leaving.
    const std::unique_lock lock(door.mutex);
    door.replica = nullptr;
    const Status stopped = cluster_.stop(index);
    ASSERT_TRUE(stopped.ok()) << stopped.message();
  }
  void start(std::size_t index) {
    Door& door = doors_[index];
    const Status started = cluster_.start(index);
    ASSERT_TRUE(started.ok()) << started.message();
    const std::unique_lock lock(door.mutex);
    door.replica = &cluster_.replica(index);
    door.closing = false;
  }

 private:
  struct Door {
    std::shared_mutex mutex;
    Replica* replica = nullptr;
    std::atomic<bool> closing = false;
  };
  LocalCluster& cluster_;
  std::array<Door, replicas> doors_;
};

// Makes requests until it is told to stop, and counts what was acknowledged.
class Customer {
 public:
  Customer(Doors& doors, std::size_t number)
      : doors_(doors), name_("customer" + std::to_string(number)), random_(number) {}

  void run(const std::atomic<bool>& stop) {
    // For a beginning: each request asks one that it draws.
    std::optional<BankClient> client;
    while (!doors_.enter(0, [&](Replica& replica) { client.emplace(replica, name_); })) {
    }
    while (!stop && failed.empty()) make_one_request(*client);
  }

  std::map<std::uint64_t, Cents> balances;  // What its own requests have added, by account.
  Cents deposited = 0;
  Cents withdrawn = 0;
  std::uint64_t transfers = 0;
  std::uint64_t made = 0;  // All of them.
  std::atomic<std::uint64_t> answered = 0;
  std::atomic<std::uint64_t> unknown = 0;      // Attempts with an unknown outcome,
  std::atomic<std::uint64_t> unavailable = 0;  // and those that were not made.
  std::string failed;

 private:
  using Make = std::function<Result<Receipt>(BankClient&)>;

  void make_one_request(BankClient& client) {
    const AccountId account{1 + random_.below(accounts)};
    const AccountId other{1 + (account.value + random_.below(accounts - 1)) % accounts};
    const auto amount = static_cast<Cents>(1 + random_.below(500));
    switch (random_.below(4)) {
      case 0:
        if (make(client, [&](BankClient& at) { return at.deposit(account, amount); })) {
          deposited += amount;
          balances[account.value] += amount;
        }
        break;
      case 1:
        if (make(client, [&](BankClient& at) { return at.withdraw(account, amount); })) {
          withdrawn += amount;
          balances[account.value] -= amount;
        }
        break;
      default:
        if (make(client, [&](BankClient& at) { return at.transfer(account, other, amount); })) {
          ++transfers;
          balances[account.value] -= amount;
          balances[other.value] += amount;
        }
    }
  }

  // Whether it was done. What was not made is taken for not made: it is not sent again. What has an
  // unknown outcome is, until it is known, at any replica.
  bool make(BankClient& client, const Make& make) {
    Result<Receipt> result = at_any_replica(client, make);
    if (result.status().code() == Code::unavailable) {
      ++unavailable;
      return false;
    }
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!result.ok() && is_unknown(result.status())) {
      if (std::chrono::steady_clock::now() > end) {
        failed = name_ + " does not come to know: " + result.status().message();
        return false;
      }
      result = at_any_replica(client, [](BankClient& at) { return at.send_again(); });
    }
    ++answered;
    if (result.ok()) {
      ++made;
      return true;
    }
    // There is too little money now and then.
    if (result.status().code() != Code::exhausted) failed = result.status().message();
    return false;
  }
  bool is_unknown(const Status& status) {
    if (status.code() == Code::unknown_outcome) ++unknown;
    return status.code() == Code::unknown_outcome || status.code() == Code::unavailable;
  }
  Result<Receipt> at_any_replica(BankClient& client, const Make& make) {
    Result<Receipt> result = Status();
    while (!doors_.enter(random_.below(replicas), [&](Replica& replica) {
      client.use(replica);
      result = make(client);
    })) {
    }
    return result;
  }

  Doors& doors_;
  std::string name_;
  rabia::Random random_;
};

std::uint64_t sum(const std::vector<std::unique_ptr<Customer>>& customers,
                  std::atomic<std::uint64_t> Customer::*count) {
  std::uint64_t total = 0;
  for (const auto& customer : customers) total += (*customer).*count;
  return total;
}

// Each replica has what was acknowledged, to the cent, and nothing else.
void check_books(LocalCluster& cluster, const std::vector<std::unique_ptr<Customer>>& customers) {
  std::map<std::uint64_t, Cents> expected;
  Statistics statistics{.accounts = accounts, .transactions = accounts};
  for (const auto& customer : customers) {
    for (const auto& [account, amount] : customer->balances) expected[account] += amount;
    statistics.deposited += customer->deposited;
    statistics.withdrawn += customer->withdrawn;
    statistics.transfers += customer->transfers;
    statistics.transactions += customer->made;
  }
  statistics.held = statistics.deposited - statistics.withdrawn;
  for (std::size_t at = 0; at < replicas; ++at) {
    const Status read = cluster.replica(at).read([&] {
      const auto& bank = dynamic_cast<const Bank&>(cluster.machine(at));
      EXPECT_TRUE(bank.audit().ok()) << bank.audit().message();
      EXPECT_TRUE(bank.statistics() == statistics) << encode_answer(bank.statistics());
      for (std::uint64_t id = 1; id <= accounts; ++id) {
        EXPECT_EQ(bank.balance({id}).value(), expected[id]) << "account " << id;
        EXPECT_GE(bank.balance({id}).value(), 0);
      }
    });
    EXPECT_TRUE(read.ok()) << read.message();
  }
}

void stop_and_start_replicas(Doors& doors,
                             const std::vector<std::unique_ptr<Customer>>& customers) {
  const auto go_on = [&] {
    const std::uint64_t before = sum(customers, &Customer::answered);
    const auto end = std::chrono::steady_clock::now() + patience;
    while (sum(customers, &Customer::answered) < before + requests_between) {
      ASSERT_LT(std::chrono::steady_clock::now(), end) << "the customers do not go on";
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  };
  for (std::size_t round = 0; round < rounds; ++round) {
    ASSERT_NO_FATAL_FAILURE(go_on());
    ASSERT_NO_FATAL_FAILURE(doors.stop(round % replicas));
    ASSERT_NO_FATAL_FAILURE(go_on());
    ASSERT_NO_FATAL_FAILURE(doors.start(round % replicas));
  }
  ASSERT_NO_FATAL_FAILURE(go_on());
}

class Stress : public ::testing::TestWithParam<Durability> {};

// Given customers who move money at all replicas, when one replica after another is stopped
// under them and comes back, then at the end all replicas are equal and hold what was acknowledged:
// nothing that was is lost, what was refused as not made was not made, and what was sent again
// counts once.
TEST_P(Stress, EveryCentIsAccountedFor) {
  auto opened =
      LocalCluster::open({.durability = GetParam()}, [] { return std::make_unique<Bank>(); });
  ASSERT_TRUE(opened.ok()) << opened.status().message();
  LocalCluster& cluster = *opened.value();
  BankClient clerk(cluster.replica(0), "clerk");
  for (std::size_t i = 0; i < accounts; ++i) ASSERT_TRUE(clerk.create_account("owner").ok());

  Doors doors(cluster);
  std::atomic<bool> stop = false;
  std::vector<std::unique_ptr<Customer>> customers;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < clients; ++i) {
    customers.push_back(std::make_unique<Customer>(doors, i));
    threads.emplace_back([&, customer = customers.back().get()] { customer->run(stop); });
  }
  stop_and_start_replicas(doors, customers);
  stop = true;
  for (std::thread& thread : threads) thread.join();
  for (const auto& customer : customers) EXPECT_EQ(customer->failed, "");
  if (HasFatalFailure()) return;

  const Status equal = cluster.wait_until_equal();
  ASSERT_TRUE(equal.ok()) << equal.message();
  check_books(cluster, customers);
  RecordProperty("answered", std::to_string(sum(customers, &Customer::answered)));
  RecordProperty("unknown", std::to_string(sum(customers, &Customer::unknown)));
  RecordProperty("unavailable", std::to_string(sum(customers, &Customer::unavailable)));
}

INSTANTIATE_TEST_SUITE_P(Banking, Stress,
                         ::testing::Values(Durability::memory, Durability::os, Durability::always),
                         [](const auto& tested) {
                           return std::string(tested.param == Durability::memory ? "memory"
                                              : tested.param == Durability::os   ? "os"
                                                                                 : "always");
                         });

}  // namespace
}  // namespace banking_smr
