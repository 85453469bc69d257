#include "rabia_server/server_process.h"

#include <chrono>
#include <csignal>
#include <utility>

#include "io/log.h"

namespace rabia::apps {
namespace {

using namespace std::chrono_literals;

// A slice of freeing takes well under a millisecond, so that it is never felt between commands.
constexpr std::uint64_t reclaim_entries = 512;
constexpr base::Duration reclaim_again_after = 1ms;
constexpr base::Duration reclaim_look_every = 100ms;

}  // namespace

ServerProcess::ServerProcess(Settings settings) : settings_(std::move(settings)) {}

ServerProcess::~ServerProcess() = default;

Status ServerProcess::open() {
  log_worker_ = runtime_.make_worker();
  replica::Replica::Callbacks callbacks;
  callbacks.serving = [] { io::log(io::Level::info, "server", "serving"); };
  callbacks.stopped = [this](Status why) {
    outcome_ = std::move(why);
    runtime_.stop();
  };
  auto replica =
      replica::Replica::open({runtime_.executor(), runtime_.network(), *files_, *log_worker_},
                             replica_options(settings_), machine_, std::move(callbacks));
  if (!replica.ok()) return replica.status();
  replica_ = replica.take();

  auto server = server::Server::open({runtime_.executor(), runtime_.network(), *replica_, machine_},
                                     server_options(settings_));
  if (!server.ok()) return server.status();
  server_ = server.take();
  io::log(io::Level::info, "server", "listening",
          {{"bind", settings_.bind}, {"port", server_->port()}});

  // Only now: the directory is locked, so no other process of this replica is alive.
  if (!settings_.pid_file.empty()) {
    Result<PidFile> written = PidFile::write(settings_.pid_file);
    if (!written.ok()) return written.status();
    pid_file_.emplace(written.take());
  }
  reclaim_timer_ = runtime_.executor().make_timer([this] { reclaim_cleared_tables(); });
  reclaim_cleared_tables();
  // Until here a signal just ends the process, so that a long replay can be interrupted.
  runtime_.on_signals({SIGINT, SIGTERM}, [this](int signal) { stop_by_signal(signal); });
  return {};
}

Status ServerProcess::run() {
  runtime_.run();
  return outcome_;
}

void ServerProcess::stop_by_signal(int signal) {
  // Closing blocks this thread: a second signal must not wait for it.
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  io::log(io::Level::info, "server", "stopping", {{"signal", signal}});
  outcome_ = replica_->close();
  server_.reset();
  runtime_.stop();
}

void ServerProcess::reclaim_cleared_tables() {
  const bool more = machine_.store().reclaim(reclaim_entries);
  reclaim_timer_->arm(runtime_.executor().now() +
                      (more ? reclaim_again_after : reclaim_look_every));
}

}  // namespace rabia::apps
