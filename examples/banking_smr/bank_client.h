// What somebody at a counter of the bank uses.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "banking_smr/commands.h"
#include "rabia/replica.h"
#include "rabia/result.h"

namespace banking_smr {

// Makes requests at a replica under a name, one after another, and waits for each.
// Thread-compatible: each thread has a client of its own. Not from inside a callback of a replica.
//
// The result of a change is a receipt, the bank's refusal, or what the replica says:
// - Code::unavailable: it was not made, and will not be: make it again, here or elsewhere.
// - Code::unknown_outcome: nobody knows. send_again(), here or elsewhere, until it is known: the
//   bank executes it once. If another one is made instead, this one is executed before that or
//   never.
// The bank's refusals are Code::invalid_argument, not_found, exhausted (too little money, or a
// limit), failed_precondition and already_exists (the name is used by another client, too).
class BankClient {
 public:
  // `replica` is used until it is replaced. The name is nobody else's, also not that of an earlier
  // run of this program: requests are numbered from 1.
  BankClient(rabia::Replica& replica, std::string name)
      : replica_(&replica), name_(std::move(name)) {}

  // From now on this replica is asked.
  void use(rabia::Replica& replica) { replica_ = &replica; }

  rabia::Result<Receipt> create_account(std::string owner) {
    return request(CreateAccount{std::move(owner)});
  }
  rabia::Result<Receipt> deposit(AccountId account, Cents amount) {
    return request(Deposit{account, amount});
  }
  rabia::Result<Receipt> withdraw(AccountId account, Cents amount) {
    return request(Withdraw{account, amount});
  }
  rabia::Result<Receipt> transfer(AccountId from, AccountId to, Cents amount) {
    return request(Transfer{from, to, amount});
  }
  // The last change again, as it was. Code::failed_precondition: there was none.
  rabia::Result<Receipt> send_again() {
    if (last_.empty()) return {rabia::Code::failed_precondition, "nothing was sent yet"};
    return send(last_, decode_receipt);
  }

  // These can be asked again at will.
  rabia::Result<Cents> balance(AccountId account) {
    return send(encode(Query(GetBalance{account})), decode_balance);
  }
  rabia::Result<History> history(AccountId account) {
    return send(encode(Query(GetHistory{account})), decode_history);
  }
  rabia::Result<Statistics> statistics() {
    return send(encode(Query(GetStatistics{})), decode_statistics);
  }

 private:
  rabia::Result<Receipt> request(Change change) {
    last_ = encode(Request{{name_, ++number_}, std::move(change)});
    return send_again();
  }
  template <typename Answer>
  rabia::Result<Answer> send(const std::string& command,
                             rabia::Result<Answer> (*decode)(std::string_view)) {
    const rabia::Replica::Reply reply = replica_->submit(command).get();
    return reply.ok() ? decode(reply.value()) : rabia::Result<Answer>(reply.status());
  }

  rabia::Replica* replica_;
  std::string name_;
  std::uint64_t number_ = 0;  // Of the last request.
  std::string last_;          // As it was sent.
};

}  // namespace banking_smr
