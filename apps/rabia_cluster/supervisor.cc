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
constexpr base::Duration restart_after = 1s;  // Doubled for each further death in a row.
constexpr base::Duration restart_after_max = 30s;
constexpr base::Duration say_waiting_every = 10s;
constexpr base::Duration stop_within = 30s;

void say(const std::string& text) {
  std::fprintf(stderr, "rabia-cluster: %s\n", text.c_str());
}

std::string name_of(const Settings& settings) {
  return "replica " + std::to_string(settings.id);
}

std::string process_name(pid_t pid) {
  return pid > 0 ? "process " + std::to_string(pid) : "another process";
}

std::string how_to_kill(pid_t pid) {
  return pid > 0 ? "kill " + std::to_string(pid) : "stop it";
}

}  // namespace

Supervisor::Supervisor(ClusterOptions options, io::FileSystem& files, ClusterDirectory directory)
    : options_(std::move(options)), files_(files), directory_(std::move(directory)) {}

Supervisor::~Supervisor() = default;

Status Supervisor::start() {
  // Until the cluster was ready once, its founding may have been cut short at any replica.
  bootstrap_ = !directory_.founded();
  if (Status status = prepare_replicas(); !status.ok()) return status;
  if (Status status = wait_for_free_data(); !status.ok()) return status;
  if (Status status = wait_for_free_ports(); !status.ok()) return status;
  runtime_.on_signals({SIGINT, SIGTERM, SIGCHLD}, [this](int signal) { on_signal(signal); });
  for (auto& replica : replicas_) {
    if (Status status = start_process(*replica); !status.ok()) return status;
    watch(*replica);
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

// A replica that was started by hand does not stop with its cluster.
Status Supervisor::wait_for_free_data() {
  const auto until = std::chrono::steady_clock::now() + port_patience;
  for (const auto& replica : replicas_) {
    while (const auto user = directory_.user_of_data(files_, replica->settings.id)) {
      if (std::chrono::steady_clock::now() > until) {
        return {Code::unavailable, name_of(replica->settings) + " runs already as " +
                                       process_name(*user) +
                                       " (started by hand): " + how_to_kill(*user)};
      }
      std::this_thread::sleep_for(port_retry_every);
    }
  }
  return {};
}

Status Supervisor::wait_for_free_ports() {
  const auto until = std::chrono::steady_clock::now() + port_patience;
  for (const auto& replica : replicas_) {
    const Settings& settings = replica->settings;
    std::vector<io::Endpoint> endpoints{{settings.bind, settings.port},
                                        {settings.bind, settings.peer_port}};
    if (settings.metrics_enabled) {
      endpoints.push_back({settings.metrics_bind, settings.metrics_port});
    }
    for (const io::Endpoint& endpoint : endpoints) {
      while (true) {
        const auto listener = runtime_.network().listen(endpoint, [](auto) {});
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
  replica.started_at = runtime_.executor().now();
  say(name_of(replica.settings) + ": " +
      io::to_string({replica.settings.bind, replica.settings.port}) + ", process " +
      std::to_string(replica.pid) + ", log " + directory_.log_file(id));
  return {};
}

void Supervisor::watch(Replica& replica) {
  replica.probe =
      std::make_unique<Probe>(runtime_.executor(), runtime_.network(),
                              io::Endpoint{replica.settings.bind, replica.settings.port},
                              replica.settings.require_pass, [this, &replica] {
                                replica.ready = true;
                                say_ready_if_so();
                              });
}

int Supervisor::run() {
  runtime_.run();
  show_who_is_left();
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
  if (stopping_) return on_stopped(replica, ending);
  replica.ending = ending.text;
  // Nobody here told it to: the way to start it again, which follows, may not be what is wanted.
  say(name_of(replica.settings) + " " + ending.text +
      (ending.clean ? ": stopped by hand, or removed from the cluster; its log says which" : ""));
  if (ending.refused) {
    const std::vector<std::string> lines = last_log_lines(replica);
    for (const std::string& line : lines) std::fprintf(stderr, "  | %s\n", line.c_str());
    if (!lines.empty()) replica.ending += ": " + lines.back();
  }
  if (replica.ready && !said_ready_) watch(replica);
  replica.ready = false;
  if (options_.restart) {
    restart_later(replica);
  } else if (ending.refused && !said_ready_ && !enough_can_run()) {
    exit_code_ = 1;
    return stop();
  } else {
    say_how_to_start(replica);
  }
  say_ready_if_so();
}

void Supervisor::on_stopped(const Replica& replica, const Ending& ending) {
  // One that was still starting has no handler for our SIGTERM yet.
  const bool as_told = ending.clean || ending.signal == SIGTERM;
  if (!as_told) exit_code_ = 1;
  say(name_of(replica.settings) + " " + (as_told ? "stopped" : ending.text));
}

void Supervisor::restart_later(Replica& replica) {
  const base::Instant now = runtime_.executor().now();
  const bool lived = now - replica.started_at > restart_after_max;
  const bool first = lived || replica.restart_delay == base::Duration{};
  replica.restart_delay =
      first ? restart_after : std::min(2 * replica.restart_delay, restart_after_max);
  replica.restart_timer = runtime_.executor().make_timer([this, &replica] {
    if (stopping_ || replica.pid != 0) return;
    if (Status status = start_process(replica); !status.ok()) say(status.message());
  });
  replica.restart_timer->arm(now + replica.restart_delay);
}

void Supervisor::say_how_to_start(const Replica& replica) const {
  const Result<std::string> program = server_program();
  say("start it again with: " + (program.ok() ? program.value() : "rabia-server") + " --config " +
      directory_.config_file(replica.settings.id));
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

std::size_t Supervisor::replicas_needed() const {
  return bootstrap_ ? replicas_.size() : replicas_.size() / 2 + 1;
}

bool Supervisor::enough_can_run() const {
  const auto can_run = std::ranges::count_if(
      replicas_, [](const auto& each) { return each->pid != 0 || each->ready; });
  return static_cast<std::size_t>(can_run) >= replicas_needed();
}

// When all that run answer, and enough of them.
void Supervisor::say_ready_if_so() {
  if (said_ready_) return;
  const auto answer =
      std::ranges::count_if(replicas_, [](const auto& each) { return each->ready; });
  const bool all_that_run = std::ranges::all_of(
      replicas_, [](const auto& each) { return each->pid == 0 || each->ready; });
  if (!all_that_run || static_cast<std::size_t>(answer) < replicas_needed()) return;
  said_ready_ = true;
  patience_timer_->disarm();
  note_founded();
  for (auto& replica : replicas_) {
    if (replica->ready) continue;
    replica->probe.reset();
    say("warning: going on without " + name_of(replica->settings) + ", which " + replica->ending);
  }
  say_ready();
}

void Supervisor::note_founded() {
  if (options_.common.durability == Durability::memory || directory_.founded()) return;
  const Status status = directory_.set_founded({options_.replicas, options_.common.cluster_id});
  if (!status.ok()) say(status.message());
  bootstrap_ = false;
}

void Supervisor::say_ready() const {
  std::puts("ready");
  std::fflush(stdout);
  std::vector<const Settings*> ready;
  for (const auto& each : replicas_) {
    if (each->ready) ready.push_back(&each->settings);
  }
  const Settings& first = *ready.front();
  const Settings& last = *ready.back();
  const std::string kill =
      "    kill -9 $(cat " + directory_.replica(last.id) + "/pid)    # the others go on\n";
  const bool one_may_die = ready.size() > replicas_.size() / 2 + 1;
  std::fprintf(stderr,
               "\n  Every replica reads and writes. In another shell:\n"
               "    redis-cli -p %d set greeting hello\n"
               "    redis-cli -p %d get greeting\n"
               "%s"
               "  ^C stops all of them; the data stays in %s\n\n",
               int{first.port}, int{last.port}, one_may_die ? kill.c_str() : "",
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

void Supervisor::show_who_is_left() const {
  for (const auto& replica : replicas_) {
    const auto user = directory_.user_of_data(files_, replica->settings.id);
    if (!user) continue;
    say(name_of(replica->settings) + " goes on as " + process_name(*user) +
        " (started by hand): to stop it, " + how_to_kill(*user));
  }
}

// The last ones but for the list of settings, which says nothing of why it ended.
std::vector<std::string> Supervisor::last_log_lines(const Replica& replica) const {
  constexpr std::size_t lines_max = 3;
  constexpr std::streamoff bytes_max = 64 << 10;
  std::vector<std::string> last;
  std::ifstream log(directory_.log_file(replica.settings.id));
  log.seekg(0, std::ios::end);
  log.seekg(std::max<std::streamoff>(0, std::streamoff{log.tellg()} - bytes_max));
  for (std::string line; std::getline(log, line);) {
    if (line.find(" message=setting ") != std::string::npos) continue;
    if (line.find(" message=starting ") != std::string::npos) {
      last.clear();  // What came before is an earlier process's.
      continue;
    }
    last.push_back(std::move(line));
    if (last.size() > lines_max) last.erase(last.begin());
  }
  return last;
}

}  // namespace rabia::apps
