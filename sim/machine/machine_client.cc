#include "sim/machine/machine_client.h"

#include <utility>

#include "base/codec.h"
#include "sim/machine/logged_machine.h"
#include "sim/machine/quoted.h"
#include "sim/world/host.h"

namespace rabia::sim {

using Kind = Operation::Kind;
using Outcome = Operation::Outcome;

namespace {

// Of all clients of a run.
constexpr std::size_t operations_max = 1500;
constexpr std::size_t refused_max = 8;  // That a client keeps, to send them again.
constexpr base::Duration reconnect_after = std::chrono::milliseconds(10);
// Above what a replica takes to answer "outcome unknown", when all is well again.
constexpr base::Duration patience_at_the_end = std::chrono::seconds(8);

}  // namespace

MachineClient::MachineClient(World& world, const Plan& plan, std::uint32_t id)
    : world_(world),
      plan_(plan),
      name_("c" + std::to_string(id)),
      random_(plan.seed * 89 + id),
      commands_(plan.seed * 97 + id),
      replica_(random_.below(plan.hosts)) {}

MachineClient::~MachineClient() {
  if (stream_ != nullptr) stream_->close();
}

void MachineClient::stop_asking() {
  asking_ = false;
  refused_.clear();
}

// ---- the connection

void MachineClient::run_later(base::Duration after, void (MachineClient::*what)()) {
  world_.executor.schedule(world_.executor.now() + after, [this, what, connection = connection_] {
    if (connection == connection_) (this->*what)();
  });
}

void MachineClient::connect() {
  ++connection_;
  connected_ = false;
  connecting_ = world_.network.at(name_).connect(
      {host_name(replica_), client_port},
      [this](Result<std::unique_ptr<io::Stream>> stream) { connected(std::move(stream)); });
  run_later(plan_.clients.patience, &MachineClient::check_patience);
}

void MachineClient::connected(Result<std::unique_ptr<io::Stream>> stream) {
  if (!stream.ok()) return give_up("not connected");
  connected_ = true;
  line_ = ++world_.lines;
  reader_.clear();
  stream_ = stream.take();
  stream_->start(*this);
  run_later({}, &MachineClient::turn);
}

// What was asked on this connection is of unknown outcome: it stays so in the operations.
void MachineClient::give_up(std::string_view why) {
  if (world_.trace.printing() && !waiting_.empty()) {
    world_.trace.print(name_, "gives up " + std::to_string(waiting_.size()) + " at " +
                                  host_name(replica_) + ": " + std::string(why));
  }
  waiting_.clear();
  refused_in_a_row_ = 0;
  if (stream_ != nullptr) stream_->close();
  ++connection_;
  if (!last_) replica_ = random_.below(plan_.hosts);
  run_later(reconnect_after, &MachineClient::connect);
}

void MachineClient::check_patience() {
  const base::Duration patience = asking_ ? plan_.clients.patience : patience_at_the_end;
  const bool late = !waiting_.empty() &&
                    world_.executor.now() - world_.operations[waiting_.front()].asked >= patience;
  if (late || !connected_) return give_up("no answer");
  run_later(patience / 4, &MachineClient::check_patience);
}

// ---- asking

void MachineClient::turn() {
  if (!waiting_.empty()) return;
  if (last_) {
    const Kind kind = *std::exchange(last_, std::nullopt);
    ask(kind, kind == Kind::command ? some_command() : "");
  } else if (asking_ && world_.operations.size() < operations_max) {
    const bool pipeline = random_.chance(plan_.clients.pipeline_percent);
    const std::uint64_t count = pipeline ? 2 + random_.below(5) : 1;
    for (std::uint64_t i = 0; i < count; ++i) {
      if (!refused_.empty()) {
        ask(Kind::command, std::move(refused_.front()));
        refused_.pop_front();
      } else if (random_.chance(plan_.clients.read_percent / 2)) {
        ask(Kind::read, {});
      } else {
        ask(Kind::command, some_command());
      }
    }
  }
  if (!to_send_.empty()) stream_->write(std::exchange(to_send_, {}));
}

void MachineClient::ask(Kind kind, std::string command) {
  const std::uint64_t number = world_.operations.size();
  const bool is_read = kind == Kind::read;
  encode({is_read ? MessageKind::read : MessageKind::command, number,
          is_read ? std::string() : numbered(number, command)},
         to_send_);
  world_.trace.mix(number, command);
  if (world_.trace.printing()) {
    world_.trace.print(name_, "asks " + host_name(replica_) + ": " + std::to_string(number) + " " +
                                  (is_read ? "a read" : quoted(command)));
  }
  waiting_.push_back(number);
  world_.operations.push_back({.line = line_,
                               .kind = kind,
                               .command = std::move(command),
                               .asked = world_.executor.now(),
                               .answered = {},
                               .answer = {},
                               .seen = {}});
}

void MachineClient::ask_last(std::size_t replica, Kind kind) {
  last_ = kind;
  replica_ = replica;
  if (stream_ != nullptr) stream_->close();
  connect();
}

// ---- answers

void MachineClient::on_bytes(std::string_view bytes) {
  reader_.add(bytes);
  bool any = false;
  while (const auto message = reader_.next()) {
    any = true;
    take(*message);
  }
  if (!any || !waiting_.empty()) return;
  if (refused_in_a_row_ >= 3) return give_up("it refuses");
  if (!refused_.empty() && random_.chance(50)) return give_up("another one may execute it");
  run_later(plan_.clients.think.draw(random_), &MachineClient::turn);
}

void MachineClient::take(const Message& message) {
  world_.trace.mix(message.operation, message.bytes);
  if (waiting_.empty() || waiting_.front() != message.operation) {
    return world_.broken(name_ + " is answered operation " + std::to_string(message.operation) +
                         " out of its turn by " + host_name(replica_));
  }
  waiting_.pop_front();
  conclude(world_.operations[message.operation], message);
}

void MachineClient::conclude(Operation& operation, const Message& message) {
  const std::string number = std::to_string(message.operation);
  const auto print = [&](const std::string& what) {
    if (world_.trace.printing()) world_.trace.print(name_, "is told of " + number + ": " + what);
  };
  operation.answered = world_.executor.now();
  refused_in_a_row_ = message.kind == MessageKind::answer ? 0 : refused_in_a_row_ + 1;
  if (message.kind == MessageKind::unknown) return print("it may have been executed");
  if (message.kind == MessageKind::not_executed) {
    operation.outcome = Outcome::not_executed;
    const bool again = asking_ && operation.kind == Kind::command && refused_.size() < refused_max;
    if (again) refused_.push_back(operation.command);
    return print("it was not executed");
  }
  operation.outcome = Outcome::done;
  if (operation.kind == Kind::command) {
    operation.answer = message.bytes;
    return print(quoted(message.bytes));
  }
  base::Decoder decoder(message.bytes);
  operation.seen.batches = decoder.fixed<std::uint64_t>();
  operation.seen.commands = decoder.fixed<std::uint64_t>();
  operation.digest.high = decoder.fixed<std::uint64_t>();
  operation.digest.low = decoder.fixed<std::uint64_t>();
  print("the state after command " + std::to_string(operation.seen.commands));
}

}  // namespace rabia::sim
