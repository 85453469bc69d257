#include "rabia_bench/socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

namespace rabia::bench {
namespace {

constexpr timeval connects_within = {.tv_sec = 5, .tv_usec = 0};

Status unreachable(const io::Endpoint& endpoint, const std::string& why) {
  return {Code::unavailable,
          io::to_string(endpoint) + ": " + why + " (is the server started, and is that its port?)"};
}

}  // namespace

void Descriptor::close() {
  if (is_open()) ::close(std::exchange(number_, -1));
}

Result<Descriptor> connect_to(const io::Endpoint& endpoint) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed =
      ::getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &found);
  if (failed != 0) return unreachable(endpoint, ::gai_strerror(failed));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, ::freeaddrinfo);
  Descriptor socket(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) {
    return {Code::exhausted, std::string("no socket: ") + std::strerror(errno) +
                                 " (raise `ulimit -n`, or give fewer connections)"};
  }
  ::setsockopt(socket.number(), SOL_SOCKET, SO_SNDTIMEO, &connects_within, sizeof connects_within);
  if (::connect(socket.number(), found->ai_addr, found->ai_addrlen) != 0) {
    return unreachable(endpoint, std::strerror(errno));
  }
  const int on = 1;
  ::setsockopt(socket.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

void raise_open_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace rabia::bench
