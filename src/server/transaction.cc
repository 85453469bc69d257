#include "server/transaction.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/codec.h"
#include "base/mutant.h"
#include "server/client_state.h"
#include "server/result_to_resp.h"
#include "server/server_state.h"

namespace rabia::server {

using base::Mutant;
using base::mutated;

namespace {

void encode_arguments(Arguments arguments, std::string& out) {
  base::Encoder encoder(out);
  for (const std::string_view argument : arguments) encoder.bytes(argument);
}

// Behind the name of the command, which is `words[0]`.
void decode_arguments(base::Decoder& in, std::vector<std::string_view>& words) {
  while (in.remaining() > 0) words.push_back(in.bytes());
}

// Beside the protocol in the first byte of a read.
constexpr unsigned no_use = 0x80;

resp::Protocol protocol_of(std::string_view read) {
  return static_cast<resp::Protocol>(static_cast<unsigned char>(read.front()) & ~no_use);
}

// `bytes` are those of add_read(), of this process.
void run_read(ServerState& server, std::string_view bytes, resp::ReplyWriter& reply) {
  base::Decoder in(bytes.substr(1));
  const Command& command = server.commands.at(static_cast<std::size_t>(in.varint()));
  RABIA_CHECK(in.ok() && command.read != nullptr);
  std::vector<std::string_view> words{command.name};
  decode_arguments(in, words);
  ReadCall call{.server = server,
                .store = server.machine.store(),
                .replica = server.replica,
                .random = server.random,
                .statistics = server.statistics,
                .arguments = words,
                .reply = reply,
                .is_use = (static_cast<unsigned char>(bytes.front()) & no_use) == 0};
  command.read(call);
}

}  // namespace

// ---- watching

bool WatchedKeys::add(std::string_view key, std::uint64_t revision) {
  const bool is_new = keys_.emplace(key, revision).second;
  if (is_new) bytes_ += key.size() + 96;  // A node of the map, about.
  return is_new;
}

bool WatchedKeys::unchanged(const kv::Store& store) const {
  return std::all_of(keys_.begin(), keys_.end(), [&store](const auto& watched) {
    const std::optional<kv::Store::Item> item = store.find(watched.first);
    return watched.second == (item ? item->revision : 0);
  });
}

std::vector<kv::TransactionCondition> WatchedKeys::conditions() const {
  std::vector<kv::TransactionCondition> conditions;
  conditions.reserve(keys_.size());
  for (const auto& [key, revision] : keys_) conditions.push_back({key, revision});
  return conditions;
}

// ---- gathering

void Transaction::add(Kind kind, const Command* command, std::string bytes) {
  bytes_ += bytes.size() + sizeof(Item);
  if (command != nullptr && (command->flags & flag::needs_room) != 0) may_grow_ = true;
  items_.push_back({kind, command, std::move(bytes)});
}

void Transaction::add_write(const Command& command, std::string_view operation) {
  ++writes_;
  add(Kind::write, &command, std::string(operation));
}

// The client's protocol and whether it is a use of its keys, the index of the command, the
// arguments behind its name.
void Transaction::add_read(const Command& command, const ClientState& client, Arguments arguments) {
  ++reads_;
  std::string bytes;
  base::Encoder encoder(bytes);
  encoder.fixed(static_cast<std::uint8_t>(static_cast<unsigned>(client.protocol) |
                                          (client.no_touch ? no_use : 0U)));
  encoder.varint(command.index);
  encode_arguments(arguments.subspan(1), bytes);
  add(Kind::read, &command, std::move(bytes));
}

void Transaction::add_local(const Command& command, Arguments arguments) {
  std::string bytes;
  encode_arguments(arguments, bytes);
  add(Kind::local, &command, std::move(bytes));
}

void Transaction::add_error(std::string_view text) {
  add(Kind::error, nullptr, std::string(text));
}

void Transaction::encode(std::string& out) const {
  std::vector<kv::TransactionItem> items;
  items.reserve(writes_ + reads_);
  for (const Item& item : items_) {
    if (item.kind == Kind::write) items.push_back({false, item.bytes});
    if (item.kind == Kind::read) items.push_back({true, item.bytes});
  }
  kv::encode_transaction(out, watched_.conditions(), items);
}

// ---- answering

void Transaction::count_calls(ServerState& server) const {
  for (const Item& item : items_) {
    if (item.command == nullptr) continue;
    server.command_statistics.called_in_transaction(item.command->index);
  }
}

void Transaction::answer(ServerState& server, ClientState& client, std::string_view result,
                         resp::ReplyWriter& reply) const {
  kv::ResultReader results(result);
  const std::optional<kv::ResultItem> list = results.next();
  if (list && list->tag == kv::ResultTag::nil) return reply.null_array();
  if (!list || list->tag != kv::ResultTag::list) return write_result(result, reply);
  count_calls(server);
  reply.array(items_.size());
  for (const Item& item : items_) {
    if (item.kind == Kind::local || item.kind == Kind::error) {
      answer_local(item, server, client, reply);
    } else if (item.kind == Kind::read && mutated(Mutant::transaction_reads_at_the_end)) {
      (void)results.next();
      run_read(server, item.bytes, reply);
    } else {
      write_next_result(results, reply);
    }
  }
}

void Transaction::answer_reads(ServerState& server, ClientState& client,
                               resp::ReplyWriter& reply) const {
  if (!watched_.unchanged(server.machine.store())) return reply.null_array();
  count_calls(server);
  reply.array(items_.size());
  for (const Item& item : items_) {
    if (item.kind == Kind::read) {
      run_read(server, item.bytes, reply);
    } else {
      answer_local(item, server, client, reply);
    }
  }
}

void Transaction::answer_local(const Item& item, ServerState& server, ClientState& client,
                               resp::ReplyWriter& reply) {
  if (item.kind == Kind::error) return reply.error(item.bytes);
  std::vector<std::string_view> arguments;
  base::Decoder in(item.bytes);
  decode_arguments(in, arguments);
  LocalCall call{.server = server, .client = client, .arguments = arguments, .reply = reply};
  item.command->local(call);
}

void TransactionReads::read(std::string_view bytes, std::string& out) {
  // The protocol comes first: a writer cannot do without.
  RABIA_CHECK(!bytes.empty());
  resp::ReplyWriter reply(out, protocol_of(bytes));
  run_read(server_, bytes, reply);
  server_.keyspace_events.tell_misses();
}

}  // namespace rabia::server
