#include "sim/machine/machine_users.h"

#include <algorithm>

#include "sim/machine/judge.h"
#include "sim/machine/machine_service.h"
#include "sim/world/host.h"

namespace rabia::sim {

MachineUsers::MachineUsers(const Users::World& world, const Plan& plan,
                           const MakeStateMachine& make, const SimulationOptions& options,
                           Sums& sums)
    : world_(world),
      make_(make),
      sums_(sums),
      log_(make, options.check, world.broken),
      client_world_{world_.executor, world_.network,  world_.trace,
                    operations_,     options.command, world_.broken} {
  for (std::uint32_t i = 1; i <= plan.clients.clients; ++i) {
    clients_.push_back(std::make_unique<MachineClient>(client_world_, plan, i));
  }
}

std::unique_ptr<Service> MachineUsers::make_service(const Site& site) {
  return std::make_unique<MachineService>(site, make_(), log_);
}

// ---- asking

void MachineUsers::begin() {
  for (auto& client : clients_) client->begin();
}

void MachineUsers::stop_asking() {
  for (auto& client : clients_) client->stop_asking();
}

std::size_t MachineUsers::waiting() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(clients_, [](const auto& client) { return !client->idle(); }));
}

void MachineUsers::prepare_last(Question question) {
  last_ = question == Question::read ? Operation::Kind::read : Operation::Kind::command;
}

void MachineUsers::ask_last(std::size_t host) {
  clients_[host % clients_.size()]->ask_last(host, last_);
}

bool MachineUsers::asked_last(std::size_t host) const {
  return clients_[host % clients_.size()]->asked_last();
}

bool MachineUsers::done_last() const {
  return operations_.back().outcome == Operation::Outcome::done;
}

// ---- judging

std::string MachineUsers::judge_states(const std::vector<Host*>& hosts) {
  const std::string all = log_.snapshot();
  for (Host* host : hosts) {
    if (!host->up()) continue;
    LoggedMachine& machine = static_cast<MachineService&>(host->service()).logged();
    if (const std::string why = log_.complaint(machine.machine()); !why.empty()) {
      return "when all has healed, your check says of the state of " + host->name() + ": " + why;
    }
    if (machine.place() != log_.end()) continue;  // It is behind: a learner, say.
    const auto snapshot = machine.snapshot();
    if (snapshot && *snapshot != all) {
      return "when all has healed, the snapshot of " + host->name() +
             " is another one than that of a machine that executes the log by itself";
    }
  }
  return {};
}

std::string MachineUsers::judge_history() {
  sums_.commands += log_.entries().size();
  for (const Operation& operation : operations_) {
    ++world_.tally[Count::operations];
    switch (operation.outcome) {
      case Operation::Outcome::done:
        ++sums_.answered;
        break;
      case Operation::Outcome::not_executed:
        ++sums_.refused;
        ++world_.tally[Count::operations_not_executed];
        break;
      case Operation::Outcome::unknown:
        ++sums_.unknown;
        ++world_.tally[Count::operations_unknown];
        break;
    }
  }
  return judge(operations_, log_);
}

}  // namespace rabia::sim
