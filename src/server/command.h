// One row of the command table: everything there is to know about one command.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/random.h"
#include "kv/store.h"
#include "replica/replica.h"
#include "resp/writer.h"

namespace rabia::server {

struct ClientState;
struct ServerOptions;
struct ServerState;
struct Statistics;

// arguments[0] is the command's name.
using Arguments = std::span<const std::string_view>;

// The flags of COMMAND INFO, in the order in which Redis names them.
using Flags = std::uint32_t;
namespace flag {
inline constexpr Flags write = 1U << 0;
inline constexpr Flags readonly = 1U << 1;
inline constexpr Flags denyoom = 1U << 2;  // Data may grow.
inline constexpr Flags admin = 1U << 3;
inline constexpr Flags noscript = 1U << 4;
inline constexpr Flags loading = 1U << 5;
inline constexpr Flags stale = 1U << 6;
inline constexpr Flags fast = 1U << 7;
inline constexpr Flags no_auth = 1U << 8;  // May be called before authentication.
inline constexpr Flags no_async_loading = 1U << 9;
inline constexpr Flags no_multi = 1U << 10;
inline constexpr Flags allow_busy = 1U << 11;
inline constexpr Flags pubsub = 1U << 13;
// Seven of our own, which COMMAND does not show.
inline constexpr Flags at_once_in_multi = 1U << 14;  // It does not wait for EXEC.
inline constexpr Flags alone = 1U << 15;             // Not in a transaction.
inline constexpr Flags may_replicate = 1U << 16;     // It takes a place in the log for no data.
inline constexpr Flags in_subscriber = 1U << 17;     // Allowed to subscribers in RESP2.
inline constexpr Flags pushes = 1U << 18;  // Its replies are pushes: CLIENT REPLY lets them.
inline constexpr Flags acts = 1U << 20;    // A read that does something: also without a reply.
// A read that may wait (Session::reply_later()): the client's next commands are taken behind it.
inline constexpr Flags may_wait = 1U << 19;
// Refused while the disk is nearly full.
inline constexpr Flags needs_room = denyoom | may_replicate;
}  // namespace flag

// ACL categories beside those that follow from the flags (@read, @write, @admin, @fast, @slow).
using Categories = std::uint32_t;
namespace category {
inline constexpr Categories keyspace = 1U << 0;
inline constexpr Categories string = 1U << 1;
inline constexpr Categories connection = 1U << 2;
inline constexpr Categories dangerous = 1U << 3;
inline constexpr Categories admin = 1U << 4;  // Dangerous too.
inline constexpr Categories transaction = 1U << 5;
}  // namespace category

// Which arguments are keys: first, first + step, … up to last; a negative last counts from the end
// (-1: the last argument). first = 0: none.
struct KeyPositions {
  int first = 0;
  int last = 0;
  int step = 0;
};

// A command that needs no replica. Called when all earlier commands of the client are answered.
struct LocalCall {
  ServerState& server;
  ClientState& client;
  Arguments arguments;
  resp::ReplyWriter& reply;
};
using LocalHandler = void (*)(LocalCall& call);

// The reply that a deferred command owes. Copies owe the same one. Core thread only.
class LaterReply {
 public:
  // `give` takes one whole reply; after the first one, and when the client is gone, it does
  // nothing.
  LaterReply(resp::Protocol protocol, std::function<void(std::string_view bytes)> give)
      : protocol_(protocol), give_(std::move(give)) {}

  // Gives the reply, now or at any time later: `write` (resp::ReplyWriter&) writes exactly one. The
  // client, or the server, may be gone by then.
  template <typename Write>
  void operator()(Write write) const {
    std::string bytes;
    resp::ReplyWriter writer(bytes, protocol_);
    write(writer);
    give_(bytes);
  }

 private:
  resp::Protocol protocol_;  // The client cannot change it meanwhile.
  std::function<void(std::string_view bytes)> give_;
};

// A command whose answer takes longer than its call: of the disk, of another machine. Called when
// all earlier commands of the client are answered; its next ones wait until this one is. What is
// kept until then may hold `reply`, and neither `server` nor `arguments`.
struct DeferredCall {
  ServerState& server;
  Arguments arguments;
  LaterReply reply;
};
using DeferredHandler = void (*)(DeferredCall& call);

// A read, evaluated when the state may be looked at.
struct ReadCall {
  ServerState& server;
  const kv::Store& store;
  const replica::Replica& replica;
  base::Random& random;
  Statistics& statistics;
  Arguments arguments;
  resp::ReplyWriter& reply;
  ClientState* client = nullptr;  // Null in a transaction.
  bool is_use = true;             // Of the keys that it looks up; not after CLIENT NO-TOUCH ON.
};
using ReadHandler = void (*)(ReadCall& call);

// A write, encoded as an operation of the store.
struct WriteCall {
  const ServerOptions& options;
  Arguments arguments;
  std::string& operation;  // To append to.
  std::string& error;      // The answer instead, when the arguments are wrong.
};
// False: `error` says why nothing can be submitted.
using WriteHandler = bool (*)(WriteCall& call);

// Exactly one of local, deferred, read, write and subcommands is given (local and subcommands may
// go together: COMMAND alone means something).
struct Command {
  std::string_view name{};    // Lower case; of a subcommand with its container: "client|list".
  std::string_view syntax{};  // What follows the name, for people.
  int arity = 0;              // The number of arguments, name included; negative: at least so many.
  Flags flags = 0;
  Categories categories = 0;
  KeyPositions keys{};
  std::string_view key_flags{};         // Of COMMAND INFO's key specification, separated by spaces.
  std::string_view second_key_flags{};  // Of the second of two keys, if they differ.
  std::string_view tips{};              // Likewise.
  std::string_view group{};
  std::string_view since{};  // The version of Redis that had it first.
  std::string_view summary{};
  std::string_view complexity{};
  LocalHandler local = nullptr;
  DeferredHandler deferred = nullptr;
  ReadHandler read = nullptr;
  WriteHandler write = nullptr;
  std::span<const Command> subcommands{};
  std::size_t index = 0;  // CommandTable::at() of it: filled in there.
};

// Whether a call with so many arguments (the name included) is allowed.
[[nodiscard]] constexpr bool arity_allows(const Command& command, std::size_t arguments) {
  const auto count = static_cast<int>(arguments);
  return command.arity >= 0 ? count == command.arity : count >= -command.arity;
}

// The families of rows, each in a file of its name.
std::span<const Command> backup_subcommands();
std::span<const Command> connection_commands();
std::span<const Command> client_subcommands();
std::span<const Command> command_subcommands();
std::span<const Command> config_subcommands();
std::span<const Command> expiry_commands();
std::span<const Command> keyspace_commands();
std::span<const Command> latency_subcommands();
std::span<const Command> member_subcommands();
std::span<const Command> memory_commands();
std::span<const Command> object_commands();
std::span<const Command> once_commands();
std::span<const Command> persistence_commands();
std::span<const Command> pubsub_commands();
std::span<const Command> server_commands();
std::span<const Command> slowlog_subcommands();
std::span<const Command> string_read_commands();
std::span<const Command> string_write_commands();
std::span<const Command> transaction_commands();
std::span<const Command> watch_commands();

// Handlers that live in another file than their row.
void run_command(LocalCall& call);  // COMMAND
void run_info(LocalCall& call);     // INFO
void run_hello(LocalCall& call);    // HELLO

}  // namespace rabia::server
