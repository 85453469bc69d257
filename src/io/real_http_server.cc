#include "io/http_server.h"

#include <fcntl.h>

#include <array>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_static_buffer.hpp>
#include <boost/beast/http.hpp>
#include <list>
#include <optional>
#include <thread>
#include <utility>

#include "io/real_parts.h"

namespace rabia::io {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using IoExecutor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<tcp, IoExecutor>;
using Acceptor = asio::basic_socket_acceptor<tcp, IoExecutor>;
using Stream = beast::basic_stream<tcp, IoExecutor>;
using Resolver = asio::ip::basic_resolver<tcp, IoExecutor>;

constexpr auto accept_pause = std::chrono::milliseconds(100);
constexpr std::size_t buffer_bytes = 16 << 10;

// What the connections of one server share; HTTP thread only, but for the context.
struct Shared {
  HttpOptions options;
  HttpServer::Handlers handlers;
  asio::io_context context{1};
};

// One request and its response.
class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(const std::shared_ptr<Shared>& shared, Socket socket)
      : shared_(*shared), weak_shared_(shared), stream_(std::move(socket)), late_(shared->context) {
    parser_.header_limit(shared_.options.request_bytes_max);
  }

  void start(std::function<void()> ended) {
    ended_ = std::move(ended);
    stream_.expires_after(shared_.options.read_within);
    // What follows the header is not for us: it is never read.
    http::async_read_header(stream_, buffer_, parser_,
                            [self = shared_from_this()](const error_code& failure, std::size_t) {
                              self->on_header(failure);
                            });
  }

  void close() {
    late_.cancel();
    stream_.close();
    if (const auto ended = std::exchange(ended_, nullptr)) ended();
  }

 private:
  void on_header(const error_code& failure) {
    if (!ended_) return;
    if (failure == http::error::header_limit || failure == http::error::buffer_overflow) {
      return answer({.status = 431, .body = "the request is too large\n"});
    }
    if (failure.category() == make_error_code(http::error::bad_method).category() &&
        failure != http::error::end_of_stream && failure != http::error::partial_message) {
      return answer({.status = 400, .body = "this is not HTTP: " + failure.message() + "\n"});
    }
    if (failure) return close();
    request_.method = std::string(parser_.get().method_string());
    const auto target = parser_.get().target();
    request_.path = std::string(target.substr(0, target.find('?')));
    stream_.expires_never();
    wait_until_late();
    shared_.handlers.handle(request_, reply());
  }

  void wait_until_late() {
    late_.expires_after(shared_.options.answer_within);
    late_.async_wait([self = shared_from_this()](const error_code& failure) {
      if (failure || self->answered_ || !self->ended_) return;
      self->answer(self->shared_.handlers.late(self->request_));
    });
  }

  HttpReply reply() {
    return [weak = weak_from_this(), shared = weak_shared_](std::function<HttpResponse()> make) {
      const auto alive = shared.lock();
      if (!alive) return;
      asio::post(alive->context, [weak, make = std::move(make)] {
        const auto self = weak.lock();
        if (self && !self->answered_ && self->ended_) self->answer(make());
      });
    };
  }

  void answer(HttpResponse answer) {
    answered_ = true;
    late_.cancel();
    response_.version(11);
    response_.result(static_cast<unsigned>(answer.status));
    response_.set(http::field::content_type, answer.content_type);
    response_.set(http::field::cache_control, "no-store");
    if (!answer.allow.empty()) response_.set(http::field::allow, answer.allow);
    response_.keep_alive(false);
    response_.body() = std::move(answer.body);
    response_.prepare_payload();
    stream_.expires_after(shared_.options.write_within);
    serializer_.emplace(response_);
    const auto done = [self = shared_from_this()](const error_code& failure, std::size_t) {
      self->on_written(failure);
    };
    if (request_.method == "HEAD") {
      http::async_write_header(stream_, *serializer_, done);
    } else {
      http::async_write(stream_, *serializer_, done);
    }
  }

  // Closing while bytes of the client are unread would reset the connection, and with it our
  // response: so they are read, for as long as they come.
  void on_written(const error_code& failure) {
    if (!ended_) return;
    error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    if (failure || ignored) return close();
    drain();
  }

