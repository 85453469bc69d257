// Any machine on a host, and what serves its clients: commands and reads, over a connection each.
#pragma once

#include <list>
#include <memory>
#include <string>

#include "io/network.h"
#include "sim/machine/logged_machine.h"
#include "sim/world/users.h"

namespace rabia::sim {

// One thread.
class MachineService final : public Service {
 public:
  // `log` outlives it.
  MachineService(const Site& site, std::unique_ptr<StateMachine> machine, ExecutedLog& log);
  ~MachineService() override;
  MachineService(const MachineService&) = delete;
  MachineService& operator=(const MachineService&) = delete;

  [[nodiscard]] StateMachine& machine() override { return machine_; }
  [[nodiscard]] LoggedMachine& logged() { return machine_; }
  Status serve(replica::Replica& replica) override;
  void stop() override;
  [[nodiscard]] bool rests() const override { return !machine_.wake_at().has_value(); }

 private:
  class Session;
  void accept(std::unique_ptr<io::Stream> stream);
  void ended(const Session& session);

  Site site_;
  LoggedMachine machine_;
  replica::Replica* replica_ = nullptr;  // Null: it serves nobody.
  std::unique_ptr<io::Listener> listener_;
  std::list<std::unique_ptr<Session>> sessions_;
};

}  // namespace rabia::sim
