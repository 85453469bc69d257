// Three replicas of the store, each a process: kill one, go on, start it again.
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <iostream>
#include <memory>
#include <random>
#include <string_view>

#include "kvstore_smr_cluster/replica_process.h"

namespace {

using kvstore_smr_cluster::Options;
using kvstore_smr_cluster::ReplicaProcess;

// Ports of this machine that are free, all held until the last is known. Below those that systems
// give to outgoing connections: a replica that was killed finds its own free again.
std::vector<std::uint16_t> free_ports(std::size_t count) {
  std::vector<std::uint16_t> ports;
  std::vector<int> sockets;
  std::random_device random;
  for (int attempt = 0; attempt < 1'000 && ports.size() < count; ++attempt) {
    const auto port = static_cast<std::uint16_t>(10'240 + random() % 20'000);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockets.push_back(socket(AF_INET, SOCK_STREAM, 0));
    if (bind(sockets.back(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
      ports.push_back(port);
    }
  }
  for (const int each : sockets) close(each);
  return ports;
}

bool parse(int count, char** arguments, Options& options) {
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string_view name = arguments[i];
    std::string_view value = arguments[i + 1];
    if (name == "--data") {
      options.data = value;
    } else if (name == "--replica") {
      const char* const end = value.data() + value.size();
      if (std::from_chars(value.data(), end, options.replica).ptr != end) return false;
    } else if (name == "--ports") {
      while (!value.empty()) {
        std::uint16_t port = 0;
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), port);
        if (error != std::errc()) return false;
        options.ports.push_back(port);
        value.remove_prefix(static_cast<std::size_t>(end - value.data()));
        if (!value.empty()) value.remove_prefix(1);
      }
    } else {
      return false;
    }
  }
  const int replicas = static_cast<int>(options.ports.size());
  return count % 2 == 1 && !options.data.empty() && options.replica >= 1 &&
         options.replica <= replicas;
}

bool ask(ReplicaProcess& replica, const char* name, const std::string& command,
         const std::string& expected) {
  const std::string answer = replica.ask(command).value_or("(the process is gone)");
  std::cout << name << ": " << command << " -> " << answer << "\n";
  return answer == expected;
}

// What start() began has come to serve: "ready" is its first line.
bool ready(ReplicaProcess& replica) {
  return replica.ask("") == "ready";
}

int tour(const std::string& program) {
  const std::filesystem::path data =
      std::filesystem::temp_directory_path() / ("kvstore_smr_cluster-" + std::to_string(getpid()));
  std::filesystem::create_directories(data);
  const std::vector<std::uint16_t> ports = free_ports(3);
  ReplicaProcess one({1, ports, data / "1"});
  ReplicaProcess two({2, ports, data / "2"});
  ReplicaProcess three({3, ports, data / "3"});
  const auto all_well = [&] {
    for (ReplicaProcess* each : {&one, &two, &three}) {
      if (!each->start(program)) return false;
    }
    if (!ready(one) || !ready(two) || !ready(three)) return false;
    if (!ask(one, "replica 1", "set city Turin", "ok")) return false;
    if (!ask(two, "replica 2", "set river Po", "ok")) return false;
    if (!ask(three, "replica 3", "get city", "Turin")) return false;
    std::cout << "replica 3 is killed; the others go on\n";
    three.kill();
    if (!ask(one, "replica 1", "set city Lyon", "ok")) return false;
    if (!ask(two, "replica 2", "get city", "Lyon")) return false;
    if (!ask(two, "replica 2", "del river", "deleted")) return false;
    std::cout << "replica 3 starts again, and has what it missed\n";
    if (!three.start(program) || !ready(three)) return false;
    return ask(three, "replica 3", "get city", "Lyon") && ask(three, "replica 3", "size", "1");
  }();
  for (ReplicaProcess* each : {&one, &two, &three}) each->kill();
  std::filesystem::remove_all(data);
  std::cout << (all_well ? "all as expected" : "NOT as expected") << "\n";
  return all_well ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
  signal(SIGPIPE, SIG_IGN);  // A child that is gone is seen by what is written to it.
  if (count == 1) return tour(std::filesystem::read_symlink("/proc/self/exe").string());
  Options options;
  if (!parse(count, arguments, options)) {
    std::cerr << "usage: kvstore_smr_cluster [--replica N --ports P1,P2,P3 --data DIRECTORY]\n";
    return 2;
  }
  return kvstore_smr_cluster::serve(options);
}
