// A bank that all replicas agree on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "banking_smr/commands.h"
#include "rabia/small_state_machine.h"

namespace banking_smr {

// The rules' numbers. They decide what a command does, so they must be equal at all replicas, and
// may only be changed when all are stopped.
struct Limits {
  Cents transaction_max = 1'000'000'00;    // Of one deposit, withdrawal or transfer.
  Cents balance_max = 1'000'000'000'00;    // Of one account.
  Cents withdrawals_a_day_max = 5'000'00;  // Of one account, on a day (UTC) of the log's clock.
  std::size_t accounts_max = 10'000;
  std::size_t history_max = 20;  // Entries that an account keeps: the latest.
  // Clients whose last request is remembered. One that has been silent for a day makes room.
  std::size_t clients_max = 10'000;
};

// Keeps these promises, whatever the commands are:
// - No balance is below 0, and all balances together are deposits - withdrawals.
// - What is refused changes no account: the answer says why.
// - The last request of a client is executed once, however often it is sent; what it sent before
//   that is not executed any more.
// Money is lent to nobody and accounts stay open, so their ids are 1, 2, 3 and so on.
//
// Ids and times come from the log: from counters in the state and from context.time. All maps are
// ordered.
class Bank final : public rabia::SmallStateMachine {
 public:
  explicit Bank(const Limits& limits = {}) : limits_(limits) {}

  // --- To look at it, from inside Replica::read() or peek().

  // Code::not_found: no such account.
  [[nodiscard]] rabia::Result<Cents> balance(AccountId account) const;
  [[nodiscard]] rabia::Result<History> history(AccountId account) const;
  [[nodiscard]] Statistics statistics() const;
  // Adds everything up again. Code::failed_precondition: a promise is broken; says which.
  [[nodiscard]] rabia::Status audit() const { return audit(state_); }

  // --- SmallStateMachine

  std::string execute(const rabia::ApplyContext& context, std::string_view command) override;
  [[nodiscard]] std::string save() const override;
  rabia::Status load(std::string_view bytes) override;

 private:
  struct Account {
    std::string owner;
    Cents balance = 0;
    std::uint64_t withdrawal_day = 0;  // Days since the Unix epoch,
    Cents withdrawn_that_day = 0;      // and what was withdrawn on it.
    std::deque<HistoryEntry> history;
  };
  struct Client {
    std::uint64_t number = 0;  // Of its last request,
    rabia::LogTime time;       // when that was executed,
    std::string command;       // what it was,
    std::string answer;        // and how it was answered.
  };
  struct State {
    std::vector<Account> accounts;  // Account 1 first.
    std::map<std::string, Client> clients;
    std::uint64_t transactions = 0;  // The last one's id.
    std::uint64_t transfers = 0;
    Cents deposited = 0;
    Cents withdrawn = 0;
  };

  static rabia::Status audit(const State& state);
  static Account* find(State& state, AccountId id);
  [[nodiscard]] const Account* find(AccountId id) const;

  std::string execute_once(const rabia::ApplyContext& context, const Request& request,
                           std::string_view command);
  rabia::Status make_room_for_client(rabia::LogTime now);
  [[nodiscard]] std::string answer(const Query& query) const;

  // Each checks everything before it changes anything.
  rabia::Result<Receipt> perform(rabia::LogTime now, const CreateAccount& create);
  rabia::Result<Receipt> perform(rabia::LogTime now, const Deposit& deposit);
  rabia::Result<Receipt> perform(rabia::LogTime now, const Withdraw& withdraw);
  rabia::Result<Receipt> perform(rabia::LogTime now, const Transfer& transfer);

  [[nodiscard]] rabia::Status check_amount(Cents amount) const;
  // The account's balance with `amount` more.
  [[nodiscard]] rabia::Result<Cents> balance_with(const Account& account, Cents amount) const;
  void set_balance(Account& account, Cents balance, HistoryEntry entry) const;

  // bank_state.cc: how the state is written.
  static rabia::Result<State> parse(std::string_view bytes);

  Limits limits_;
  State state_;
  // The clients again, who was silent for the longest first. Follows from the state.
  std::set<std::pair<rabia::LogTime, std::string>> clients_by_time_;
};

}  // namespace banking_smr
