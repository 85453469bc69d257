#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "io/log.h"
#include "io/real_runtime.h"

namespace rabia::io {
namespace {

// A stream with what happens to it; each happening may be given a reaction.
class Side final : public StreamHandler {
 public:
  void take(std::unique_ptr<Stream> taken) {
    stream = std::move(taken);
    stream->start(*this);
  }
  void on_bytes(std::string_view bytes) override {
    received.append(bytes);
    if (react) react();
  }
  void on_drained() override {
    ++drained;
    if (react) react();
  }
  void on_closed(std::string_view reason) override {
    ++closed;
    close_reason = reason;
    if (react) react();
  }

  std::unique_ptr<Stream> stream;
  std::string received;
  int drained = 0;
  int closed = 0;
  std::string close_reason;
  std::function<void()> react;
};

// A listener on a free loopback port; run_until() ends the test when something never happens.
class RealStreamsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto listening = runtime_.network().listen(
        {"127.0.0.1", 0}, [this](std::unique_ptr<Stream> s) { server_.take(std::move(s)); });
    ASSERT_TRUE(listening.ok()) << listening.status().message();
    listener_ = listening.take();
  }

  void run_until(const std::function<bool()>& condition) {
    bool timed_out = false;
    auto limit = runtime_.executor().make_timer([&] {
      timed_out = true;
      runtime_.stop();
    });
    limit->arm(runtime_.executor().now() + std::chrono::seconds(30));
    std::unique_ptr<Timer> look = runtime_.executor().make_timer([&] {
      if (condition()) {
        runtime_.stop();
      } else {
        look->arm(runtime_.executor().now() + std::chrono::microseconds(200));
      }
    });
    look->arm(runtime_.executor().now());
    runtime_.run();
    ASSERT_FALSE(timed_out);
  }

  void connect() {
    connecting_ = runtime_.network().connect({"127.0.0.1", listener_->port()}, [this](auto result) {
      ASSERT_TRUE(result.ok()) << result.status().message();
      client_.take(result.take());
    });
    run_until([this] { return client_.stream && server_.stream; });
  }

  RealRuntime runtime_;
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<Connecting> connecting_;
  Side server_;
  Side client_;
};

// Given a connection, when both sides write, then each gets the other's bytes, and the addresses
// mirror each other.
TEST_F(RealStreamsTest, BothSidesHearEachOther) {
  connect();
  EXPECT_EQ(client_.stream->peer_address(), to_string({"127.0.0.1", listener_->port()}));
  EXPECT_EQ(client_.stream->peer_address(), server_.stream->local_address());
  EXPECT_EQ(client_.stream->local_address(), server_.stream->peer_address());
  client_.stream->write("ping");
  server_.stream->write("pong");
  run_until([this] { return server_.received == "ping" && client_.received == "pong"; });
}

// Given a paused reader, when 64 MiB are written, then the writer keeps what the operating system
// does not take; when resumed, all arrives unharmed and on_drained() is called.
TEST_F(RealStreamsTest, WhatTheSystemDoesNotTakeIsKeptAndSentLater) {
  connect();
  server_.stream->pause_reading();
  std::string sent(64 << 20, '\0');
  for (std::size_t i = 0; i < sent.size(); i += 7) sent[i] = static_cast<char>(i / 7);
  client_.stream->write(std::string_view(sent).substr(0, 1000));
  client_.stream->write(std::string_view(sent).substr(1000));
  EXPECT_GT(client_.stream->unsent(), 0U);
  EXPECT_EQ(server_.received, "");
  server_.stream->resume_reading();
  run_until([&] { return server_.received.size() == sent.size() && client_.drained > 0; });
  EXPECT_TRUE(server_.received == sent);
  EXPECT_EQ(client_.stream->unsent(), 0U);
  EXPECT_EQ(client_.drained, 1);
}

// Given a handler that pauses reading inside on_bytes(), when much more is there to read, then at
// most one buffer was delivered; when it resumes, the rest is.
TEST_F(RealStreamsTest, PausingInsideOnBytesStopsTheDeliveryAtOnce) {
  connect();
  server_.react = [this] { server_.stream->pause_reading(); };
  client_.stream->write(std::string(1 << 20, 'x'));
  run_until([this] { return !server_.received.empty(); });
  EXPECT_LE(server_.received.size(), 64U << 10);
  server_.react = nullptr;
  server_.stream->resume_reading();
  run_until([this] { return server_.received.size() == 1U << 20; });
}

// Given a peer that closes after writing, when read, then the bytes come first and on_closed()
// once.
TEST_F(RealStreamsTest, TheEndComesAfterTheBytesAndOnce) {
  connect();
  client_.stream->write("last words");
  client_.stream.reset();
  run_until([this] { return server_.closed > 0; });
  EXPECT_EQ(server_.received, "last words");
  EXPECT_EQ(server_.close_reason, "closed by the peer");
  EXPECT_EQ(server_.closed, 1);
  server_.stream->write("into the void");
  EXPECT_EQ(server_.stream->unsent(), 0U);
}

