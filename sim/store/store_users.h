// The users of the key-value store in a world: clients that speak the Redis protocol, watchers of
// its changes, and the judges of what both are told.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/history/history.h"
#include "sim/store/changes_watch.h"
#include "sim/store/client.h"
#include "sim/store/store_plan.h"
#include "sim/store/watcher.h"
#include "sim/world/users.h"

namespace rabia::sim {

// One thread.
class StoreUsers final : public Users {
 public:
  // `plan` outlives it.
  StoreUsers(const Users::World& world, const Plan& plan);

  [[nodiscard]] std::unique_ptr<Service> make_service(const Site& site) override;
  void begin() override;
  void stop_asking() override;
  [[nodiscard]] std::size_t waiting() const override;
  void prepare_last(Question question) override;
  void ask_last(std::size_t host) override;
  [[nodiscard]] bool asked_last(std::size_t host) const override;
  [[nodiscard]] bool done_last() const override;
  [[nodiscard]] std::string not_told_yet() const override;
  [[nodiscard]] std::string judge_states(const std::vector<Host*>& hosts) override;
  [[nodiscard]] std::string judge_unrest() const override;
  [[nodiscard]] std::string judge_history() override;

 private:
  void count_transactions();
  [[nodiscard]] std::string judge_counter() const;

  Users::World world_;
  const Plan& plan_;
  StorePlan store_plan_;
  ChangesWatch::World changes_world_;
  ChangesWatch changes_;
  history::History history_;
  history::Arguments last_;
  Client::World client_world_;
  std::vector<std::unique_ptr<Client>> clients_;
  Watcher::World watcher_world_;
  std::vector<std::unique_ptr<Watcher>> watchers_;
};

}  // namespace rabia::sim
