// A counter on three replicas in this process: count at each, lose one, go on, get it back.
#include <cstdio>
#include <memory>

#include "counter_smr/counter.h"
#include "rabia/local_cluster.h"

namespace {

using counter_smr::Counter;

bool add(rabia::LocalCluster& cluster, std::size_t at, const char* command) {
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
  auto opened = rabia::LocalCluster::open({}, [] { return std::make_unique<Counter>(); });
  if (!done(opened.status())) return 1;
  rabia::LocalCluster& cluster = *opened.value();

  for (std::size_t at = 0; at < cluster.size(); ++at) {
    if (!add(cluster, at, "add 10")) return 1;
  }
  std::printf("replica 3 stops; the others go on\n");
  if (!done(cluster.stop(2)) || !add(cluster, 0, "add 5")) return 1;
  std::printf("replica 3 comes back, and reads what it missed\n");
  if (!done(cluster.start(2))) return 1;
  std::int64_t value = 0;
  const rabia::Status read = cluster.replica(2).read(
      [&] { value = dynamic_cast<const Counter&>(cluster.machine(2)).value(); });
  if (!done(read) || !done(cluster.wait_until_equal())) return 1;
  std::printf("replica 3 reads %lld\n", static_cast<long long>(value));
  return value == 35 ? 0 : 1;
}
