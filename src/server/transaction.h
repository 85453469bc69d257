// MULTI: the commands of a client that wait for EXEC, and what becomes of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kv/operations.h"
#include "server/command.h"

namespace rabia::server {

struct ClientState;
struct ServerState;

// Keys with their revisions: what EXEC depends on.
class WatchedKeys {
 public:
  // Of `revision` (0: absent) when it was looked at. False: it was watched before, and stays as it
  // was.
  bool add(std::string_view key, std::uint64_t revision);

  [[nodiscard]] bool empty() const { return keys_.empty(); }
  [[nodiscard]] std::size_t size() const { return keys_.size(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] bool unchanged(const kv::Store& store) const;
  [[nodiscard]] std::vector<kv::TransactionCondition> conditions() const;
  template <typename Use>
  void for_each_absent(Use use) const {
    for (const auto& [key, revision] : keys_) {
      if (revision == 0) use(std::string_view(key));
    }
  }

 private:
  std::map<std::string, std::uint64_t, std::less<>> keys_;
  std::size_t bytes_ = 0;
};

// Writes and reads become one command of the log. What needs no replica is run when EXEC is
// answered, at its place among the replies.
class Transaction {
 public:
  void add_write(const Command& command, std::string_view operation);
  void add_read(const Command& command, const ClientState& client, Arguments arguments);
  void add_local(const Command& command, Arguments arguments);
  // A command whose arguments are wrong: as in Redis, that is said by EXEC.
  void add_error(std::string_view text);
  // A command that could not be taken at all: EXEC executes nothing.
  void spoil() { spoilt_ = true; }

  [[nodiscard]] bool spoilt() const { return spoilt_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  // What EXEC depends on. Once, before it is submitted.
  void watch(WatchedKeys keys) { watched_ = std::move(keys); }
  [[nodiscard]] std::size_t commands() const { return items_.size(); }
  [[nodiscard]] bool needs_replica() const { return writes_ > 0 || reads_ > 0; }
  [[nodiscard]] bool writes() const { return writes_ > 0; }
  // Whether any of its commands may let the data grow.
  [[nodiscard]] bool may_grow() const { return may_grow_; }
  // Appends the operation that executes its writes and reads, if nothing that is watched changed.
  void encode(std::string& out) const;

  // Writes the reply of EXEC, from the result of the operation.
  void answer(ServerState& server, ClientState& client, std::string_view result,
              resp::ReplyWriter& reply) const;
  // The same of one that writes nothing: the state may be looked at now.
  void answer_reads(ServerState& server, ClientState& client, resp::ReplyWriter& reply) const;

 private:
  enum class Kind : std::uint8_t { write, read, local, error };
  struct Item {
    Kind kind;
    const Command* command;  // Null: an error.
    std::string bytes;       // An operation; a read as add_read() encodes it; arguments; a text.
  };

  void add(Kind kind, const Command* command, std::string bytes);
  void count_calls(ServerState& server) const;
  static void answer_local(const Item& item, ServerState& server, ClientState& client,
                           resp::ReplyWriter& reply);

  std::vector<Item> items_;
  WatchedKeys watched_;
  std::size_t bytes_ = 0;
  std::size_t writes_ = 0;
  std::size_t reads_ = 0;
  bool may_grow_ = false;
  bool spoilt_ = false;
};

// Reads between the writes of transactions, for the clients of one server.
class TransactionReads final : public kv::TransactionReader {
 public:
  explicit TransactionReads(ServerState& server) : server_(server) {}
  void read(std::string_view bytes, std::string& out) override;

 private:
  ServerState& server_;
};

}  // namespace rabia::server
