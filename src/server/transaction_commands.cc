// MULTI, EXEC, DISCARD, WATCH and UNWATCH.
#include <optional>
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
  call.client.watched.clear();
  call.reply.ok();
}

// A read: what it sees is as fresh as what the client sees behind it.
void run_watch(ReadCall& call) {
  constexpr std::size_t bytes_max = 16 << 20;
  ClientWatch& watched = call.client->watched;
  for (const std::string_view key : call.arguments.subspan(1)) {
    if (watched.bytes() + key.size() > bytes_max) {
      return call.reply.error("ERR too many keys are watched: EXEC, DISCARD or UNWATCH first");
    }
    const std::optional<kv::Store::Item> item = call.store.find(key);
    watched.add(key, item ? item->revision : 0, call.server.absent_keys);
  }
  call.reply.ok();
}

// In a transaction it does nothing, as in Redis: EXEC depends on what was watched before it.
void run_unwatch(LocalCall& call) {
  call.client.watched.clear();
  call.reply.ok();
}

// What needs no replica: the session submits the others.
void run_exec(LocalCall& call) {
  if (!call.client.transaction) return call.reply.error("ERR EXEC without MULTI");
  const Transaction transaction = std::move(*call.client.transaction);
  call.client.transaction.reset();
  const bool broken = call.client.watched.broken();
  call.client.watched.clear();
  if (transaction.spoilt()) {
    return call.reply.error("EXECABORT Transaction discarded because of previous errors.");
  }
  if (broken) return call.reply.null_array();
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
      {.name = "watch",
       .syntax = "key [key ...]",
       .arity = -2,
       .flags = flag::noscript | flag::loading | flag::stale | flag::fast | flag::allow_busy |
                flag::acts,
       .categories = category::transaction,
       .keys = {.first = 1, .last = -1, .step = 1},
       .key_flags = "RO",
       .group = "transactions",
       .since = "2.2.0",
       .summary = "Makes the next EXEC execute nothing when any of the keys is changed before it.",
       .complexity = "O(1) for every key.",
       .read = run_watch},
      {.name = "unwatch",
       .arity = 1,
       .flags = flag::noscript | flag::loading | flag::stale | flag::fast | flag::allow_busy,
       .categories = category::transaction,
       .group = "transactions",
       .since = "2.2.0",
       .summary = "Forgets all watched keys.",
       .complexity = "O(1)",
       .local = run_unwatch},
  };
  return rows;
}

}  // namespace rabia::server
