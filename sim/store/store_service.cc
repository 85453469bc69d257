#include "sim/store/store_service.h"

namespace rabia::sim {

StoreService::StoreService(const Site& site, const StorePlan& plan, ChangesWatch& changes,
                           Tally& tally)
    : site_(site), plan_(plan), watched_(machine_, changes, tally, site.name, site.lives) {
  machine_.keep_changes(plan.changes_bytes);
}

Status StoreService::serve(replica::Replica& replica) {
  server::ServerOptions options;
  options.listen = {site_.name, client_port};
  options.notification_history_bytes = plan_.changes_bytes;
  // Clocks jump by days, and a name that is forgotten may be executed again.
  options.once_keep_seconds = 10 * 365 * 86'400ULL;
  auto server = server::Server::open({site_.executor, site_.network, replica, machine_}, options);
  if (!server.ok()) return server.status();
  server_ = server.take();
  server_->offer_limits(changes_of(plan_.limits));
  return {};
}

}  // namespace rabia::sim
