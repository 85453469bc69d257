// A day of a bank on three replicas in this process. Ends with 1 when something is not as it
// should.
#include <array>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

#include "banking_smr/bank.h"
#include "banking_smr/bank_client.h"
#include "rabia/local_cluster.h"

namespace {

using namespace banking_smr;
using rabia::Code;
using rabia::LocalCluster;
using rabia::Result;
using rabia::Status;

constexpr Cents euro = 100;

std::string euros(Cents amount) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%lld.%02lld", static_cast<long long>(amount / euro),
                static_cast<long long>(amount % euro));
  return text.data();
}

void expect(bool expected, const std::string& what) {
  if (!expected) throw std::runtime_error("not as expected: " + what);
}

void done(const Status& status, const std::string& what) {
  if (!status.ok()) throw std::runtime_error(what + ": " + status.message());
}

// A change that must succeed.
Receipt made(const char* what, const Result<Receipt>& result) {
  done(result.status(), what);
  const Receipt& receipt = result.value();
  std::printf("  %-40s account %llu has %s (transaction %llu)\n", what,
              static_cast<unsigned long long>(receipt.account.value),
              euros(receipt.balance).c_str(),
              static_cast<unsigned long long>(receipt.transaction.value));
  return receipt;
}

// One that must be refused.
void refused(const char* what, const Result<Receipt>& result, Code code) {
  std::printf("  %-40s refused: %s\n", what, result.status().message().c_str());
  expect(!result.ok() && result.status().code() == code, what);
}

// Each replica looks at its own books, without a place in the log.
void audit(LocalCluster& cluster, Cents expected) {
  done(cluster.wait_until_equal(), "the replicas are not equal");
  for (std::size_t at = 0; at < cluster.size(); ++at) {
    Status audited;
    Cents held = 0;
    const Status read = cluster.replica(at).read([&] {
      const auto& bank = dynamic_cast<const Bank&>(cluster.machine(at));
      audited = bank.audit();
      held = bank.statistics().held;
    });
    done(read, "the replica cannot be read");
    done(audited, "the books are wrong");
    std::printf("  replica %zu holds %s\n", at + 1, euros(held).c_str());
    expect(held == expected, "money came or went");
  }
}

void tour(LocalCluster& cluster) {
  BankClient morning(cluster.replica(0), "morning");
  BankClient noon(cluster.replica(1), "noon");
  BankClient evening(cluster.replica(2), "evening");

  std::printf("Accounts, at one replica and at another:\n");
  const AccountId ada = made("Ada opens an account", morning.create_account("Ada")).account;
  const AccountId ben = made("Ben opens an account", noon.create_account("Ben")).account;

  std::printf("Money:\n");
  made("Ada brings 1000.00", morning.deposit(ada, 1000 * euro));
  made("Ada takes 50.50", noon.withdraw(ada, 50 * euro + 50));
  made("Ada sends Ben 250.00", evening.transfer(ada, ben, 250 * euro));

  std::printf("What is not possible changes nothing:\n");
  refused("Ben takes more than he has", noon.withdraw(ben, 251 * euro), Code::exhausted);
  refused("Ben sends 0.00", noon.transfer(ben, ada, 0), Code::invalid_argument);
  refused("Ada sends money to nobody", noon.transfer(ada, AccountId{99}, 1), Code::not_found);
  made("Ada brings 900000.00", morning.deposit(ada, 900'000 * euro));
  refused("Ada takes more than is given on a day", morning.withdraw(ada, 4999 * euro),
          Code::exhausted);

  std::printf("A request that is sent twice counts once:\n");
  const Receipt first = made("Ben brings 10.00", noon.deposit(ben, 10 * euro));
  noon.use(cluster.replica(0));
  expect(made("the same again, at another replica", noon.send_again()) == first,
         "it counted twice");

  std::printf("A replica stops; the others go on:\n");
  done(cluster.stop(2), "it does not stop");
  made("Ben sends Ada 60.00", morning.transfer(ben, ada, 60 * euro));
  std::printf("It comes back, and has all of it:\n");
  done(cluster.start(2), "it does not start");
  evening.use(cluster.replica(2));
  const Result<History> history = evening.history(ben);
  done(history.status(), "there is no history");
  for (const HistoryEntry& entry : history.value()) {
    std::printf("  %-10s %8s %8s\n", std::string(name_of(entry.kind)).c_str(),
                euros(entry.amount).c_str(), euros(entry.balance).c_str());
  }
  expect(history.value().size() == 4, "Ben's account has four entries");
  const Result<Cents> balance = evening.balance(ben);
  done(balance.status(), "there is no balance");
  expect(balance.value() == 200 * euro, "Ben has 200.00");

  std::printf("The books at the end of the day:\n");
  audit(cluster, 900'959 * euro + 50);
  const Result<Statistics> statistics = evening.statistics();
  done(statistics.status(), "there are no statistics");
  std::printf("  %llu transactions, %llu of them transfers; %s deposited, %s withdrawn\n",
              static_cast<unsigned long long>(statistics.value().transactions),
              static_cast<unsigned long long>(statistics.value().transfers),
              euros(statistics.value().deposited).c_str(),
              euros(statistics.value().withdrawn).c_str());
}

}  // namespace

int main() {
  try {
    auto opened = LocalCluster::open({}, [] { return std::make_unique<Bank>(); });
    done(opened.status(), "the cluster does not start");
    tour(*opened.value());
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
