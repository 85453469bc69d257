#include "rabia_server/server_process.h"

#include <csignal>
#include <utility>

#include "base/check.h"
#include "io/log.h"

namespace rabia::apps {
namespace {

// To a listener's refusal, adds which setting chose the address, and what to do.
Status with_setting(const Status& status, std::string_view setting) {
  if (!status.message().starts_with("listen on ")) return status;
  return {status.code(), status.message() + ": the address is that of " + std::string(setting) +
                             "; stop what uses it, or change the setting"};
}

}  // namespace

ServerProcess::ServerProcess(Settings settings, std::string config_file, std::uint64_t clients_most)
    : settings_(std::move(settings), std::move(config_file), clients_most,
                {.worker = *snapshot_worker_,
                 .put_into_force = [this](const Settings& now) { put_into_force(now); },
                 .limits = [this] { return machine_.limits().limits(); }}) {}

ServerProcess::~ServerProcess() = default;

Status ServerProcess::open() {
  const Settings& settings = settings_.current();
  // First, so that it is seen that the process lives while it replays a long log. A refusal waits:
  // what the replica is refused for comes first.
  const Status metrics_open = open_metrics();
  // Before the log is replayed: what it holds is known to those who come back.
  if (settings.enable_notifications) machine_.keep_changes(settings.notification_history_bytes);
  replica::Replica::Callbacks callbacks;
  callbacks.stopped = [this](Status why) {
    outcome_ = std::move(why);
    runtime_.stop();
  };
  auto replica = replica::Replica::open(
      {runtime_.executor(), runtime_.network(), *files_, *log_worker_, *snapshot_worker_},
      replica_options(settings), machine_, std::move(callbacks));
  if (!replica.ok()) {
    return with_setting(replica.status(), "peer-port (port + 10000 unless given, or as in member)");
  }
  replica_ = replica.take();
  if (!metrics_open.ok()) {
    return with_setting(metrics_open, "metrics-bind and metrics-port (port + 1000 unless given)");
  }

  auto server = server::Server::open(
      {runtime_.executor(), runtime_.network(), *replica_, machine_, &settings_},
      server_options(settings));
  if (!server.ok()) return with_setting(server.status(), "bind and port");
  server_ = server.take();
  io::log(io::Level::info, "server", "listening",
          {{"bind", settings.bind}, {"port", server_->port()}});
  server_->offer_limits(settings_.limits_given());
  if (metrics_) metrics_->show(settings.cluster_id, *replica_, *server_);

  // Only now: the directory is locked, so no other process of this replica is alive.
  if (!settings.pid_file.empty()) {
    Result<PidFile> written = PidFile::write(settings.pid_file);
    if (!written.ok()) return written.status();
    pid_file_.emplace(written.take());
  }
  // Until here a signal just ends the process, so that a long replay can be interrupted.
  runtime_.on_signals({SIGINT, SIGTERM}, [this](int signal) { stop_by_signal(signal); });
  return {};
}

// All that may change, whatever did: what is as it was stays so.
void ServerProcess::put_into_force(const Settings& settings) {
  io::set_log_level(settings.log_level);
  replica_->set_disk_reserve(settings.disk_reserve_bytes);
  replica_->set_snapshot_rule(snapshot_rule(settings));
  const Status taken = server_->set_options(server_options(settings));
  RABIA_CHECK(taken.ok());  // find_contradiction() sees what a server would refuse.
}

Status ServerProcess::open_metrics() {
  const Settings& settings = settings_.current();
  if (!settings.metrics_enabled) return {};
  io::HttpOptions options;
  options.listen = {settings.metrics_bind, settings.metrics_port};
  auto opened = metrics::Endpoint::open(runtime_.executor(), options);
  if (!opened.ok()) return opened.status();
  metrics_ = opened.take();
  io::log(io::Level::info, "server", "metrics over HTTP",
          {{"bind", settings.metrics_bind}, {"port", metrics_->port()}});
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
  if (metrics_) metrics_->hide();
  outcome_ = replica_->close();
  server_.reset();
  runtime_.stop();
}

}  // namespace rabia::apps
