#include "banking_smr/bank.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "rabia/check_deterministic.h"
#include "rabia/random.h"

namespace banking_smr {
namespace {

using rabia::Code;
using rabia::Result;
using rabia::Status;

constexpr Cents cents_max = std::numeric_limits<Cents>::max();
constexpr std::uint64_t day_milliseconds = 86'400'000;
constexpr std::uint64_t some_midnight = 19'700 * day_milliseconds;

constexpr Limits small{.transaction_max = 1000,
                       .balance_max = 1500,
                       .withdrawals_a_day_max = 700,
                       .accounts_max = 6,
                       .history_max = 4,
                       .clients_max = 5};

// A bank, and a client of it that makes one request after another.
class Counter {
 public:
  explicit Counter(const Limits& limits = {}) : bank(limits) {}

  std::string say(const std::string& command) {
    return bank.execute({.position = {++position_}, .time = {now}}, command);
  }
  Result<Receipt> request(Change change) {
    last = encode(Request{{"teller", ++number_}, std::move(change)});
    return decode_receipt(say(last));
  }
  AccountId open(const std::string& owner, Cents amount = 0) {
    const AccountId id = request(CreateAccount{owner}).value().account;
    if (amount > 0) {
      EXPECT_TRUE(request(Deposit{id, amount}).ok());
    }
    return id;
  }
  // A request that must be refused for this reason, and change no account.
  void refuse(Change change, Code code, const std::string& why) {
    const std::vector<History> before = accounts();
    const Status status = request(std::move(change)).status();
    EXPECT_EQ(status.code(), code) << last << ": " << status.message();
    EXPECT_NE(status.message().find(why), std::string::npos) << status.message();
    EXPECT_EQ(accounts(), before) << last;
  }
  [[nodiscard]] std::vector<History> accounts() const {
    std::vector<History> all;
    for (std::uint64_t id = 1; id <= bank.statistics().accounts; ++id) {
      all.push_back(bank.history({id}).value());
    }
    return all;
  }
  [[nodiscard]] Cents balance(AccountId id) const { return bank.balance(id).value(); }

  Bank bank;
  std::uint64_t now = some_midnight;
  std::string last;

