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
      sessions(executor) {
  machine.set_transaction_reader(&transaction_reads);
  machine.set_listener(&subscriptions);
}

ServerState::~ServerState() {
  machine.set_transaction_reader(nullptr);
  machine.set_listener(nullptr);
}

}  // namespace rabia::server
