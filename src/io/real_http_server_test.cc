// Over real sockets: what clients of all kinds get.
#include "io/http_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace rabia::io {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  ~Client() { ::close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void send(std::string_view text) {
    (void)::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
  }
  // Everything until the server closes.
  std::string rest() {
    std::string text;
    char piece[4096];
    while (true) {
      const ssize_t got = ::recv(socket_, piece, sizeof piece, 0);
      if (got <= 0) return text;
      text.append(piece, static_cast<std::size_t>(got));
    }
  }
  std::string get(std::string_view path) {
    send("GET " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n\r\n");
    return rest();
  }

 private:
  int socket_;
};

// Answers "/now" at once; keeps what "/never" asked.
class HttpServerTest : public testing::Test {
 protected:
  void open(HttpOptions options = {}) {
    options.listen = {"127.0.0.1", 0};
    auto opened = HttpServer::open(
        options, {.handle = [this](const HttpRequest& request,
                                   const HttpReply& reply) { handle(request, reply); },
                  .late = [](const HttpRequest& request) -> HttpResponse {
                    return {.status = 503, .body = "late: " + request.path};
                  }});
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    server_ = opened.take();
  }
  void handle(const HttpRequest& request, const HttpReply& reply) {
    if (request.path == "/never") {
      const std::lock_guard lock(mutex_);
      return kept_.push_back(reply);
    }
    reply([request]() -> HttpResponse {
      return {.status = 200, .body = request.method + " " + request.path};
    });
  }
  std::vector<HttpReply> take_kept() {
    const std::lock_guard lock(mutex_);
    return std::exchange(kept_, {});
  }

  std::mutex mutex_;
  std::vector<HttpReply> kept_;
  std::unique_ptr<HttpServer> server_;
};

// Given a request, then its method and its path without the query reach the handler, and its
// answer, whole and with its length, the client; of HEAD the body is left out.
TEST_F(HttpServerTest, ARequestIsAnswered) {
  open();
  const std::string answer = Client(server_->port()).get("/now?x=1");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\nGET /now")) << answer;
  EXPECT_NE(answer.find("Content-Length: 8\r\n"), std::string::npos) << answer;
  Client head(server_->port());
  head.send("HEAD /now HTTP/1.1\r\n\r\n");
  const std::string headers = head.rest();
  EXPECT_TRUE(headers.ends_with("\r\n\r\n")) << headers;
  EXPECT_NE(headers.find("Content-Length: 9\r\n"), std::string::npos) << headers;
}

// Given a handler that does not answer, then the client is told so in time, others are answered
// meanwhile, and an answer that comes later, or after the server has gone, harms nobody.
TEST_F(HttpServerTest, WhoIsLateIsAnsweredForAndHoldsUpNobody) {
  open({.answer_within = milliseconds(300)});
  Client waiting(server_->port());
  waiting.send("GET /never HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(Client(server_->port()).get("/now").ends_with("GET /now"));
  const std::string answer = waiting.rest();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
  EXPECT_TRUE(answer.ends_with("late: /never")) << answer;
  const std::vector<HttpReply> kept = take_kept();
  ASSERT_EQ(kept.size(), 1U);
  kept[0]([]() -> HttpResponse { return {}; });
  EXPECT_TRUE(Client(server_->port()).get("/now").ends_with("GET /now"));
  server_.reset();
  kept[0]([]() -> HttpResponse { return {}; });
}

// Given an answer from another thread, then the client gets it.
TEST_F(HttpServerTest, AnswersMayComeFromAnyThread) {
  open({.answer_within = seconds(60)});
  Client client(server_->port());
  client.send("GET /never HTTP/1.1\r\n\r\n");
  std::vector<HttpReply> kept;
  while ((kept = take_kept()).empty()) std::this_thread::sleep_for(milliseconds(1));
  std::thread([&] { kept[0]([]() -> HttpResponse { return {.body = "at last"}; }); }).join();
  EXPECT_TRUE(client.rest().ends_with("at last"));
}

// Given what is no request, or one that is too large, or that comes with a body, then it is refused
// or answered, and the connection ends.
TEST_F(HttpServerTest, BadRequestsAreRefused) {
  open();
  const auto answer_to = [&](const std::string& text) {
    Client client(server_->port());
    client.send(text);
    return client.rest();
  };
  EXPECT_TRUE(answer_to("*1\r\n$4\r\nPING\r\n\r\n").starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(answer_to("GET / HTTP/1.1\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n")
                  .starts_with("HTTP/1.1 431 "));
  EXPECT_TRUE(
      answer_to("POST /now HTTP/1.1\r\nContent-Length: 100000\r\n\r\n" + std::string(100'000, 'x'))
          .ends_with("POST /now"));
  EXPECT_TRUE(Client(server_->port()).get("/now").ends_with("GET /now"));
}

// Given clients that begin a request and do not end it, then they are cut in time.
TEST_F(HttpServerTest, SlowClientsAreCut) {
  open({.read_within = milliseconds(200)});
  Client silent(server_->port());
  Client slow(server_->port());
  slow.send("GET /now HT");
  EXPECT_EQ(silent.rest(), "");
  EXPECT_EQ(slow.rest(), "");
}

// Given as many idle connections as there may be, when one more comes, then it is served, and the
// oldest is closed.
TEST_F(HttpServerTest, IdleConnectionsDoNotKeepOthersOut) {
  open({.connections_max = 4, .read_within = seconds(600)});
  std::vector<std::unique_ptr<Client>> idle;
  for (int i = 0; i < 4; ++i) idle.push_back(std::make_unique<Client>(server_->port()));
  EXPECT_TRUE(Client(server_->port()).get("/now").ends_with("GET /now"));
  EXPECT_EQ(idle[0]->rest(), "");
  idle[3]->send("GET /now HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(idle[3]->rest().ends_with("GET /now"));
}

// Given a port that is taken, then the refusal names it.
TEST_F(HttpServerTest, ATakenPortIsRefused) {
  open();
  const Endpoint taken{"127.0.0.1", server_->port()};
  const auto second = HttpServer::open({.listen = taken}, {});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().message(),
            "listen on " + to_string(taken) + ": Address already in use");
}

}  // namespace
}  // namespace rabia::io
