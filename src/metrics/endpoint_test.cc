// Over real sockets: what is answered, also when the core thread does not.
#include "metrics/endpoint.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "io/real_runtime.h"
#include "server/testing/fake_replica.h"

namespace rabia::metrics {
namespace {

using std::chrono::milliseconds;

// Sends a request, and has what comes until the other side closes.
class Exchange final : public io::StreamHandler {
 public:
  static std::string run(std::uint16_t port, const std::string& request) {
    Exchange exchange;
    const auto attempt = exchange.runtime_.network().connect(
        {"127.0.0.1", port}, [&](Result<std::unique_ptr<io::Stream>> stream) {
          if (!stream.ok()) return exchange.runtime_.stop();
          exchange.stream_ = stream.take();
          exchange.stream_->start(exchange);
          exchange.stream_->write(request);
        });
    exchange.runtime_.run();
    exchange.stream_.reset();
    return exchange.received_;
  }
  void on_bytes(std::string_view bytes) override { received_.append(bytes); }
  void on_drained() override {}
  void on_closed(std::string_view) override { runtime_.stop(); }

 private:
  io::RealRuntime runtime_;
  std::unique_ptr<io::Stream> stream_;
  std::string received_;
};

// A server over a fake replica, whose core thread runs, or hangs as long as the test wants.
class EndpointTest : public testing::Test {
 protected:
  void SetUp() override {
    replica_.reported.serving = true;
    auto server = server::Server::open(
        {runtime_.executor(), runtime_.network(), replica_, machine_}, server_options());
    ASSERT_TRUE(server.ok()) << server.status().message();
    server_ = server.take();
    io::HttpOptions options;
    options.listen = {"127.0.0.1", 0};
    options.answer_within = milliseconds(500);
    auto endpoint = Endpoint::open(runtime_.executor(), options);
    ASSERT_TRUE(endpoint.ok()) << endpoint.status().message();
    endpoint_ = endpoint.take();
    core_ = std::thread([this] { runtime_.run(); });
  }
  void TearDown() override {
    runtime_.stop();
    core_.join();
    endpoint_.reset();
    server_.reset();
  }
  static server::ServerOptions server_options() {
    server::ServerOptions options;
    options.listen = {"127.0.0.1", 0};
    return options;
  }
  // Runs on the core thread, and waits for it.
  template <typename Do>
  void on_core(Do what) {
    std::promise<void> done;
    runtime_.executor().post([&] {
      what();
      done.set_value();
    });
    done.get_future().wait();
  }
  void show() {
    on_core([this] { endpoint_->show("c", replica_, *server_); });
  }
  std::string get(const std::string& path) { return ask("GET " + path); }
  std::string ask(const std::string& line) {
    return Exchange::run(endpoint_->port(), line + " HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  // As get(), until the answer begins so: pictures are shown for a moment.
  bool comes(const std::string& path, const std::string& beginning) {
    for (int i = 0; i < 1000; ++i) {
      if (get(path).starts_with("HTTP/1.1 " + beginning)) return true;
      std::this_thread::sleep_for(milliseconds(10));
    }
    return false;
  }

  io::RealRuntime runtime_;
  kv::StoreMachine machine_;
  server::testing::FakeReplica replica_{machine_};
  std::unique_ptr<server::Server> server_;
  std::unique_ptr<Endpoint> endpoint_;
  std::thread core_;
};

// Given a replica that serves, then each path says its part, in its type.
TEST_F(EndpointTest, EachPathSaysItsPart) {
  show();
  EXPECT_TRUE(get("/healthz").ends_with("\r\n\r\nalive\n"));
  EXPECT_TRUE(get("/readyz").ends_with("\r\n\r\nready\n"));
  const std::string metrics = get("/metrics?x");
  EXPECT_NE(metrics.find("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"),
            std::string::npos);
  EXPECT_NE(metrics.find("\nrabia_serving 1\n"), std::string::npos);
  EXPECT_NE(metrics.find("\nprocess_resident_memory_bytes "), std::string::npos);
  const std::string status = get("/v1/status");
  EXPECT_NE(status.find("Content-Type: application/json\r\n"), std::string::npos);
  EXPECT_NE(status.find("\"cluster\": \"c\""), std::string::npos);
}

// Given other paths and methods, then they are refused, with what there is.
TEST_F(EndpointTest, OtherPathsAndMethodsAreRefused) {
  show();
  const std::string unknown = get("/");
  EXPECT_TRUE(unknown.starts_with("HTTP/1.1 404 ")) << unknown;
  EXPECT_TRUE(unknown.ends_with("there are /metrics, /healthz, /readyz and /v1/status\n"));
  const std::string posted = ask("POST /metrics");
  EXPECT_TRUE(posted.starts_with("HTTP/1.1 405 ")) << posted;
  EXPECT_NE(posted.find("Allow: GET, HEAD\r\n"), std::string::npos) << posted;
  EXPECT_TRUE(ask("HEAD /healthz").ends_with("\r\n\r\n"));
}

// Given a replica that is starting, that has no quorum, and that stops, then it lives and is not
// ready, and says why.
TEST_F(EndpointTest, WhoIsNotReadySaysWhy) {
  EXPECT_TRUE(get("/readyz").ends_with("not ready: the replica is starting\n"));
  EXPECT_TRUE(get("/metrics").starts_with("HTTP/1.1 503 "));
  on_core([this] {
    replica_.reported.serving = false;
    replica_.reported.not_serving_because = "no quorum";
  });
  show();
  ASSERT_TRUE(comes("/metrics", "200"));
  const std::string answer = get("/readyz");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
  EXPECT_TRUE(answer.ends_with("not ready: no quorum\n")) << answer;
  on_core([this] { endpoint_->hide(); });
  ASSERT_TRUE(comes("/metrics", "503"));
  EXPECT_TRUE(get("/readyz").ends_with("not ready: the replica is stopping\n"));
  EXPECT_TRUE(get("/healthz").starts_with("HTTP/1.1 200 "));
}

// Given a core thread that hangs, then the process is said to live and not to be ready, however
// many ask; when it goes on, then all is as before.
TEST_F(EndpointTest, AHangingCoreIsToldOf) {
  show();
  std::promise<void> go_on;
  runtime_.executor().post([&] { go_on.get_future().wait(); });
  EXPECT_TRUE(get("/healthz").ends_with("alive\n"));
  const std::string answer = get("/readyz");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
  EXPECT_NE(answer.find("not ready: the core thread has not answered within 0.50 s"),
            std::string::npos)
      << answer;
  std::vector<std::future<std::string>> many;
  for (int i = 0; i < 40; ++i) {
    many.push_back(std::async(std::launch::async, [this] { return get("/metrics"); }));
  }
  for (auto& each : many) EXPECT_TRUE(each.get().starts_with("HTTP/1.1 503 "));
  go_on.set_value();
  EXPECT_TRUE(comes("/readyz", "200"));
}

}  // namespace
}  // namespace rabia::metrics
