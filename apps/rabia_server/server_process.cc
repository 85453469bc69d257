#include "rabia_server/server_process.h"

#include <csignal>
#include <utility>

#include "io/log.h"

namespace rabia::apps {
namespace {

constexpr std::string_view disk_reserve = "disk-reserve-bytes";

// To a listener's refusal, adds which setting chose the address, and what to do.
Status with_setting(const Status& status, std::string_view setting) {
  if (!status.message().starts_with("listen on ")) return status;
  return {status.code(), status.message() + ": the address is that of " + std::string(setting) +
                             "; stop what uses it, or change the setting"};
}

}  // namespace

ServerProcess::ServerProcess(Settings settings) : settings_(std::move(settings)) {}

ServerProcess::~ServerProcess() = default;

Status ServerProcess::open() {
  // First, so that it is seen that the process lives while it replays a long log. A refusal waits:
  // what the replica is refused for comes first.
  const Status metrics_open = open_metrics();
  log_worker_ = runtime_.make_worker();
  snapshot_worker_ = runtime_.make_worker(io::Urgency::background);
  replica::Replica::Callbacks callbacks;
  callbacks.stopped = [this](Status why) {
    outcome_ = std::move(why);
    runtime_.stop();
  };
  auto replica = replica::Replica::open(
      {runtime_.executor(), runtime_.network(), *files_, *log_worker_, *snapshot_worker_},
      replica_options(settings_), machine_, std::move(callbacks));
  if (!replica.ok()) {
    return with_setting(replica.status(), "peer-port (port + 10000 unless given, or as in member)");
  }
  replica_ = replica.take();
  if (!metrics_open.ok()) {
    return with_setting(metrics_open, "metrics-bind and metrics-port (port + 1000 unless given)");
  }

  auto server = server::Server::open({runtime_.executor(), runtime_.network(), *replica_, machine_},
                                     options_of_server());
  if (!server.ok()) return with_setting(server.status(), "bind and port");
  server_ = server.take();
  io::log(io::Level::info, "server", "listening",
          {{"bind", settings_.bind}, {"port", server_->port()}});
  if (metrics_) metrics_->show(settings_.cluster_id, *replica_, *server_);

  // Only now: the directory is locked, so no other process of this replica is alive.
  if (!settings_.pid_file.empty()) {
    Result<PidFile> written = PidFile::write(settings_.pid_file);
    if (!written.ok()) return written.status();
    pid_file_.emplace(written.take());
  }
  // Until here a signal just ends the process, so that a long replay can be interrupted.
  runtime_.on_signals({SIGINT, SIGTERM}, [this](int signal) { stop_by_signal(signal); });
  return {};
}

Status ServerProcess::open_metrics() {
  if (!settings_.metrics_enabled) return {};
  io::HttpOptions options;
  options.listen = {settings_.metrics_bind, settings_.metrics_port};
  auto opened = metrics::Endpoint::open(runtime_.executor(), options);
  if (!opened.ok()) return opened.status();
  metrics_ = opened.take();
  io::log(io::Level::info, "server", "metrics over HTTP",
          {{"bind", settings_.metrics_bind}, {"port", metrics_->port()}});
  return {};
}

server::ServerOptions ServerProcess::options_of_server() {
  server::ServerOptions options = server_options(settings_);
  for (server::Setting& setting : options.settings) {
    if (setting.name != disk_reserve) continue;
    setting.change = [this](std::string_view text) { return change_disk_reserve(text); };
  }
  return options;
}

Result<std::string> ServerProcess::change_disk_reserve(std::string_view text) {
  Settings changed = settings_;
  if (Status status = assign(changed, disk_reserve, text); !status.ok()) return status;
  if (Status status = check_disk_reserve(changed); !status.ok()) return status;
  settings_ = std::move(changed);
  replica_->set_disk_reserve(settings_.disk_reserve_bytes);
  return find_setting(disk_reserve)->print(settings_);
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
