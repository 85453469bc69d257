// The users of any machine in a world: clients that send commands, the log that all replicas are
// held against, and the judge of what clients were told.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "rabia/make_state_machine.h"
#include "rabia/simulate.h"
#include "sim/machine/executed_log.h"
#include "sim/machine/machine_client.h"
#include "sim/machine/operation.h"
#include "sim/world/users.h"

namespace rabia::sim {

// One thread.
class MachineUsers final : public Users {
 public:
  // How much there was, added up when a world ends.
  struct Sums {
    std::uint64_t commands = 0;  // In the log.
    std::uint64_t answered = 0;
    std::uint64_t refused = 0;
    std::uint64_t unknown = 0;
  };
  // All outlive it.
  MachineUsers(const Users::World& world, const Plan& plan, const MakeStateMachine& make,
               const SimulationOptions& options, Sums& sums);

  [[nodiscard]] std::unique_ptr<Service> make_service(const Site& site) override;
  void begin() override;
  void stop_asking() override;
  [[nodiscard]] std::size_t waiting() const override;
  void prepare_last(Question question) override;
  void ask_last(std::size_t host) override;
  [[nodiscard]] bool asked_last(std::size_t host) const override;
  [[nodiscard]] bool done_last() const override;
  [[nodiscard]] std::string not_told_yet() const override { return {}; }
  [[nodiscard]] std::string judge_states(const std::vector<Host*>& hosts) override;
  // A machine may want to be woken again and again.
  [[nodiscard]] std::string judge_unrest() const override { return {}; }
  [[nodiscard]] std::string judge_history() override;

 private:
  Users::World world_;
  const MakeStateMachine& make_;
  Sums& sums_;
  ExecutedLog log_;
  Operations operations_;
  Operation::Kind last_ = Operation::Kind::command;
  MachineClient::World client_world_;
  std::vector<std::unique_ptr<MachineClient>> clients_;
};

}  // namespace rabia::sim
