#include "server/server_state.h"

namespace rabia::server {
namespace {

std::string random_hex(io::Executor& executor, std::size_t digits) {
  std::vector<std::byte> bytes(digits / 2);
  executor.fill_random(bytes);
  std::string text;
  for (const std::byte byte : bytes) {
    text.push_back("0123456789abcdef"[std::to_integer<unsigned>(byte >> 4)]);
    text.push_back("0123456789abcdef"[std::to_integer<unsigned>(byte & std::byte{15})]);
  }
  return text;
}

}  // namespace

void LogListener::on_change(const kv::Change& change) {
  if (server_.options.enable_notifications) server_.notifications.on_change(change);
  if (!server_.absent_keys.empty()) server_.absent_keys.on_change(change);
  if (server_.keyspace_events.on()) server_.keyspace_events.on_change(change);
}

std::uint64_t LogListener::on_message(kv::ChannelKind kind, std::string_view channel,
                                      std::string_view payload) {
  return server_.subscriptions.on_message(kind, channel, payload);
}

void LogListener::on_missed(std::string_view key) {
  server_.keyspace_events.on_missed(key);
}

void LogListener::on_skipped() {
  server_.subscriptions.on_skipped();
  server_.notifications.on_skipped();
  server_.absent_keys.on_skipped();
}

ServerState::ServerState(const Server::Environment& environment, ServerOptions server_options)
    : executor(environment.executor),
      replica(environment.replica),
      machine(environment.machine),
      configuration(environment.configuration),
      options(std::move(server_options)),
      parser_limits(options.parser_limits()),
      started_at(executor.now()),
      run_id(random_hex(executor, 40)),
      random(io::random_number(executor)),
      subscriptions(buffers, io::random_number(executor)),
      keyspace_events(subscriptions),
      // Nobody is called back here: watchers take streams.
      notifications(machine.changes(), io::random_number(executor), [] {}),
      watchers(executor, notifications),
      event_waits(executor, notifications),
      absent_keys(io::random_number(executor)),
      read_hints(io::random_number(executor)),
      sessions(executor) {
  notifications.set_buffer_size(options.notification_buffer_size);
  keyspace_events.set_classes(options.notify_keyspace_events);
  machine.set_transaction_reader(&transaction_reads);
  if (options.enable_notifications && !machine.keeps_changes()) {
    machine.keep_changes(options.notification_history_bytes);
  }
  machine.set_listener(&listener);
}

ServerState::~ServerState() {
  machine.set_transaction_reader(nullptr);
  machine.set_listener(nullptr);
}

}  // namespace rabia::server