  void drain() {
    stream_.async_read_some(asio::buffer(rest_),
                            [self = shared_from_this()](const error_code& failure, std::size_t) {
                              if (!self->ended_) return;
                              if (failure) return self->close();
                              self->drain();
                            });
  }

  Shared& shared_;
  std::weak_ptr<Shared> weak_shared_;
  Stream stream_;
  asio::basic_waitable_timer<std::chrono::steady_clock,
                             asio::wait_traits<std::chrono::steady_clock>, IoExecutor>
      late_;
  beast::flat_static_buffer<buffer_bytes> buffer_;
  std::array<char, 1024> rest_;
  http::request_parser<http::empty_body> parser_;
  HttpRequest request_;
  http::response<http::string_body> response_;
  std::optional<http::response_serializer<http::string_body>> serializer_;
  std::function<void()> ended_;  // Null: it is closed.
  bool answered_ = false;
};

class BeastServer final : public HttpServer {
 public:
  BeastServer(const HttpOptions& options, Handlers handlers)
      : shared_(std::make_shared<Shared>()), acceptor_(shared_->context), pause_(shared_->context) {
    shared_->options = options;
    shared_->handlers = std::move(handlers);
  }
  ~BeastServer() override {
    shared_->context.stop();
    if (thread_.joinable()) thread_.join();
    for (const auto& connection : std::exchange(connections_, {})) connection->close();
  }
  BeastServer(const BeastServer&) = delete;
  BeastServer& operator=(const BeastServer&) = delete;

  Status listen() {
    const Endpoint& endpoint = shared_->options.listen;
    error_code failure;
    const auto addresses =
        Resolver(shared_->context)
            .resolve(endpoint.host, std::to_string(endpoint.port), Resolver::passive, failure);
    if (!failure && addresses.empty()) failure = asio::error::host_not_found;
    if (!failure) open_at(addresses.begin()->endpoint(), failure);
    if (failure) {
      return {Code::io_error, "listen on " + to_string(endpoint) + ": " + failure.message()};
    }
    accept();
    thread_ = std::thread([this] {
      yield_to_others();
      shared_->context.run();
    });
    return {};
  }

  [[nodiscard]] std::uint16_t port() const override { return port_; }

 private:
  using Connections = std::list<std::shared_ptr<HttpConnection>>;

  void open_at(const tcp::endpoint& at, error_code& failure) {
    acceptor_.open(at.protocol(), failure);
    if (failure) return;
    ::fcntl(acceptor_.native_handle(), F_SETFD, FD_CLOEXEC);
    acceptor_.set_option(tcp::acceptor::reuse_address(true), failure);
    if (!failure) acceptor_.bind(at, failure);
    if (!failure) acceptor_.listen(asio::socket_base::max_listen_connections, failure);
    if (!failure) port_ = acceptor_.local_endpoint(failure).port();
  }

  void accept() {
    acceptor_.async_accept([this](const error_code& failure, Socket socket) {
      if (failure == asio::error::operation_aborted) return;
      if (failure) return accept_later();  // No descriptors, say.
      serve(std::move(socket));
      accept();
    });
  }

  void accept_later() {
    pause_.expires_after(accept_pause);
    pause_.async_wait([this](const error_code& failure) {
      if (!failure) accept();
    });
  }

  // The oldest makes room: who is slow on purpose cannot keep others out.
  void serve(Socket socket) {
    ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
    if (connections_.size() >= shared_->options.connections_max) close_oldest();
    const auto place = connections_.insert(
        connections_.end(), std::make_shared<HttpConnection>(shared_, std::move(socket)));
    (*place)->start([this, place] {
      if (!connections_.empty()) connections_.erase(place);
    });
  }

  void close_oldest() {
    const auto oldest = connections_.front();  // It leaves the list in this.
    oldest->close();
  }

  std::shared_ptr<Shared> shared_;
  Acceptor acceptor_;
  asio::basic_waitable_timer<std::chrono::steady_clock,
                             asio::wait_traits<std::chrono::steady_clock>, IoExecutor>
      pause_;
  std::uint16_t port_ = 0;
  Connections connections_;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::open(const HttpOptions& options,
                                                     Handlers handlers) {
  auto server = std::make_unique<BeastServer>(options, std::move(handlers));
  if (Status listening = server->listen(); !listening.ok()) return listening;
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace rabia::io