 private:
  std::uint64_t position_ = 0;
  std::uint64_t number_ = 0;
};

// ---- what each command does

TEST(Bank, NumbersAccountsAndTransactionsInTheOrderOfTheLog) {
  Counter counter;
  const Receipt first = counter.request(CreateAccount{"Ada"}).value();
  EXPECT_EQ(first, (Receipt{{1}, {1}, 0, {some_midnight}}));
  counter.now += 5;
  EXPECT_EQ(counter.request(CreateAccount{"Ben"}).value(),
            (Receipt{{2}, {2}, 0, {some_midnight + 5}}));
  EXPECT_EQ(counter.request(Deposit{{1}, 250}).value(),
            (Receipt{{3}, {1}, 250, {some_midnight + 5}}));
}

TEST(Bank, MovesMoneyAndKeepsTheBooks) {
  Counter counter;
  const AccountId ada = counter.open("Ada", 1000);
  const AccountId ben = counter.open("Ben");
  EXPECT_EQ(counter.request(Withdraw{ada, 100}).value().balance, 900);
  EXPECT_EQ(counter.request(Transfer{ada, ben, 300}).value().balance, 600);
  EXPECT_EQ(counter.balance(ben), 300);
  EXPECT_EQ(counter.bank.statistics(), (Statistics{2, 5, 1, 1000, 100, 900}));
  EXPECT_TRUE(counter.bank.audit().ok());
}

TEST(Bank, AnswersQueriesAsCommands) {
  Counter counter;
  counter.open("Ada", 1000);
  EXPECT_EQ(decode_balance(counter.say("balance 1")).value(), 1000);
  EXPECT_EQ(decode_history(counter.say("history 1")).value(), counter.bank.history({1}).value());
  EXPECT_EQ(decode_statistics(counter.say("statistics")).value(), counter.bank.statistics());
  for (const char* query : {"balance 2", "history 2", "balance 0"}) {
    EXPECT_EQ(decode_balance(counter.say(query)).status().code(), Code::not_found) << query;
  }
}

TEST(Bank, HistoryTellsWhatHappenedAndKeepsTheLatest) {
  Counter counter(small);
  const AccountId ada = counter.open("Ada", 400);
  const AccountId ben = counter.open("Ben");
  ASSERT_TRUE(counter.request(Transfer{ada, ben, 100}).ok());
  ASSERT_TRUE(counter.request(Withdraw{ada, 50}).ok());
  const rabia::LogTime time{some_midnight};
  const History whole{{{1}, time, Kind::opened, 0, {}, 0},
                      {{2}, time, Kind::deposit, 400, {}, 400},
                      {{4}, time, Kind::sent, 100, ben, 300},
                      {{5}, time, Kind::withdrawal, 50, {}, 250}};
  EXPECT_EQ(counter.bank.history(ada).value(), whole);
  EXPECT_EQ(counter.bank.history(ben).value().back(),
            (HistoryEntry{{4}, time, Kind::received, 100, ada, 100}));
  ASSERT_TRUE(counter.request(Deposit{ada, 1}).ok());
  EXPECT_EQ(counter.bank.history(ada).value().size(), small.history_max);
  EXPECT_EQ(counter.bank.history(ada).value().front(), whole[1]);
}

// ---- what is refused

TEST(Bank, NoBalanceFallsBelowZero) {
  Counter counter;
  const AccountId ada = counter.open("Ada", 500);
  const AccountId ben = counter.open("Ben");
  counter.refuse(Withdraw{ada, 501}, Code::exhausted, "holds 500 cents");
  counter.refuse(Transfer{ada, ben, 501}, Code::exhausted, "holds 500 cents");
  EXPECT_EQ(counter.request(Withdraw{ada, 500}).value().balance, 0);
  counter.refuse(Transfer{ada, ben, 1}, Code::exhausted, "holds 0 cents");
}

TEST(Bank, AmountsAreAboveZero) {
  Counter counter;
  const AccountId ada = counter.open("Ada", 500);
  const AccountId ben = counter.open("Ben", 500);
  for (const Cents amount : {Cents{0}, Cents{-1}, std::numeric_limits<Cents>::min()}) {
    counter.refuse(Deposit{ada, amount}, Code::invalid_argument, "above 0");
    counter.refuse(Withdraw{ada, amount}, Code::invalid_argument, "above 0");
    counter.refuse(Transfer{ada, ben, amount}, Code::invalid_argument, "above 0");
  }
}

TEST(Bank, AccountsMustExistAndDiffer) {
  Counter counter;
  const AccountId ada = counter.open("Ada", 500);
  const auto largest = std::numeric_limits<std::uint64_t>::max();
  for (const AccountId nobody : {AccountId{0}, AccountId{2}, AccountId{largest}}) {
    counter.refuse(Deposit{nobody, 1}, Code::not_found, "there is no account");
    counter.refuse(Withdraw{nobody, 1}, Code::not_found, "there is no account");
    counter.refuse(Transfer{ada, nobody, 1}, Code::not_found, "there is no account");
    counter.refuse(Transfer{nobody, ada, 1}, Code::not_found, "there is no account");
  }
  counter.refuse(Transfer{ada, ada, 1}, Code::invalid_argument, "two accounts");
}

TEST(Bank, ATransactionHasALimit) {
  Counter counter(small);
  const AccountId ada = counter.open("Ada", 1000);
  const AccountId ben = counter.open("Ben");
  counter.refuse(Deposit{ben, 1001}, Code::exhausted, "a transaction is at most 1000");
  counter.refuse(Withdraw{ada, 1001}, Code::exhausted, "a transaction is at most 1000");
  counter.refuse(Transfer{ada, ben, 1001}, Code::exhausted, "a transaction is at most 1000");
  EXPECT_TRUE(counter.request(Transfer{ada, ben, 1000}).ok());
}

TEST(Bank, ABalanceHasALimit) {
  Counter counter(small);
  const AccountId ada = counter.open("Ada", 1000);
  const AccountId ben = counter.open("Ben", 501);
  counter.refuse(Deposit{ada, 501}, Code::exhausted, "the balance of an account is at most 1500");
  counter.refuse(Transfer{ben, ada, 501}, Code::exhausted, "the balance of an account");
  EXPECT_EQ(counter.request(Transfer{ben, ada, 500}).value().balance, 1);
  EXPECT_EQ(counter.balance(ada), 1500);
}

// Given a limit for a day, then it counts what was withdrawn since midnight by the log's clock: of
// each account, and not what it sent to others.
TEST(Bank, WithdrawalsOfADayHaveALimit) {
  Counter counter(small);
  counter.now = some_midnight + day_milliseconds - 1;
  const AccountId ada = counter.open("Ada", 1000);
  ASSERT_TRUE(counter.request(Deposit{ada, 500}).ok());
  const AccountId ben = counter.open("Ben");
  ASSERT_TRUE(counter.request(Withdraw{ada, 400}).ok());
  counter.refuse(Withdraw{ada, 301}, Code::exhausted, "on a day is at most 700");
  ASSERT_TRUE(counter.request(Withdraw{ada, 300}).ok());
  counter.refuse(Withdraw{ada, 1}, Code::exhausted, "on a day is at most 700");
  ASSERT_TRUE(counter.request(Transfer{ada, ben, 10}).ok());
  ASSERT_TRUE(counter.request(Withdraw{ben, 10}).ok());
  ++counter.now;
  EXPECT_TRUE(counter.request(Withdraw{ada, 700}).ok());
  counter.refuse(Withdraw{ada, 1}, Code::exhausted, "on a day is at most 700");
}

TEST(Bank, HasRoomForSoManyAccounts) {
  Counter counter(small);
  for (std::size_t i = 0; i < small.accounts_max; ++i) counter.open("Ada");
  counter.refuse(CreateAccount{"Ben"}, Code::exhausted, "as many accounts as it can");
}

// Given limits that allow any amount, when a sum would not fit into 64 bits, then it is refused.
TEST(Bank, NoSumOverflows) {
  Counter counter(
      {.transaction_max = cents_max, .balance_max = cents_max, .withdrawals_a_day_max = cents_max});
  const AccountId ada = counter.open("Ada", cents_max - 1);
  const AccountId ben = counter.open("Ben", 1);
  counter.refuse(Deposit{ada, 2}, Code::exhausted, "the balance of an account");
  counter.refuse(Deposit{ben, 1}, Code::exhausted, "than can be counted");
  EXPECT_EQ(counter.request(Transfer{ben, ada, 1}).value().balance, 0);
  EXPECT_EQ(counter.balance(ada), cents_max);
  EXPECT_EQ(counter.request(Withdraw{ada, cents_max}).value().balance, 0);
  counter.refuse(Deposit{ada, 1}, Code::exhausted, "than can be counted");
  EXPECT_TRUE(counter.bank.audit().ok());
}

TEST(Bank, WhatIsNoCommandChangesNothing) {
  Counter counter;
  counter.open("Ada", 1000);
  const std::string before = counter.bank.save();
  for (const char* command :
       {"", "deposit", "deposit teller 9 1", "deposit teller 9 1 5 ", "withdraw teller 9 1 all",
        "transfer teller 9 1 1", "statistics please", "\x00\xff", "create teller 9 A\nda"}) {
    EXPECT_TRUE(counter.say(command).starts_with("error invalid_argument ")) << command;
  }
  EXPECT_EQ(counter.bank.save(), before);
}

// ---- requests that are sent again

// Given a request, when the same is sent again, also over a snapshot, then it is answered as before
// and not executed; so is one that was refused, though it would not be now.
TEST(Bank, ARequestCountsOnce) {
  Counter counter;
  const AccountId ada = counter.open("Ada", 500);
  const std::string refused = counter.say("withdraw other 1 1 501");
  ASSERT_TRUE(counter.request(Deposit{ada, 100}).ok());
  const std::string again = counter.last;
  counter.now += 1000;
  EXPECT_EQ(counter.say("withdraw other 1 1 501"), refused);
  Bank restored;
  ASSERT_TRUE(restored.load(counter.bank.save()).ok());
  for (Bank* const bank : {&counter.bank, &restored}) {
    const std::string before = bank->save();
    EXPECT_EQ(decode_receipt(bank->execute({.time = {counter.now}}, again)).value(),
              (Receipt{{3}, ada, 600, {some_midnight}}));
    EXPECT_EQ(bank->save(), before);
  }
}

TEST(Bank, ANumberIsForOneRequest) {
  Counter counter;
  counter.open("Ada", 500);
  ASSERT_TRUE(counter.say("deposit t 5 1 10").starts_with("ok"));
  EXPECT_TRUE(counter.say("deposit t 5 1 11").starts_with("error already_exists"));
  EXPECT_TRUE(counter.say("withdraw t 5 1 10").starts_with("error already_exists"));
  EXPECT_EQ(counter.balance({1}), 510);
}

// Given a request that was given up for a later one, when it arrives after that, then it is not
// executed any more.
TEST(Bank, AnEarlierRequestIsNotExecutedAnyMore) {
  Counter counter;
  counter.open("Ada", 500);
  ASSERT_TRUE(counter.say("deposit t 5 1 10").starts_with("ok"));
  EXPECT_TRUE(counter.say("deposit t 4 1 10").starts_with("error failed_precondition"));
  EXPECT_EQ(counter.balance({1}), 510);
}

// Given as many clients as the bank remembers, then a further one is refused until the one that was
// silent for the longest has been so for a day; nobody else is forgotten.
TEST(Bank, RemembersAClientForADay) {
  Counter counter(small);
  counter.open("Ada", 500);
  const auto deposit = [&](const std::string& client, int number) {
    return counter.say("deposit " + client + " " + std::to_string(number) + " 1 1");
  };
  for (const char* client : {"a", "b", "c", "d"}) {
    ++counter.now;
    ASSERT_TRUE(deposit(client, 1).starts_with("ok"));
  }
  counter.now = some_midnight + day_milliseconds - 1;
  EXPECT_TRUE(deposit("e", 1).starts_with("error exhausted the bank remembers 5 clients"));
  ASSERT_TRUE(
      counter.request(Deposit{{1}, 1}).ok());  // The first that came is not silent any more.
  ++counter.now;
  EXPECT_TRUE(deposit("e", 1).starts_with("error exhausted"));
  ++counter.now;
  const std::string before = counter.bank.save();
  EXPECT_TRUE(deposit("b", 1).starts_with("ok"));
  EXPECT_EQ(counter.bank.save(), before);
  EXPECT_TRUE(deposit("e", 1).starts_with("ok"));  // Instead of "a".
  EXPECT_TRUE(deposit("f", 1).starts_with("error exhausted"));
  EXPECT_EQ(counter.balance({1}), 500 + 4 + 1 + 1);
}

// ---- as a state machine

// Commands of all kinds, good and bad, some of them twice.
std::vector<std::string> any_commands(std::size_t count) {
  rabia::Random random(17);
  std::vector<std::string> commands;
  const auto number = [&](std::uint64_t bound) { return std::to_string(random.below(bound)); };
  while (commands.size() < count) {
    const std::string id = "t" + number(6) + " " + std::to_string(commands.size() + 1) + " ";
    const std::string account = number(8);
    switch (random.below(12)) {
      case 0:
        commands.push_back("create " + id + "owner" + number(100));
        break;
      case 1:
      case 2:
      case 3:
        commands.push_back("deposit " + id + account + " " + number(1100));
        break;
      case 4:
        commands.push_back("withdraw " + id + account + " " + number(300));
        break;
      case 5:
      case 6:
      case 7:
        commands.push_back("transfer " + id + account + " " + number(8) + " " + number(400));
        break;
      case 8:
        commands.push_back(random.below(2) == 0 ? "history " + account : "balance " + account);
        break;
      case 9:
        commands.emplace_back("statistics");
        break;
      case 10:  // One that was sent already, maybe long ago.
        if (!commands.empty()) {
          const std::uint64_t back = random.below(random.below(2) == 0 ? 4 : commands.size());
          commands.push_back(commands[commands.size() - 1 - std::min(back, commands.size() - 1)]);
        }
        break;
      default: {  // With a byte that is another one.
        std::string broken = "deposit " + id + account + " " + number(1100);
        broken[random.below(broken.size())] = static_cast<char>(random.below(256));
        commands.push_back(broken);
      }
    }
  }
  return commands;
}

TEST(Bank, IsDeterministic) {
  const Status status =
      rabia::check_deterministic([] { return std::make_unique<Bank>(small); }, any_commands(6000));
  EXPECT_TRUE(status.ok()) << status.message();
}

// Given any commands, then the promises hold after each, and all kinds were executed and refused.
TEST(Bank, KeepsItsPromisesWhateverItIsTold) {
  Bank bank(small);
  std::map<std::string, int> answers;
  std::uint64_t now = some_midnight;
  for (const std::string& command : any_commands(6000)) {
    const std::string answer = bank.execute({.time = {now += 600'000}}, command);
    ++answers[answer.substr(0, answer.find(' ', answer.find(' ') + 1))];
    ASSERT_TRUE(bank.audit().ok()) << command << ": " << bank.audit().message();
  }
  EXPECT_GT(bank.statistics().transfers, 100U);
  EXPECT_GT(bank.statistics().withdrawn, 0);
  EXPECT_EQ(bank.statistics().accounts, small.accounts_max);
  for (const char* code : {"invalid_argument", "not_found", "exhausted", "failed_precondition"}) {
    EXPECT_GT(answers["error " + std::string(code)], 100) << code;
  }
}

// Given a bank, when it is saved and loaded, then the other is the same in everything that it does.
TEST(Bank, GoesOnFromItsState) {
  Bank bank(small);
  const std::vector<std::string> commands = any_commands(2000);
  for (std::size_t i = 0; i < 1000; ++i) bank.execute({.time = {i}}, commands[i]);
  Bank other(small);
  other.execute({}, "create t 1 Somebody");
  ASSERT_TRUE(other.load(bank.save()).ok());
  EXPECT_EQ(other.save(), bank.save());
  for (std::size_t i = 1000; i < commands.size(); ++i) {
    const rabia::ApplyContext context{.time = {i}};
    ASSERT_EQ(other.execute(context, commands[i]), bank.execute(context, commands[i]));
  }
  EXPECT_EQ(other.save(), bank.save());
}

// The format, as it is. When it changes, so does its version, and load() reads the old one too.
TEST(Bank, StateHasThisFormat) {
  Counter counter;
  counter.now = 86'400'017;
  counter.open("Ada", 500);
  counter.open("Ben");
  counter.say("withdraw other 3 1 20");
  EXPECT_EQ(counter.bank.save(),
            "bank 1\n"
            "book 2 4 0 500 20 2\n"
            "account 480 1 20 3 Ada\n"
            "1 86400017 opened 0 0 0\n"
            "2 86400017 deposit 500 0 500\n"
            "4 86400017 withdrawal 20 0 480\n"
            "account 0 0 0 1 Ben\n"
            "3 86400017 opened 0 0 0\n"
            "client 3 86400017 other\n"
            "withdraw other 3 1 20\n"
            "ok 4 1 480 86400017\n"
            "client 3 86400017 teller\n"
            "create teller 3 Ben\n"
            "ok 3 2 0 86400017\n");
}

// Given bytes that are not the state of a bank, then they are refused, and it stays as it was.
TEST(Bank, RefusesWhatIsNotAState) {
  Counter counter;
  counter.open("Ada", 500);
  const std::string good = counter.bank.save();
  const auto refuse = [&](const std::string& bytes, const std::string& why) {
    const Status status = counter.bank.load(bytes);
    EXPECT_EQ(status.code(), Code::corrupted) << bytes;
    EXPECT_NE(status.message().find(why), std::string::npos) << status.message();
    EXPECT_EQ(counter.bank.save(), good);
  };
  for (std::size_t bytes = 0; bytes < good.size(); ++bytes) {
    refuse(good.substr(0, bytes), "not the state of a bank");
  }
  refuse(good + "\n", "not the state of a bank");
  refuse("bank 2\n", "version 2 instead of 1");
  std::string more = good;
  more.replace(more.find("account 500"), 11, "account 501");
  refuse(more, "accounts hold 501 cents, but 500 were deposited");
  std::string negative = good;
  negative.replace(negative.find("account 500"), 11, "account -50");
  refuse(negative, "below 0");
}

}  // namespace
}  // namespace banking_smr
