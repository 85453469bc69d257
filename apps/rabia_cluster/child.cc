#include "rabia_cluster/child.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <system_error>
#include <vector>

namespace rabia::apps {
namespace {

// What posix_spawn needs to know beside the program; frees it.
class SpawnSetup {
 public:
  explicit SpawnSetup(const std::string& log_file) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO, log_file.c_str(),
                                     O_WRONLY | O_CREAT | O_APPEND, 0644);
    posix_spawn_file_actions_adddup2(&actions_, STDERR_FILENO, STDOUT_FILENO);
    // The event loop's sockets are not the child's.
    posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);

    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setpgroup(&attributes_, 0);
    sigset_t set;
    sigemptyset(&set);
    posix_spawnattr_setsigmask(&attributes_, &set);
    for (const int signal : {SIGINT, SIGTERM, SIGPIPE}) sigaddset(&set, signal);
    posix_spawnattr_setsigdefault(&attributes_, &set);
  }
  ~SpawnSetup() {
    posix_spawnattr_destroy(&attributes_);
    posix_spawn_file_actions_destroy(&actions_);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;

  [[nodiscard]] const posix_spawn_file_actions_t* actions() const { return &actions_; }
  [[nodiscard]] const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

}  // namespace

Result<std::string> server_program() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return {Code::io_error, "/proc/self/exe: " + error.message()};
  return (self.parent_path() / "rabia-server").string();
}

Result<pid_t> start_replica(const ReplicaCommand& command) {
  const Result<std::string> program = server_program();
  if (!program.ok()) return program.status();
  std::vector<std::string> words = {program.value(), "--config", command.config_file,
                                    "--stop-with-parent", std::to_string(getpid())};
  if (command.bootstrap) words.emplace_back("--bootstrap");
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  const SpawnSetup setup(command.log_file);
  pid_t pid = 0;
  const int error = posix_spawn(&pid, program.value().c_str(), setup.actions(), setup.attributes(),
                                arguments.data(), environ);
  if (error != 0)
    return {Code::io_error, program.value() + ": " + std::generic_category().message(error)};
  return pid;
}

std::optional<Ending> ending_of(pid_t child) {
  int status = 0;
  if (waitpid(child, &status, WNOHANG) != child) return std::nullopt;
  Ending ending;
  if (WIFSIGNALED(status)) {
    ending.signal = WTERMSIG(status);
    ending.text = "was killed by signal " + std::to_string(ending.signal);
  } else {
    const int code = WEXITSTATUS(status);
    ending.clean = code == 0;
    ending.refused = code != 0;
    ending.text = "exited with code " + std::to_string(code);
  }
  return ending;
}

}  // namespace rabia::apps
