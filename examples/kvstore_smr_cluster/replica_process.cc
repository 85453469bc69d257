#include "kvstore_smr_cluster/replica_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <iostream>
#include <memory>
#include <sstream>
#include <utility>

#include "rabia/kv/replicated_store.h"

namespace kvstore_smr_cluster {
namespace {

using rabia::kv::ReplicatedStore;

std::string error(const rabia::Status& status) {
  return "error: " + status.message();
}

std::string execute(ReplicatedStore& store, const std::string& line) {
  std::istringstream words(line);
  std::string command;
  std::string key;
  std::string value;
  words >> command >> key >> value;
  if (command == "set") {
    const rabia::Status status = store.set(key, value);
    return status.ok() ? "ok" : error(status);
  }
  if (command == "get") {
    const auto found = store.get(key);
    return found.ok() ? found.value().value_or("(none)") : error(found.status());
  }
  if (command == "del") {
    const auto was_there = store.del(key);
    if (!was_there.ok()) return error(was_there.status());
    return was_there.value() ? "deleted" : "(none)";
  }
  if (command == "size") {
    const auto size = store.size();
    return size.ok() ? std::to_string(size.value()) : error(size.status());
  }
  return "error: say set KEY VALUE, get KEY, del KEY or size";
}

std::string joined(const std::vector<std::uint16_t>& ports) {
  std::string out;
  for (const std::uint16_t port : ports) out += (out.empty() ? "" : ",") + std::to_string(port);
  return out;
}

}  // namespace

int serve(const Options& options) {
  rabia::ReplicaOptions replica;
  replica.cluster_id = "kvstore-smr-cluster";
  replica.self = rabia::ReplicaId{static_cast<std::uint16_t>(options.replica)};
  std::uint16_t id = 0;
  for (const std::uint16_t port : options.ports) {
    replica.members.push_back({rabia::ReplicaId{++id}, "127.0.0.1", port});
  }
  replica.data_directory = options.data;
  replica.bootstrap = true;  // The first start of all may found the cluster.
  auto opened = ReplicatedStore::open(replica);
  if (!opened.ok()) {
    std::cerr << opened.status().message() << "\n";
    return 1;
  }
  ReplicatedStore& store = *opened.value();
  if (!store.replica().wait_until_serving(std::chrono::seconds(60))) {
    std::cerr << store.replica().status().not_serving_because << "\n";
    return 1;
  }
  std::cout << "ready" << std::endl;
  std::string line;
  while (std::getline(std::cin, line)) std::cout << execute(store, line) << std::endl;
  return 0;
}

bool ReplicaProcess::start(const std::string& program) {
  std::array<int, 2> to{};
  std::array<int, 2> from{};
  // What the child does not need of ours it shall not keep open.
  if (pipe2(to.data(), O_CLOEXEC) != 0 || pipe2(from.data(), O_CLOEXEC) != 0) return false;
  const std::string replica = std::to_string(options_.replica);
  const std::string ports = joined(options_.ports);
  child_ = fork();
  if (child_ < 0) return false;
  if (child_ == 0) {
    dup2(to[0], STDIN_FILENO);
    dup2(from[1], STDOUT_FILENO);
    execl(program.c_str(), program.c_str(), "--replica", replica.c_str(), "--ports", ports.c_str(),
          "--data", options_.data.c_str(), nullptr);
    _exit(127);
  }
  close(to[0]);
  close(from[1]);
  to_ = fdopen(to[1], "w");
  from_ = fdopen(from[0], "r");
  return to_ != nullptr && from_ != nullptr;
}

void ReplicaProcess::kill() {
  if (child_ > 0) {
    ::kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  child_ = 0;
  for (std::FILE** file : {&to_, &from_}) {
    if (*file != nullptr) std::fclose(*file);
    *file = nullptr;
  }
}

std::optional<std::string> ReplicaProcess::ask(const std::string& command) {
  if (!command.empty()) {
    if (std::fputs((command + "\n").c_str(), to_) < 0 || std::fflush(to_) != 0) return std::nullopt;
  }
  std::string line;
  for (int byte = std::fgetc(from_); byte != EOF; byte = std::fgetc(from_)) {
    if (byte == '\n') return line;
    line.push_back(static_cast<char>(byte));
  }
  return std::nullopt;
}

}  // namespace kvstore_smr_cluster
