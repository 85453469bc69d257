#include "metrics/status_json.h"

#include <chrono>
#include <nlohmann/json.hpp>

#include "io/network.h"

namespace rabia::metrics {
namespace {

// Fields stay in the order in which they are written here.
using Json = nlohmann::ordered_json;

std::int64_t microseconds_of(base::Duration duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

Json member(const replica::PeerStatus& peer, bool self) {
  Json json{{"id", peer.id.value},         {"address", io::to_string(peer.address)},
            {"role", name_of(peer.role)},  {"self", self},
            {"connected", peer.connected}, {"executed_round", peer.executed_round}};
  if (self) return json;
  json["round_trip_usec"] = microseconds_of(peer.round_trip);
  json["digest_agrees_position"] = peer.digest_agrees.value;
  json["digest_differs_position"] = peer.digest_differs.value;
  json["waits"] = peer.waits;
  json["forfeits"] = peer.forfeits;
  json["trust_interval_rounds"] = peer.trust_interval;
  return json;
}

Json members(const replica::ReplicaStatus& status) {
  Json list = Json::array();
  if (!status.removed) list.push_back(member(status.self, true));
  for (const replica::PeerStatus& peer : status.peers) list.push_back(member(peer, false));
  return list;
}

Json agreement(const replica::ReplicaStatus& status) {
  return {{"protocol", name_of(status.protocol)},
          {"incarnation", std::to_string(status.incarnation)},
          {"executed_round", status.executed_round},
          {"top_round", status.top_round},
          {"batches_proposed", status.batches_proposed},
          {"batches_reproposed", status.batches_reproposed},
          {"commands_executed", status.commands_executed},
          {"slots_decided", status.slots_decided},
          {"slots_empty", status.slots_empty},
          {"slots_skipped", status.slots_skipped},
          {"forfeits", status.forfeits},
          {"barriers", status.barriers}};
}

Json storage(const Picture& picture) {
  using Room = replica::DiskStatus::Room;
  const replica::ReplicaStatus& status = picture.replica;
  return {{"log_bytes", status.log_bytes},
          {"log_commits", status.log_commits},
          {"history_entries", status.history_entries},
          {"waiting_bytes", status.waiting_bytes},
          {"disk_free_bytes", picture.disk.free_bytes},
          {"disk_reserve_bytes", picture.disk.reserve_bytes},
          {"writes_refused_for_disk", picture.disk.room != Room::enough},
          {"stepped_back_for_disk", picture.disk.room == Room::critical},
          {"snapshot_round", status.snapshot_round},
          {"snapshots_taken", status.snapshots_taken},
          {"snapshots_installed", status.snapshots_installed},
          {"snapshots_failed", status.snapshots_failed},
          {"snapshots_damaged", status.snapshots_damaged},
          {"snapshot_in_progress", status.taking_snapshot},
          {"snapshot_install_in_progress", status.installing_snapshot},
          {"snapshot_install_percent", status.snapshot_fetched_percent}};
}

Json server(const server::ServerPicture& server) {
  const server::Statistics& counted = server.statistics;
  return {{"port", server.port},
          {"uptime_seconds", std::chrono::floor<std::chrono::seconds>(server.uptime).count()},
          {"clients", server.clients},
          {"clients_max", server.clients_max},
          {"keys", server.keys},
          {"store_bytes", server.store_bytes},
          {"commands_processed", counted.commands_processed},
          {"items_not_executed", counted.items_not_executed},
          {"outcomes_unknown", counted.outcomes_unknown},
          {"clients_cut", counted.clients_cut}};
}

}  // namespace

std::string to_json(const Picture& picture) {
  const replica::ReplicaStatus& status = picture.replica;
  const Json json{{"id", status.self.id.value},
                  {"cluster", picture.cluster_id},
                  {"version", RABIA_VERSION},
                  {"serving", status.serving},
                  {"not_serving_because", status.not_serving_because},
                  {"position", status.position.value},
                  {"digest", to_string(status.digest)},
                  {"digest_differs", status.digest_differs},
                  {"role", status.removed ? "removed" : name_of(status.self.role)},
                  {"rejoining", status.rejoining},
                  {"membership_number", status.membership_number},
                  {"membership_in_force", status.membership_in_force},
                  {"members", members(status)},
                  {"agreement", agreement(status)},
                  {"storage", storage(picture)},
                  {"server", server(picture.server)}};
  // What a peer said when it refused this one is in it, and may be any bytes.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace rabia::metrics
