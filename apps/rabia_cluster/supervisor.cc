#include "rabia_cluster/supervisor.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <thread>
#include <utility>

#include "io/network.h"

namespace rabia::apps {
namespace {

using namespace std::chrono_literals;

constexpr auto port_patience = 3s;  // Replicas of a cluster that was killed are just stopping.
constexpr auto port_retry_every = 50ms;
constexpr base::Duration restart_after = 1s;
constexpr base::Duration say_waiting_every = 10s;
constexpr base::Duration stop_within = 30s;

void say(const std::string& text) {
  std::fprintf(stderr, "rabia-cluster: %s\n", text.c_str());
}

std::string name_of(const Settings& settings) {
  return "replica " + std::to_string(settings.id);
}

}  // namespace

Supervisor::Supervisor(ClusterOptions options, io::FileSystem& files, ClusterDirectory directory)
    : options_(std::move(options)), files_(files), directory_(std::move(directory)) {}

Supervisor::~Supervisor() = default;

Status Supervisor::start() {
  // Until the cluster was ready once, its founding may have been cut short at any replica.
  bootstrap_ = !directory_.founded();
  if (Status status = prepare_replicas(); !status.ok()) return status;
  if (Status status = wait_for_free_ports(); !status.ok()) return status;
  runtime_.on_signals({SIGINT, SIGTERM, SIGCHLD}, [this](int signal) { on_signal(signal); });
  for (auto& replica : replicas_) {
    if (Status status = start_process(*replica); !status.ok()) return status;
    Replica* const waited_for = replica.get();
    replica->probe = std::make_unique<Probe>(
        runtime_.executor(), runtime_.network(),
        io::Endpoint{replica->settings.bind, replica->settings.port},
        replica->settings.require_pass, [this, waited_for] { on_ready(*waited_for); });
  }
  patience_timer_ = runtime_.executor().make_timer([this] { show_waiting(); });
  patience_timer_->arm(runtime_.executor().now() + say_waiting_every);
  return {};
}

Status Supervisor::prepare_replicas() {
  for (std::uint16_t id = 1; id <= options_.replicas; ++id) {
    Result<Settings> settings = replica_settings(options_, id, directory_.replica(id));
    if (!settings.ok()) return settings.status();
    if (Status status = directory_.prepare(files_, settings.value()); !status.ok()) return status;
    replicas_.push_back(std::make_unique<Replica>());
    replicas_.back()->settings = settings.take();
  }
  return {};
}

Status Supervisor::wait_for_free_ports() {
  const auto until = std::chrono::steady_clock::now() + port_patience;
  for (const auto& replica : replicas_) {
    const Settings& settings = replica->settings;
    for (const std::uint16_t port : {settings.port, settings.peer_port}) {
      while (true) {
        const auto listener = runtime_.network().listen({settings.bind, port}, [](auto) {});
        if (listener.ok()) break;
        if (std::chrono::steady_clock::now() > until) {
          return {Code::unavailable, listener.status().message() + ": needed by " +
                                         name_of(settings) +
                                         "; stop what uses it, or choose another --port"};
        }
        std::this_thread::sleep_for(port_retry_every);
      }
    }
  }
  return {};
}

Status Supervisor::start_process(Replica& replica) {
  const std::uint16_t id = replica.settings.id;
  const Result<pid_t> pid =
      start_replica({directory_.config_file(id), directory_.log_file(id), bootstrap_});
  if (!pid.ok()) return pid.status();
  replica.pid = pid.value();
  say(name_of(replica.settings) + ": " +
      io::to_string({replica.settings.bind, replica.settings.port}) + ", process " +
      std::to_string(replica.pid) + ", log " + directory_.log_file(id));
  return {};
}

int Supervisor::run() {
  runtime_.run();
  return exit_code_;
}

void Supervisor::on_signal(int signal) {
  if (signal == SIGCHLD) return on_child_signal();
  if (stopping_) {
    say("stopping at once");
    return kill_all(SIGKILL);
  }
  stop();
}

void Supervisor::on_child_signal() {
  for (auto& replica : replicas_) {
    if (replica->pid == 0) continue;
    if (const std::optional<Ending> ending = ending_of(replica->pid)) on_ended(*replica, *ending);
  }
  end_if_none_runs();
}

void Supervisor::on_ended(Replica& replica, const Ending& ending) {
  replica.pid = 0;
  if (stopping_) {
    if (!ending.clean) exit_code_ = 1;
    if (!ending.clean) say(name_of(replica.settings) + " " + ending.text);
    return;
  }
  say(name_of(replica.settings) + " " + ending.text);
  if (ending.refused) show_last_log_lines(replica);
  if (options_.restart) {
    replica.restart_timer = runtime_.executor().make_timer([this, &replica] {
      if (stopping_ || replica.pid != 0) return;
      if (Status status = start_process(replica); !status.ok()) say(status.message());
    });
    replica.restart_timer->arm(runtime_.executor().now() + restart_after);
  } else if (ending.refused && !all_ready_) {
    exit_code_ = 1;
    stop();
  } else {
    say("start it again with: rabia-server --config " +
        directory_.config_file(replica.settings.id));
  }
}

void Supervisor::end_if_none_runs() {
  const bool none = std::ranges::all_of(replicas_, [](const auto& each) { return each->pid == 0; });
  if (!none || (options_.restart && !stopping_)) return;
  if (!stopping_) {
    say("no replica is left; start the cluster again to go on with its data");
    exit_code_ = 1;
  }
  runtime_.stop();
}

void Supervisor::on_ready(Replica& replica) {
  replica.ready = true;
  if (std::ranges::all_of(replicas_, [](const auto& each) { return each->ready; })) all_ready();
}

void Supervisor::all_ready() {
  all_ready_ = true;
  patience_timer_->disarm();
  if (options_.common.durability != storage::Durability::memory && !directory_.founded()) {
    const Status status = directory_.set_founded({options_.replicas, options_.common.cluster_id});
    if (!status.ok()) say(status.message());
    bootstrap_ = false;
  }
  std::puts("ready");
  std::fflush(stdout);
  const std::string first = std::to_string(options_.port);
  const std::string last = std::to_string(options_.port + options_.replicas - 1);
  std::fprintf(stderr,
               "\n  Every replica reads and writes. In another shell:\n"
               "    redis-cli -p %s set greeting hello\n"
               "    redis-cli -p %s get greeting\n"
               "    kill -9 $(cat %s/pid)    # the others go on\n"
               "  ^C stops all of them; the data stays in %s\n\n",
               first.c_str(), last.c_str(), directory_.replica(options_.replicas).c_str(),
               directory_.path().c_str());
}

void Supervisor::stop() {
  stopping_ = true;
  say("stopping");
  for (auto& replica : replicas_) replica->probe.reset();
  kill_all(SIGTERM);
  patience_timer_ = runtime_.executor().make_timer([this] {
    say("not all replicas stopped within 30 s: killing them");
    kill_all(SIGKILL);
  });
  patience_timer_->arm(runtime_.executor().now() + stop_within);
  end_if_none_runs();
}

void Supervisor::kill_all(int signal) {
  for (auto& replica : replicas_) {
    if (replica->pid != 0) ::kill(replica->pid, signal);
  }
}

void Supervisor::show_waiting() {
  for (const auto& replica : replicas_) {
    if (replica->ready) continue;
    say("waiting for " + name_of(replica->settings) + ": " + replica->probe->last_problem());
  }
  patience_timer_->arm(runtime_.executor().now() + say_waiting_every);
}

void Supervisor::show_last_log_lines(const Replica& replica) const {
  constexpr std::size_t lines_max = 3;
  std::vector<std::string> last;
  std::ifstream log(directory_.log_file(replica.settings.id));
  for (std::string line; std::getline(log, line);) {
    last.push_back(std::move(line));
    if (last.size() > lines_max) last.erase(last.begin());
  }
  for (const std::string& line : last) std::fprintf(stderr, "  | %s\n", line.c_str());
}

}  // namespace rabia::apps
