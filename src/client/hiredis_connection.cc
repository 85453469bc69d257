// Connections by hiredis: it connects, and knows the protocol. What waits is here, since its own
// calls raise SIGPIPE in programs that have not turned it off, and wait for each read anew.
#include <hiredis/hiredis.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "client/connection.h"
#include "client/judgement.h"

namespace rabia::client {
namespace {

Reply to_reply(const redisReply& from) {
  Reply reply;
  switch (from.type) {
    case REDIS_REPLY_ERROR:
      reply.kind = Reply::Kind::error;
      reply.text.assign(from.str, from.len);
      break;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      reply.kind = Reply::Kind::text;
      reply.text.assign(from.str, from.len);
      break;
    case REDIS_REPLY_INTEGER:
      reply.kind = Reply::Kind::integer;
      reply.integer = from.integer;
      break;
    case REDIS_REPLY_ARRAY:
      reply.kind = Reply::Kind::list;
      reply.list.reserve(from.elements);
      for (std::size_t i = 0; i < from.elements; ++i) {
        reply.list.push_back(to_reply(*from.element[i]));
      }
      break;
    default:
      break;
  }
  return reply;
}

Milliseconds left_until(Instant deadline) {
  return std::max(std::chrono::ceil<Milliseconds>(deadline - Clock::now()), Milliseconds(0));
}

// In the protocol's bytes, appended.
void append(std::string& out, const Words& words) {
  out += '*' + std::to_string(words.size()) + "\r\n";
  for (const std::string_view word : words) {
    out += '$' + std::to_string(word.size()) + "\r\n";
    out.append(word).append("\r\n");
  }
}

class HiredisConnection final : public Connection {
 public:
  explicit HiredisConnection(redisContext* context) : context_(context) {}

  Status exchange(std::span<const Words> commands, Instant deadline,
                  std::vector<Reply>& replies) override {
    std::string bytes;
    for (const Words& words : commands) append(bytes, words);
    const std::size_t wanted = replies.size() + commands.size();
    std::string_view unsent = bytes;
    while (true) {
      if (Status taken = take(wanted, replies); !taken.ok()) return taken;
      if (replies.size() == wanted) return {};
      if (Status moved = move_bytes(unsent, deadline); !moved.ok()) return moved;
    }
  }

  void cut() override { static_cast<void>(::shutdown(context_->fd, SHUT_RDWR)); }

 private:
  struct Free {
    void operator()(redisContext* context) const { redisFree(context); }
  };

  static Status broken(std::string why) { return {Code::unavailable, std::move(why)}; }

  // The replies that are here.
  Status take(std::size_t wanted, std::vector<Reply>& replies) {
    while (replies.size() < wanted) {
      void* raw = nullptr;
      if (redisReaderGetReply(context_->reader, &raw) != REDIS_OK) {
        return broken(std::string("it does not speak the protocol: ") + context_->reader->errstr);
      }
      if (raw == nullptr) break;
      const auto free = [](redisReply* reply) { freeReplyObject(reply); };
      const std::unique_ptr<redisReply, decltype(free)> reply(static_cast<redisReply*>(raw), free);
      replies.push_back(to_reply(*reply));
    }
    return {};
  }

  // Waits until something can be read or sent, and does that. Reading while there is something to
  // send keeps a replica going that waits for its replies to be taken.
  Status move_bytes(std::string_view& unsent, Instant deadline) {
    const short wanted = unsent.empty() ? POLLIN : static_cast<short>(POLLIN | POLLOUT);
    pollfd socket{.fd = context_->fd, .events = wanted, .revents = 0};
    const int ready = ::poll(&socket, 1, static_cast<int>(left_until(deadline).count()));
    if (ready < 0) return errno == EINTR ? Status() : broken(std::strerror(errno));
    if (ready == 0) return broken("no answer in time");
    if ((socket.revents & POLLOUT) != 0) {
      const auto sent =
          ::send(context_->fd, unsent.data(), unsent.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent > 0) unsent.remove_prefix(static_cast<std::size_t>(sent));
      if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
        return broken(std::strerror(errno));
      }
    }
    if ((socket.revents & (POLLIN | POLLHUP | POLLERR)) != 0 &&
        redisBufferRead(context_.get()) != REDIS_OK) {
      return broken(context_->errstr);
    }
    return {};
  }

  std::unique_ptr<redisContext, Free> context_;
};

class HiredisDialer final : public Dialer {
 public:
  HiredisDialer(std::string user, std::string password)
      : user_(std::move(user)), password_(std::move(password)) {}

  Result<std::unique_ptr<Connection>> dial(const kv::Address& address, Instant deadline) override {
    const auto left = std::max(left_until(deadline), Milliseconds(1));
    const timeval timeout{.tv_sec = left.count() / 1'000, .tv_usec = left.count() % 1'000 * 1'000};
    redisContext* const context =
        redisConnectWithTimeout(address.host.c_str(), address.port, timeout);
    if (context == nullptr) return {Code::unavailable, "out of memory"};
    auto connection = std::make_unique<HiredisConnection>(context);
    if (context->err != 0) {
      return {Code::unavailable, std::string("cannot connect: ") + context->errstr};
    }
    redisEnableKeepAlive(context);  // So that a machine that vanished is noticed by idle ones too.
    if (password_.empty()) return std::unique_ptr<Connection>(std::move(connection));
    Words words{"AUTH"};
    if (!user_.empty()) words.push_back(user_);
    words.push_back(password_);
    std::vector<Reply> replies;
    Status said = connection->exchange(std::span(&words, 1), deadline, replies);
    if (!said.ok()) return said;
    if (replies[0].kind == Reply::Kind::error) {
      const bool for_now = judge(replies[0]) == Verdict::refused;
      return {for_now ? Code::unavailable : Code::failed_precondition, replies[0].text};
    }
    return std::unique_ptr<Connection>(std::move(connection));
  }

 private:
  const std::string user_;
  const std::string password_;
};

}  // namespace

std::unique_ptr<Dialer> make_hiredis_dialer(std::string user, std::string password) {
  return std::make_unique<HiredisDialer>(std::move(user), std::move(password));
}

}  // namespace rabia::client
