#include "rabia_bench/connection.h"

#include <sys/socket.h>

#include <cerrno>

namespace rabia::bench {

Connection::Sent Connection::send() {
  while (sent_ < out_.size()) {
    const ssize_t sent = ::send(socket_.number(), out_.data() + sent_, out_.size() - sent_,
                                MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return errno == EAGAIN ? Sent::part : Sent::failed;
    sent_ += static_cast<std::size_t>(sent);
  }
  out_.clear();
  sent_ = 0;
  return Sent::all;
}

}  // namespace rabia::bench
