// One replica as a process of its own, and how another process talks to it.
#pragma once

#include <sys/types.h>

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

namespace kvstore_smr_cluster {

struct Options {
  int replica = 1;                   // From 1.
  std::vector<std::uint16_t> ports;  // Of all replicas, on this machine.
  std::string data;                  // The directory of this replica.
};

// Serves commands, one a line of the standard input, until that ends; each is answered by a line.
// Returns what the process exits with.
int serve(const Options& options);

// This program as a child that serves.
class ReplicaProcess {
 public:
  explicit ReplicaProcess(Options options) : options_(std::move(options)) {}
  ~ReplicaProcess() { kill(); }
  ReplicaProcess(const ReplicaProcess&) = delete;
  ReplicaProcess& operator=(const ReplicaProcess&) = delete;

  // False: it cannot be started.
  bool start(const std::string& program);
  // As a crash would: at once, with nothing said.
  void kill();
  // Its answer to one command; nothing when it is gone.
  std::optional<std::string> ask(const std::string& command);

 private:
  Options options_;
  pid_t child_ = 0;
  std::FILE* to_ = nullptr;
  std::FILE* from_ = nullptr;
};

}  // namespace kvstore_smr_cluster
