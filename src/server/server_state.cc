#include "server/server_state.h"

#include "server/config.h"

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

ServerState::ServerState(const Server::Environment& environment, ServerOptions server_options)
    : executor(environment.executor),
      replica(environment.replica),
      machine(environment.machine),
      options(std::move(server_options)),
      parser_limits{.argument_bytes_max = options.value_bytes_max,
                    .command_bytes_max = options.command_bytes_max},
      started_at(executor.now()),
      run_id(random_hex(executor, 40)),
      settings(settings_of(options)),
      random(io::random_number(executor)),
      sessions(executor) {
  add_slowlog_settings(settings, options, slow_log);
  machine.set_transaction_reader(&transaction_reads);
}

ServerState::~ServerState() {
  machine.set_transaction_reader(nullptr);
}

}  // namespace rabia::server
