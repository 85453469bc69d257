#include "banking_smr/bank.h"

#include <algorithm>

namespace banking_smr {
namespace {

using rabia::Code;
using rabia::LogTime;
using rabia::Result;
using rabia::Status;

constexpr std::uint64_t day_milliseconds = 24ULL * 60 * 60 * 1000;

Status no_such(AccountId account) {
  return {Code::not_found, "there is no account " + std::to_string(account.value)};
}

Status too_much(const char* what, Cents maximum) {
  return {Code::exhausted, what + std::string(" is at most ") + std::to_string(maximum) + " cents"};
}

}  // namespace

// --- Looking

Bank::Account* Bank::find(State& state, AccountId id) {
  const bool exists = id.value >= 1 && id.value <= state.accounts.size();
  return exists ? &state.accounts[id.value - 1] : nullptr;
}

const Bank::Account* Bank::find(AccountId id) const {
  const bool exists = id.value >= 1 && id.value <= state_.accounts.size();
  return exists ? &state_.accounts[id.value - 1] : nullptr;
}

Result<Cents> Bank::balance(AccountId account) const {
  const Account* const found = find(account);
  if (found == nullptr) return no_such(account);
  return found->balance;
}

Result<History> Bank::history(AccountId account) const {
  const Account* const found = find(account);
  if (found == nullptr) return no_such(account);
  return History(found->history.begin(), found->history.end());
}

Statistics Bank::statistics() const {
  return {.accounts = state_.accounts.size(),
          .transactions = state_.transactions,
          .transfers = state_.transfers,
          .deposited = state_.deposited,
          .withdrawn = state_.withdrawn,
          .held = state_.deposited - state_.withdrawn};
}

Status Bank::audit(const State& state) {
  const auto broken = [](const std::string& what) {
    return Status(Code::failed_precondition, what);
  };
  Cents held = 0;
  for (const Account& account : state.accounts) {
    if (account.balance < 0) return broken("the balance of " + account.owner + " is below 0");
    if (__builtin_add_overflow(held, account.balance, &held)) return broken("too much money");
  }
  if (state.deposited < 0 || state.withdrawn < 0 || held != state.deposited - state.withdrawn) {
    return broken("accounts hold " + std::to_string(held) + " cents, but " +
                  std::to_string(state.deposited) + " were deposited and " +
                  std::to_string(state.withdrawn) + " withdrawn");
  }
  return {};
}

// --- Commands

std::string Bank::execute(const rabia::ApplyContext& context, std::string_view command) {
  const Result<Command> decoded = decode_command(command);
  if (!decoded.ok()) return encode_answer(decoded.status());
  if (const Request* const request = std::get_if<Request>(&decoded.value())) {
    return execute_once(context, *request, command);
  }
  return answer(std::get<Query>(decoded.value()));
}

std::string Bank::answer(const Query& query) const {
  if (const auto* const get = std::get_if<GetBalance>(&query)) {
    return encode_answer(balance(get->account));
  }
  if (const auto* const get = std::get_if<GetHistory>(&query)) {
    return encode_answer(history(get->account));
  }
  return encode_answer(statistics());
}

std::string Bank::execute_once(const rabia::ApplyContext& context, const Request& request,
                               std::string_view command) {
  const auto& [name, number] = request.id;
  auto known = state_.clients.find(name);
  if (known != state_.clients.end()) {
    const Client& client = known->second;
    if (number == client.number && command == client.command) return client.answer;
    if (number == client.number) {
      return encode_answer(
          Status(Code::already_exists, "request " + std::to_string(number) + " of " + name +
                                           " was another one: give each a number of its own"));
    }
    if (number < client.number) {
      return encode_answer(Status(Code::failed_precondition,
                                  name + " has made request " + std::to_string(client.number) +
                                      " since: an earlier one is not executed any more"));
    }
    clients_by_time_.erase({client.time, name});
  } else {
    if (Status room = make_room_for_client(context.time); !room.ok()) return encode_answer(room);
    known = state_.clients.emplace(name, Client()).first;
  }
  std::string answer =
      std::visit([&](const auto& change) { return encode_answer(perform(context.time, change)); },
                 request.change);
  known->second = {number, context.time, std::string(command), answer};
  clients_by_time_.emplace(context.time, name);
  return answer;
}

// Nobody is forgotten who may be about to send his last request again.
Status Bank::make_room_for_client(LogTime now) {
  if (state_.clients.size() < limits_.clients_max) return {};
  const auto oldest = clients_by_time_.begin();
  if (oldest == clients_by_time_.end() || now.value - oldest->first.value < day_milliseconds) {
    return {Code::exhausted, "the bank remembers " + std::to_string(limits_.clients_max) +
                                 " clients of the last day, and takes no further one: use a name "
                                 "again, or come back later"};
  }
  state_.clients.erase(oldest->second);
  clients_by_time_.erase(oldest);
  return {};
}

Result<Receipt> Bank::perform(LogTime now, const CreateAccount& create) {
  if (state_.accounts.size() >= limits_.accounts_max) {
    return {Code::exhausted, "the bank has as many accounts as it can"};
  }
  Account& account = state_.accounts.emplace_back();
  account.owner = create.owner;
  const TransactionId transaction{++state_.transactions};
  set_balance(account, 0, {.transaction = transaction, .time = now, .kind = Kind::opened});
  return Receipt{transaction, AccountId{state_.accounts.size()}, 0, now};
}

Result<Receipt> Bank::perform(LogTime now, const Deposit& deposit) {
  if (Status checked = check_amount(deposit.amount); !checked.ok()) return checked;
  Account* const account = find(state_, deposit.account);
  if (account == nullptr) return no_such(deposit.account);
  const Result<Cents> balance = balance_with(*account, deposit.amount);
  if (!balance.ok()) return balance.status();
  Cents deposited = 0;
  if (__builtin_add_overflow(state_.deposited, deposit.amount, &deposited)) {
    return {Code::exhausted, "more was deposited in this bank than can be counted"};
  }
  state_.deposited = deposited;
  const TransactionId transaction{++state_.transactions};
  set_balance(
      *account, balance.value(),
      {.transaction = transaction, .time = now, .kind = Kind::deposit, .amount = deposit.amount});
  return Receipt{transaction, deposit.account, account->balance, now};
}

Result<Receipt> Bank::perform(LogTime now, const Withdraw& withdraw) {
  if (Status checked = check_amount(withdraw.amount); !checked.ok()) return checked;
  Account* const account = find(state_, withdraw.account);
  if (account == nullptr) return no_such(withdraw.account);
  if (withdraw.amount > account->balance) {
    return {Code::exhausted,
            "the account holds " + std::to_string(account->balance) + " cents only"};
  }
  const std::uint64_t today = now.value / day_milliseconds;
  const Cents before = account->withdrawal_day == today ? account->withdrawn_that_day : 0;
  if (withdraw.amount > limits_.withdrawals_a_day_max - before) {
    return too_much("what is withdrawn on a day", limits_.withdrawals_a_day_max);
  }
  account->withdrawal_day = today;
  account->withdrawn_that_day = before + withdraw.amount;
  state_.withdrawn += withdraw.amount;  // Never more than was deposited.
  const TransactionId transaction{++state_.transactions};
  set_balance(*account, account->balance - withdraw.amount,
              {.transaction = transaction,
               .time = now,
               .kind = Kind::withdrawal,
               .amount = withdraw.amount});
  return Receipt{transaction, withdraw.account, account->balance, now};
}

Result<Receipt> Bank::perform(LogTime now, const Transfer& transfer) {
  if (Status checked = check_amount(transfer.amount); !checked.ok()) return checked;
  if (transfer.from == transfer.to) {
    return {Code::invalid_argument, "a transfer is between two accounts"};
  }
  Account* const from = find(state_, transfer.from);
  if (from == nullptr) return no_such(transfer.from);
  Account* const to = find(state_, transfer.to);
  if (to == nullptr) return no_such(transfer.to);
  if (transfer.amount > from->balance) {
    return {Code::exhausted, "the account holds " + std::to_string(from->balance) + " cents only"};
  }
  const Result<Cents> received = balance_with(*to, transfer.amount);
  if (!received.ok()) return received.status();
  ++state_.transfers;
  HistoryEntry entry{.transaction = {++state_.transactions}, .time = now, .kind = Kind::sent};
  entry.amount = transfer.amount;
  entry.other = transfer.to;
  set_balance(*from, from->balance - transfer.amount, entry);
  entry.kind = Kind::received;
  entry.other = transfer.from;
  set_balance(*to, received.value(), entry);
  return Receipt{entry.transaction, transfer.from, from->balance, now};
}

// --- What they have in common

Status Bank::check_amount(Cents amount) const {
  if (amount <= 0) return {Code::invalid_argument, "an amount is above 0"};
  if (amount > limits_.transaction_max) {
    return too_much("the amount of a transaction", limits_.transaction_max);
  }
  return {};
}

Result<Cents> Bank::balance_with(const Account& account, Cents amount) const {
  Cents balance = 0;
  if (__builtin_add_overflow(account.balance, amount, &balance) || balance > limits_.balance_max) {
    return too_much("the balance of an account", limits_.balance_max);
  }
  return balance;
}

void Bank::set_balance(Account& account, Cents balance, HistoryEntry entry) const {
  account.balance = balance;
  entry.balance = balance;
  account.history.push_back(entry);
  if (account.history.size() > limits_.history_max) account.history.pop_front();
}

}  // namespace banking_smr
