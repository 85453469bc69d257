#include "sim/store/store_users.h"

#include <algorithm>

#include "sim/history/linearizability.h"
#include "sim/store/store_service.h"

namespace rabia::sim {

using history::Outcome;

StoreUsers::StoreUsers(const Users::World& world, const Plan& plan)
    : world_(world),
      plan_(plan),
      store_plan_(draw_store_plan(plan)),
      changes_world_{world_.executor, world_.tally, world_.broken,
                     [this](ReplicaId id) { return world_.hosts[id.value - 1U]->up(); }},
      changes_(changes_world_),
      client_world_{world_.executor, world_.network, world_.trace, history_, world_.broken},
      watcher_world_{world_.executor, world_.network, world_.trace, world_.tally,
                     changes_,        world_.hosts,   world_.broken} {
  for (std::uint32_t i = 1; i <= plan_.clients.clients; ++i) {
    clients_.push_back(std::make_unique<Client>(client_world_, plan_, i));
  }
  for (std::uint32_t i = 1; i <= store_plan_.watchers; ++i) {
    watchers_.push_back(std::make_unique<Watcher>(watcher_world_, plan_, i));
  }
}

std::unique_ptr<Service> StoreUsers::make_service(const Site& site) {
  return std::make_unique<StoreService>(site, store_plan_, changes_, world_.tally);
}

// ---- asking

void StoreUsers::begin() {
  for (auto& client : clients_) client->begin();
  for (auto& watcher : watchers_) watcher->begin();
}

void StoreUsers::stop_asking() {
  for (auto& client : clients_) client->stop_asking();
}

std::size_t StoreUsers::waiting() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(clients_, [](const auto& client) { return !client->idle(); }));
}

// A read is one of every key: it pins down what unknown writes have done.
void StoreUsers::prepare_last(Question question) {
  if (question == Question::read) {
    last_ = Workload::read_all(plan_.clients);
    return;
  }
  const std::string name = question == Question::write ? "last." : "odd.";
  last_ = {"SET", "k0", name + std::to_string(history_.size()) + ";"};
}

void StoreUsers::ask_last(std::size_t host) {
  clients_[host % clients_.size()]->ask_last(host, last_);
}

bool StoreUsers::asked_last(std::size_t host) const {
  return clients_[host % clients_.size()]->asked_last();
}

bool StoreUsers::done_last() const {
  return history_.back().outcome == Outcome::done;
}

// ---- judging

std::string StoreUsers::not_told_yet() const {
  const bool all = std::ranges::all_of(
      watchers_, [](const auto& watcher) { return watcher->knows_everything(); });
  return all ? "" : "changes: a watcher has not been told of everything";
}

// The store of each replica is what all changes make.
std::string StoreUsers::judge_states(const std::vector<Host*>& hosts) {
  for (auto& watcher : watchers_) watcher->stop();
  for (Host* host : hosts) {
    if (!host->up()) continue;
    const kv::Store& store = store_service_of(*host).store();
    if (store.revision() < changes_.end()) continue;
    const std::string difference = changes_.compare(store);
    if (!difference.empty()) return "changes: the store of " + host->name() + ": " + difference;
  }
  return {};
}

std::string StoreUsers::judge_unrest() const {
  return "section 17: 10 s after the last write there are keys that are to expire";
}

// Section 13, 10: the history is linearizable.
std::string StoreUsers::judge_history() {
  for (const history::Operation& operation : history_) {
    ++world_.tally[Count::operations];
    if (operation.outcome == Outcome::unknown) ++world_.tally[Count::operations_unknown];
    if (operation.outcome == Outcome::not_executed) {
      ++world_.tally[Count::operations_not_executed];
    }
  }
  count_transactions();
  history_.insert(history_.end(), changes_.removed().begin(), changes_.removed().end());
  const history::Verdict verdict = history::check(history_);
  if (verdict.kind == history::Verdict::Kind::undecided) ++world_.tally[Count::history_undecided];
  if (verdict.kind != history::Verdict::Kind::not_linearizable) return judge_counter();
  return "section 13, 10: the clients' history is not linearizable\n" + verdict.explanation;
}

}  // namespace rabia::sim
