#include <fcntl.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>
#include <vector>

#include "io/log.h"
#include "io/real_parts.h"

namespace rabia::io {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using IoExecutor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<tcp, IoExecutor>;
using Acceptor = asio::basic_socket_acceptor<tcp, IoExecutor>;
using Resolver = asio::ip::basic_resolver<tcp, IoExecutor>;
using Addresses = tcp::resolver::results_type;

constexpr std::size_t read_bytes_max = 64 << 10;
constexpr int reads_per_wakeup = 4;  // Then the other streams have their turn.
constexpr std::size_t kept_write_capacity = 64 << 10;
constexpr std::size_t compact_after_bytes = 1 << 20;
constexpr auto accept_pause = std::chrono::milliseconds(100);

bool try_again(const error_code& failure) {
  return failure == asio::error::would_block || failure == asio::error::try_again ||
         failure == asio::error::interrupted;
}

std::string address_text(const tcp::endpoint& endpoint, const error_code& failure) {
  if (failure) return "unknown";
  return to_string(Endpoint{endpoint.address().to_string(), endpoint.port()});
}

// Children started by the program do not inherit our sockets.
void close_on_exec(int fd) {
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

error_code prepare(Socket& socket) {
  error_code failure;
  socket.non_blocking(true, failure);
  if (!failure) socket.set_option(tcp::no_delay(true), failure);
  close_on_exec(socket.native_handle());
  return failure;
}

// What the completions of a stream share with it. They outlive the stream: `handler_` is null from
// the moment on which nothing may be called any more.
class StreamState : public std::enable_shared_from_this<StreamState> {
 public:
  StreamState(Socket socket, std::vector<char>& read_buffer)
      : socket_(std::move(socket)), read_buffer_(read_buffer) {
    error_code failure;
    const tcp::endpoint peer = socket_.remote_endpoint(failure);
    peer_address_ = address_text(peer, failure);
    const tcp::endpoint local = socket_.local_endpoint(failure);
    local_address_ = address_text(local, failure);
  }

  void start(StreamHandler& handler) {
    handler_ = &handler;
    if (open_) {
      wait_readable();
    } else {
      report_later();
    }
  }

  void write(std::string_view bytes) {
    if (!open_) return;
    if (unsent() == 0) {
      error_code failure;
      const std::size_t sent = socket_.write_some(asio::buffer(bytes), failure);
      if (failure && !try_again(failure)) {
        shut(failure.message());
        report_later();
        return;
      }
      bytes.remove_prefix(sent);
    }
    if (bytes.empty()) return;
    out_.append(bytes);
    wait_writable();
  }

  void pause(bool paused) {
    paused_ = paused;
    wait_readable();
  }

  void close() {
    handler_ = nullptr;
    shut("closed here");
  }

  [[nodiscard]] std::size_t unsent() const { return out_.size() - sent_; }
  [[nodiscard]] const std::string& peer_address() const { return peer_address_; }
  [[nodiscard]] const std::string& local_address() const { return local_address_; }

 private:
  [[nodiscard]] bool reading() const { return open_ && handler_ != nullptr && !paused_; }

  void wait_readable() {
    if (!reading() || waiting_readable_) return;
    waiting_readable_ = true;
    socket_.async_wait(Socket::wait_read, [self = shared_from_this()](const error_code& failure) {
      self->waiting_readable_ = false;
      if (failure != asio::error::operation_aborted) self->on_readable();
    });
  }

  void on_readable() {
    for (int turn = 0; turn < reads_per_wakeup && reading(); ++turn) {
      error_code failure;
      const std::size_t got = socket_.read_some(asio::buffer(read_buffer_), failure);
      if (failure) {
        if (try_again(failure)) break;
        const bool end = failure == asio::error::eof;
        shut(end ? "closed by the peer" : failure.message());
        report();
        return;
      }
      handler_->on_bytes({read_buffer_.data(), got});
      if (got < read_buffer_.size()) break;
    }
    wait_readable();
  }

  void wait_writable() {
    if (!open_ || waiting_writable_) return;
    waiting_writable_ = true;
    socket_.async_wait(Socket::wait_write, [self = shared_from_this()](const error_code& failure) {
      self->waiting_writable_ = false;
      if (failure != asio::error::operation_aborted) self->on_writable();
    });
  }

  void on_writable() {
    if (!open_) return;
    error_code failure;
    const asio::const_buffer rest(out_.data() + sent_, unsent());
    sent_ += socket_.write_some(rest, failure);
    if (failure && !try_again(failure)) {
      shut(failure.message());
      report();
    } else if (unsent() > 0) {
      compact();
      wait_writable();
    } else {
      forget_unsent();
      if (handler_ != nullptr) handler_->on_drained();
    }
  }

  // Drops what was sent from the front once it is most of the buffer: linear in all.
  void compact() {
    if (sent_ < compact_after_bytes || sent_ < out_.size() / 2) return;
    out_.erase(0, sent_);
    sent_ = 0;
  }

  void forget_unsent() {
    out_.clear();
    sent_ = 0;
    if (out_.capacity() > kept_write_capacity) out_.shrink_to_fit();
  }

  void shut(std::string reason) {
    if (!open_) return;
    open_ = false;
    reason_ = std::move(reason);
    forget_unsent();
    error_code ignored;
    socket_.close(ignored);
  }

  void report() {
    if (StreamHandler* handler = std::exchange(handler_, nullptr)) handler->on_closed(reason_);
  }
  void report_later() {
    asio::post(socket_.get_executor(), [self = shared_from_this()] { self->report(); });
  }

  Socket socket_;
  std::vector<char>& read_buffer_;
  StreamHandler* handler_ = nullptr;
  bool open_ = true;
  bool paused_ = false;
  bool waiting_readable_ = false;
  bool waiting_writable_ = false;
  std::string out_;  // Written and not taken by the operating system, from sent_ on.
  std::size_t sent_ = 0;
  std::string reason_;
  std::string peer_address_;
  std::string local_address_;
};

class TcpStream final : public Stream {
 public:
  TcpStream(Socket socket, std::vector<char>& read_buffer)
      : state_(std::make_shared<StreamState>(std::move(socket), read_buffer)) {}
  ~TcpStream() override { state_->close(); }
  TcpStream(const TcpStream&) = delete;
  TcpStream& operator=(const TcpStream&) = delete;

  void start(StreamHandler& handler) override { state_->start(handler); }
  void write(std::string_view bytes) override { state_->write(bytes); }
  [[nodiscard]] std::size_t unsent() const override { return state_->unsent(); }
  void pause_reading() override { state_->pause(true); }
  void resume_reading() override { state_->pause(false); }
  void close() override { state_->close(); }
  [[nodiscard]] std::string peer_address() const override { return state_->peer_address(); }
  [[nodiscard]] std::string local_address() const override { return state_->local_address(); }

 private:
  std::shared_ptr<StreamState> state_;
};

class ListenerState : public std::enable_shared_from_this<ListenerState> {
 public:
  ListenerState(asio::io_context& context, std::vector<char>& read_buffer, Network::OnAccept accept)
      : acceptor_(context),
        next_(context),
        pause_(context),
        read_buffer_(read_buffer),
        accept_(std::move(accept)) {}

  error_code open(const tcp::endpoint& endpoint) {
    error_code failure;
    acceptor_.open(endpoint.protocol(), failure);
    if (!failure) acceptor_.set_option(Acceptor::reuse_address(true), failure);
    if (!failure) acceptor_.bind(endpoint, failure);
    if (!failure) acceptor_.listen(Acceptor::max_listen_connections, failure);
    if (!failure) port_ = acceptor_.local_endpoint(failure).port();
    if (!failure) close_on_exec(acceptor_.native_handle());
    return failure;
  }

  void accept_next() {
    if (!acceptor_.is_open()) return;
    acceptor_.async_accept(next_, [self = shared_from_this()](const error_code& failure) {
      self->on_accept(failure);
    });
  }

  void close() {
    error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  void on_accept(const error_code& failure) {
    if (!acceptor_.is_open()) return;
    if (failure && failure != asio::error::connection_aborted) {
      rest(failure);
      return;
    }
    resting_ = false;
    Socket socket = std::exchange(next_, Socket(acceptor_.get_executor()));
    if (!failure && !prepare(socket)) {
      accept_(std::make_unique<TcpStream>(std::move(socket), read_buffer_));
    }
    accept_next();
  }

  // Out of descriptors or memory: the connection stays ready, so trying at once would only spin.
  void rest(const error_code& failure) {
    if (!std::exchange(resting_, true)) {
      log(Level::warning, "io", "cannot accept connections, will go on trying",
          {{"port", port_}, {"reason", failure.message()}});
    }
    pause_.expires_after(accept_pause);
    pause_.async_wait([self = shared_from_this()](const error_code& stopped) {
      if (!stopped) self->accept_next();
    });
  }

  Acceptor acceptor_;
  Socket next_;
  asio::steady_timer pause_;
  std::vector<char>& read_buffer_;
  Network::OnAccept accept_;
  std::uint16_t port_ = 0;
  bool resting_ = false;  // The last attempt failed, and that was logged.
};

class TcpListener final : public Listener {
 public:
  explicit TcpListener(std::shared_ptr<ListenerState> state) : state_(std::move(state)) {
    state_->accept_next();
  }
  ~TcpListener() override { state_->close(); }
  TcpListener(const TcpListener&) = delete;
  TcpListener& operator=(const TcpListener&) = delete;

  [[nodiscard]] std::uint16_t port() const override { return state_->port(); }

 private:
  std::shared_ptr<ListenerState> state_;
};

class ConnectState : public std::enable_shared_from_this<ConnectState> {
 public:
  ConnectState(asio::io_context& context, std::vector<char>& read_buffer, Endpoint endpoint,
               Network::OnConnect done)
      : resolver_(context),
        socket_(context),
        read_buffer_(read_buffer),
        endpoint_(std::move(endpoint)),
        done_(std::move(done)) {}

  void begin() {
    error_code not_literal;
    const auto address = asio::ip::make_address(endpoint_.host, not_literal);
    if (!not_literal) {
      connect(Addresses::create(tcp::endpoint(address, endpoint_.port), "", ""));
      return;
    }
    resolver_.async_resolve(
        endpoint_.host, std::to_string(endpoint_.port),
        [self = shared_from_this()](const error_code& failure, const Addresses& addresses) {
          if (!self->done_) return;
          if (failure) {
            self->finish(failure);
          } else {
            self->connect(addresses);
          }
        });
  }

  void abandon() {
    done_ = nullptr;
    resolver_.cancel();
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  void connect(const Addresses& addresses) {
    asio::async_connect(
        socket_, addresses,
        [self = shared_from_this()](const error_code& failure, const tcp::endpoint&) {
          self->finish(failure);
        });
  }

  void finish(error_code failure) {
    if (!done_) return;
    if (!failure) failure = prepare(socket_);
    if (!failure && connected_to_itself()) failure = asio::error::connection_refused;
    const Network::OnConnect done = std::exchange(done_, nullptr);
    if (failure) {
      done(Status{Code::unavailable,
                  "connect to " + to_string(endpoint_) + ": " + failure.message()});
    } else {
      done(Result<std::unique_ptr<Stream>>(
          std::make_unique<TcpStream>(std::move(socket_), read_buffer_)));
    }
  }

  // TCP lets a socket connect to itself when nobody listens and its own port is picked by chance.
  [[nodiscard]] bool connected_to_itself() const {
    error_code local_failure;
    error_code remote_failure;
    return socket_.local_endpoint(local_failure) == socket_.remote_endpoint(remote_failure) &&
           !local_failure && !remote_failure;
  }

  Resolver resolver_;
  Socket socket_;
  std::vector<char>& read_buffer_;
  Endpoint endpoint_;
  Network::OnConnect done_;
};

class TcpConnecting final : public Connecting {
 public:
  explicit TcpConnecting(std::shared_ptr<ConnectState> state) : state_(std::move(state)) {
    state_->begin();
  }
  ~TcpConnecting() override { state_->abandon(); }
  TcpConnecting(const TcpConnecting&) = delete;
  TcpConnecting& operator=(const TcpConnecting&) = delete;

 private:
  std::shared_ptr<ConnectState> state_;
};

class TcpNetwork final : public Network {
 public:
  explicit TcpNetwork(asio::io_context& context) : context_(context) {}

  Result<std::unique_ptr<Listener>> listen(const Endpoint& endpoint, OnAccept accept) override {
    error_code failure;
    const auto addresses = Resolver(context_).resolve(endpoint.host, std::to_string(endpoint.port),
                                                      Resolver::passive, failure);
    if (!failure && addresses.empty()) failure = asio::error::host_not_found;
    auto state = std::make_shared<ListenerState>(context_, read_buffer_, std::move(accept));
    if (!failure) failure = state->open(addresses.begin()->endpoint());
    if (failure) {
      return {Code::io_error, "listen on " + to_string(endpoint) + ": " + failure.message()};
    }
    return {std::make_unique<TcpListener>(std::move(state))};
  }

  std::unique_ptr<Connecting> connect(const Endpoint& endpoint, OnConnect done) override {
    return std::make_unique<TcpConnecting>(
        std::make_shared<ConnectState>(context_, read_buffer_, endpoint, std::move(done)));
  }

 private:
  asio::io_context& context_;
  std::vector<char> read_buffer_ = std::vector<char>(read_bytes_max);  // All streams share it.
};

}  // namespace

std::unique_ptr<Network> make_asio_network(asio::io_context& context) {
  return std::make_unique<TcpNetwork>(context);
}

}  // namespace rabia::io
