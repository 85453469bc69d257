// A server over a replica of one that keeps everything in memory: to compare replies with Redis.
//
//   server_fake PORT [MILLISECONDS] [PASSWORD]
//
// Listens on 127.0.0.1. Each batch takes so many milliseconds (0: as fast as it can).
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "io/real_runtime.h"
#include "replica/log_clock.h"
#include "server/server.h"
#include "server/testing/fake_configuration.h"
#include "server/testing/fake_replica.h"

namespace {

using rabia::base::Duration;

// Lets the replica go on by itself: what is submitted in one turn of the loop is one batch.
class Pump {
 public:
  Pump(rabia::io::Executor& executor, rabia::server::testing::FakeReplica& replica, Duration takes)
      : executor_(executor),
        replica_(replica),
        takes_(takes),
        timer_(executor.make_timer([this] { execute(); })) {
    replica.on_work = [this] { schedule(); };
  }

 private:
  void schedule() {
    if (busy_) return;
    busy_ = true;
    executor_.post([this] {
      replica_.cut();
      if (takes_ == Duration::zero()) return execute();
      timer_->arm(executor_.now() + takes_);
    });
  }
  void execute() {
    replica_.log_clock = rabia::replica::log_time_of(executor_.wall_now());
    replica_.execute();
    busy_ = false;
    if (replica_.waiting() > 0) schedule();
  }

  rabia::io::Executor& executor_;
  rabia::server::testing::FakeReplica& replica_;
  Duration takes_;
  std::unique_ptr<rabia::io::Timer> timer_;
  bool busy_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: server_fake PORT [MILLISECONDS] [PASSWORD]\n");
    return 2;
  }
  rabia::io::RealRuntime runtime;
  rabia::kv::StoreMachine machine;
  rabia::server::testing::FakeReplica replica(machine);
  const int milliseconds = argc > 2 ? std::atoi(argv[2]) : 0;
  Pump pump(runtime.executor(), replica, std::chrono::milliseconds(milliseconds));
  replica.on_snapshot_request = [&] {
    runtime.executor().post([&] { replica.end_snapshot(rabia::replica::SnapshotInfo{}); });
  };
  rabia::server::testing::FakeConfiguration configuration(
      {{.name = "appendonly", .value = "no"},
       {.name = "loglevel", .value = "notice", .can_change = true},
       {.name = "maxclients", .value = "10000", .can_change = true},
       {.name = "pidfile", .value = ""}});
  rabia::server::ServerOptions options;
  options.listen = {.host = "127.0.0.1", .port = static_cast<std::uint16_t>(std::atoi(argv[1]))};
  options.require_pass = argc > 3 ? argv[3] : "";
  options.slowlog_slower_than_usec = 60'000'000;  // A busy machine must not make a difference.
  auto server = rabia::server::Server::open({.executor = runtime.executor(),
                                             .network = runtime.network(),
                                             .replica = replica,
                                             .machine = machine,
                                             .configuration = &configuration},
                                            options);
  if (!server.ok()) {
    std::fprintf(stderr, "%s\n", server.status().message().c_str());
    return 1;
  }
  runtime.on_signals({SIGINT, SIGTERM}, [&](int) { runtime.stop(); });
  std::printf("listening on 127.0.0.1:%u\n", unsigned{server.value()->port()});
  std::fflush(stdout);
  runtime.run();
  return 0;
}
