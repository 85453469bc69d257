// MULTI, EXEC and DISCARD.
#include <utility>

#include "server/client_state.h"
#include "server/command.h"
#include "server/server_state.h"
#include "server/transaction.h"

namespace rabia::server {
namespace {

void run_multi(LocalCall& call) {
  if (call.client.transaction) return call.reply.error("ERR MULTI calls can not be nested");
  call.client.transaction.emplace();
  call.reply.ok();
}

void run_discard(LocalCall& call) {
  if (!call.client.transaction) return call.reply.error("ERR DISCARD without MULTI");
  call.client.transaction.reset();
  call.reply.ok();
}

// What needs no replica: the session submits the others.
void run_exec(LocalCall& call) {
  if (!call.client.transaction) return call.reply.error("ERR EXEC without MULTI");
  const Transaction transaction = std::move(*call.client.transaction);
  call.client.transaction.reset();
  if (transaction.spoilt()) {
    return call.reply.error("EXECABORT Transaction discarded because of previous errors.");
  }
  transaction.answer_reads(call.server, call.client, call.reply);
}

constexpr Flags transaction_flags = flag::noscript | flag::loading | flag::stale | flag::fast |
                                    flag::allow_busy | flag::at_once_in_multi;

}  // namespace

std::span<const Command> transaction_commands() {
  static const Command rows[] = {
      {.name = "multi",
       .arity = 1,
       .flags = transaction_flags,
       .categories = category::transaction,
       .group = "transactions",
       .since = "1.2.0",
       .summary = "Begins a transaction: the commands that follow wait for EXEC.",
       .complexity = "O(1)",
       .local = run_multi},
      {.name = "exec",
       .arity = 1,
       .flags = flag::noscript | flag::loading | flag::stale | flag::at_once_in_multi,
       .categories = category::transaction,
       .group = "transactions",
       .since = "1.2.0",
       .summary = "Executes the commands of a transaction, with nothing in between.",
       .complexity = "Depends on the commands.",
       .local = run_exec},
      {.name = "discard",
       .arity = 1,
       .flags = transaction_flags,
       .categories = category::transaction,
       .group = "transactions",
       .since = "2.0.0",
       .summary = "Forgets the commands of a transaction.",
       .complexity = "O(N) for N commands.",
       .local = run_discard},
  };
  return rows;
}

}  // namespace rabia::server
