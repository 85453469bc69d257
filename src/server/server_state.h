// What all sessions of one server share. Core thread only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "resp/parser.h"
#include "server/absent_keys.h"
#include "server/buffer_pool.h"
#include "server/command_statistics.h"
#include "server/command_table.h"
#include "server/event_waits.h"
#include "server/keyspace_events.h"
#include "server/monitors.h"
#include "server/own_client.h"
#include "server/rates.h"
#include "server/read_hints.h"
#include "server/server.h"
#include "server/session_registry.h"
#include "server/slow_log.h"
#include "server/statistics.h"
#include "server/subscriptions.h"
#include "server/transaction.h"
#include "server/watchers.h"

namespace rabia::server {

struct ServerState;

// Hands what passes through the log to those who listen at this replica.
class LogListener final : public kv::Listener {
 public:
  explicit LogListener(ServerState& server) : server_(server) {}
  void on_change(const kv::Change& change) override;
  std::uint64_t on_message(kv::ChannelKind kind, std::string_view channel,
                           std::string_view payload) override;
  void on_missed(std::string_view key) override;
  void on_skipped() override;

 private:
  ServerState& server_;
};

struct ServerState {
  ServerState(const Server::Environment& environment, ServerOptions server_options);
  ~ServerState();
  ServerState(const ServerState&) = delete;
  ServerState& operator=(const ServerState&) = delete;

  io::Executor& executor;
  replica::Replica& replica;
  kv::StoreMachine& machine;
  Configuration* const configuration;  // May be null.
  ServerOptions options;               // Server::set_options() changes them.
  resp::ParserLimits parser_limits;    // Of all sessions' parsers.
  const CommandTable& commands = CommandTable::instance();
  const base::Instant started_at;
  std::string run_id;      // 40 hexadecimal digits, new in every life.
  std::uint16_t port = 0;  // Where it really listens.

  Statistics statistics;
  CommandStatistics command_statistics{commands.rows()};
  Rates rates;
  SlowLog slow_log{options.slowlog_slower_than_usec, options.slowlog_entries_max};
  Monitors monitors{*this};
  BufferPool buffers;
  base::Random random;
  TransactionReads transaction_reads{*this};
  Subscriptions subscriptions;
  KeyspaceEvents keyspace_events;
  kv::ChangeBus notifications;
  Watchers watchers;
  EventWaits event_waits;
  AbsentKeys absent_keys;
  LogListener listener{*this};
  OwnClient own_client{replica};
  ReadHints read_hints;

  // Scratch of the command in hand: never in use across calls.
  std::string operation;
  std::string error;
  std::vector<std::string_view> words;

  SessionRegistry sessions;  // Last: sessions use all of the above until they are gone.
};

}  // namespace rabia::server
