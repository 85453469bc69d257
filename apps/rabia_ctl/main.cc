// rabia-ctl: looks after a cluster.

#ifdef RABIA_MUTANTS
#error "RABIA_MUTANTS breaks rules on purpose: for the simulator, and no program that ships"
#endif

#include <csignal>
#include <cstdio>

#include "io/log.h"
#include "rabia_ctl/command_line.h"

namespace rabia::apps {
namespace {

constexpr int failed = 1;
constexpr int wrong_command_line = 2;

int run(int argc, char** argv) {
  const Result<CtlInvocation> invocation = parse_ctl_command_line(argc, argv);
  if (!invocation.ok()) {
    std::fprintf(stderr, "rabia-ctl: %s\n", invocation.status().message().c_str());
    return wrong_command_line;
  }
  if (invocation.value().answer) {
    std::fputs(invocation.value().answer->c_str(), stdout);
    return 0;
  }
  io::set_log_level(io::Level::warning);
  std::signal(SIGPIPE, SIG_IGN);  // A server that closes the connection is an error like another.
  const Status status = invocation.value().run();
  if (status.ok()) return 0;
  std::fprintf(stderr, "rabia-ctl: %s\n", status.message().c_str());
  return status.code() == Code::invalid_argument ? wrong_command_line : failed;
}

}  // namespace
}  // namespace rabia::apps

int main(int argc, char** argv) {
  return rabia::apps::run(argc, argv);
}