// Given a handler that destroys its stream inside on_bytes(), when more bytes are there to read,
// then nothing else is called.
TEST_F(RealStreamsTest, DestroyingInsideOnBytesIsFinal) {
  connect();
  server_.react = [this] { server_.stream.reset(); };
  client_.stream->write(std::string(1 << 20, 'x'));
  run_until([this] { return client_.closed > 0; });
  EXPECT_LE(server_.received.size(), 64U << 10);
  EXPECT_EQ(server_.closed, 0);
}

// Given a handler that closes its stream while bytes and a close are under way, when run, then
// nothing is called after close().
TEST_F(RealStreamsTest, NothingIsCalledAfterClose) {
  connect();
  client_.stream->write("unheard");
  server_.stream->close();
  run_until([this] { return client_.closed > 0; });
  EXPECT_EQ(server_.received, "");
  EXPECT_EQ(server_.closed, 0);
}

// Given a handler that destroys its stream inside on_closed(), when the peer closes, then it is
// safe.
TEST_F(RealStreamsTest, DestroyingInsideOnClosedIsSafe) {
  connect();
  server_.react = [this] { server_.stream.reset(); };
  client_.stream.reset();
  run_until([this] { return server_.closed > 0; });
  EXPECT_EQ(server_.stream, nullptr);
}

// Given a peer that is gone while this side reads nothing, when this side goes on writing, then it
// hears on_closed() (and no signal ends the process), never from inside write().
TEST_F(RealStreamsTest, WritingToADeadPeerEndsInOnClosed) {
  connect();
  server_.stream->pause_reading();
  client_.stream.reset();
  run_until([this] {
    const int before = server_.closed;
    server_.stream->write("anyone?");
    EXPECT_EQ(server_.closed, before);
    return server_.closed > 0;
  });
  EXPECT_EQ(server_.closed, 1);
}

// Given a port where nobody listens, when connecting, then the callback gets an error with the
// address, once, and may destroy the attempt.
TEST_F(RealStreamsTest, ARefusedConnectionIsToldOnce) {
  const std::uint16_t port = listener_->port();
  listener_.reset();
  int calls = 0;
  Status status;
  connecting_ = runtime_.network().connect({"127.0.0.1", port}, [&](auto result) {
    ++calls;
    status = result.status();
    connecting_.reset();
  });
  EXPECT_EQ(calls, 0);
  run_until([&] { return calls > 0; });
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(status.code(), Code::unavailable);
  EXPECT_NE(status.message().find(to_string({"127.0.0.1", port})), std::string::npos);
}

// Given a name, when connecting, then it is resolved.
TEST_F(RealStreamsTest, NamesAreResolved) {
  connecting_ = runtime_.network().connect({"localhost", listener_->port()}, [this](auto result) {
    ASSERT_TRUE(result.ok()) << result.status().message();
    client_.take(result.take());
  });
  run_until([this] { return client_.stream && server_.stream; });
}

// Given an attempt that is destroyed, by name or by address, when run, then nothing is called.
TEST_F(RealStreamsTest, AnAbandonedAttemptIsNeverAnswered) {
  int calls = 0;
  for (const char* host : {"127.0.0.1", "localhost"}) {
    runtime_.network().connect({host, listener_->port()}, [&](auto) { ++calls; }).reset();
  }
  connect();  // Gives the abandoned ones time to be answered, were they not abandoned.
  EXPECT_EQ(calls, 0);
}

// Given a port in use, when listened on, then refused with the address in the message.
TEST_F(RealStreamsTest, APortInUseIsRefused) {
  const auto second = runtime_.network().listen({"127.0.0.1", listener_->port()}, [](auto) {});
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.status().message().find(to_string({"127.0.0.1", listener_->port()})),
            std::string::npos);
}

// Given no file descriptor left, when a client connects, then the listener says so and goes on: the
// client is accepted once there are descriptors again.
TEST_F(RealStreamsTest, RunningOutOfDescriptorsDoesNotKillTheListener) {
  bool refused = false;
  set_log_sink([&](Level, std::string_view line) {
    refused |= line.find("cannot accept connections") != std::string_view::npos;
  });
  // UBSan needs a descriptor when it first meets a type: let it meet them now.
  run_until([] { return true; });
  const int client = ::socket(AF_INET, SOCK_STREAM, 0);
  const int lowest_free = ::dup(client);
  ASSERT_GE(lowest_free, 0);
  ::close(lowest_free);
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &old), 0);
  rlimit tight = old;
  tight.rlim_cur = static_cast<rlim_t>(lowest_free);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);

  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(listener_->port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int connected =
      ::connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  run_until([&] { return refused; });
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &old), 0);
  set_log_sink({});
  ASSERT_EQ(connected, 0);
  EXPECT_EQ(server_.stream, nullptr);
  run_until([this] { return server_.stream != nullptr; });
  ::close(client);
}

}  // namespace
}  // namespace rabia::io
