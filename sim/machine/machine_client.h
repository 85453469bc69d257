// One client of a machine: it sends commands and reads to one replica, and goes to another one when
// that does not answer, refuses, or is gone. What was refused it sends once more, as a command of
// its own; what may have been executed it leaves.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "io/testing/manual_executor.h"
#include "io/testing/memory_network.h"
#include "rabia/random.h"
#include "sim/machine/message.h"
#include "sim/machine/operation.h"
#include "sim/world/plan.h"
#include "sim/world/trace.h"

namespace rabia::sim {

// One thread. Lives as long as its world.
class MachineClient final : public io::StreamHandler {
 public:
  struct World {
    io::testing::ManualExecutor& executor;
    io::testing::MemoryNetwork& network;
    Trace& trace;
    Operations& operations;
    std::function<std::string(rabia::Random&)> command;
    std::function<void(std::string)> broken;
    std::uint64_t lines = 0;  // Connections so far.
  };
  MachineClient(World& world, const Plan& plan, std::uint32_t id);
  ~MachineClient() override;
  MachineClient(const MachineClient&) = delete;
  MachineClient& operator=(const MachineClient&) = delete;

  void begin() { connect(); }
  // No new commands from now on; what was asked is still waited for.
  void stop_asking();
  // Nothing is unanswered.
  [[nodiscard]] bool idle() const { return waiting_.empty(); }
  // One more command or read, at this replica, after stop_asking(): sent as soon as it is
  // connected.
  void ask_last(std::size_t replica, Operation::Kind kind);
  [[nodiscard]] bool asked_last() const { return !last_ && waiting_.empty(); }

  void on_bytes(std::string_view bytes) override;
  void on_drained() override {}
  void on_closed(std::string_view reason) override { give_up(reason); }

 private:
  void connect();
  void connected(Result<std::unique_ptr<io::Stream>> stream);
  void turn();
  void ask(Operation::Kind kind, std::string command);
  [[nodiscard]] std::string some_command() { return world_.command(commands_); }
  void take(const Message& message);
  void conclude(Operation& operation, const Message& message);
  void give_up(std::string_view why);
  void check_patience();
  void run_later(base::Duration after, void (MachineClient::*what)());

  World& world_;
  const Plan& plan_;
  std::string name_;
  base::Random random_;
  rabia::Random commands_;
  bool asking_ = true;
  std::optional<Operation::Kind> last_;
  std::size_t replica_;
  std::unique_ptr<io::Connecting> connecting_;
  std::unique_ptr<io::Stream> stream_;
  std::uint64_t connection_ = 0;  // Which one is the latest: what was planned for others is void.
  bool connected_ = false;
  std::uint64_t line_ = 0;
  MessageReader reader_;
  std::string to_send_;
  std::deque<std::uint64_t> waiting_;  // The numbers of its operations, in the order of asking.
  std::deque<std::string> refused_;    // To be sent once more.
  std::size_t refused_in_a_row_ = 0;
};

}  // namespace rabia::sim
