// Leases on three replicas in this process: take some, lose a replica, go on, get it back.
#include <cstdio>
#include <memory>

#include "custom_state_machine/leases.h"
#include "rabia/local_cluster.h"

namespace {

using custom_state_machine::Leases;

bool ask(rabia::LocalCluster& cluster, std::size_t at, const char* command) {
  const rabia::Replica::Reply reply = cluster.replica(at).submit(command).get();
  if (reply.ok()) {
    std::printf("replica %zu: %s -> %s\n", at + 1, command, reply.value().c_str());
  } else {
    std::fprintf(stderr, "replica %zu: %s\n", at + 1, reply.status().message().c_str());
  }
  return reply.ok();
}

bool done(const rabia::Status& status) {
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.message().c_str());
  return status.ok();
}

}  // namespace

int main() {
  auto opened = rabia::LocalCluster::open({}, [] { return std::make_unique<Leases>(); });
  if (!done(opened.status())) return 1;
  rabia::LocalCluster& cluster = *opened.value();

  if (!ask(cluster, 0, "take door anna 3600000")) return 1;
  if (!ask(cluster, 1, "take door bert 3600000")) return 1;
  std::printf("replica 3 stops; the others go on\n");
  if (!done(cluster.stop(2)) || !ask(cluster, 1, "release door anna")) return 1;
  std::printf("replica 3 comes back, and reads what it missed\n");
  if (!done(cluster.start(2)) || !ask(cluster, 2, "take door bert 3600000")) return 1;
  std::size_t count = 0;
  const rabia::Status read = cluster.replica(2).read(
      [&] { count = dynamic_cast<const Leases&>(cluster.machine(2)).leases().size(); });
  if (!done(read) || !done(cluster.wait_until_equal())) return 1;
  std::printf("replica 3 reads: %zu lease\n", count);
  return count == 1 ? 0 : 1;
}
