#include "io/testing/memory_network.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace rabia::io::testing {
namespace {

using std::chrono::milliseconds;

// Writes down what happens to one stream.
class Recorder final : public StreamHandler {
 public:
  void take(std::unique_ptr<Stream> stream) {
    stream_ = std::move(stream);
    stream_->start(*this);
  }
  void on_bytes(std::string_view bytes) override {
    ++deliveries;
    received.append(bytes);
    if (close_on_bytes) stream_.reset();
  }
  void on_drained() override { ++drained; }
  void on_closed(std::string_view reason) override { closed = reason; }

  std::unique_ptr<Stream> stream_;
  std::string received;
  int deliveries = 0;
  int drained = 0;
  std::string closed;
  bool close_on_bytes = false;
};

// One listener on host "b" and a connection to it from host "a".
class MemoryNetworkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto listening = network_.at("b").listen(
        {"0.0.0.0", 7}, [this](std::unique_ptr<Stream> s) { server_.take(std::move(s)); });
    ASSERT_TRUE(listening.ok());
    listener_ = listening.take();
  }
  void connect() {
    connecting_ = network_.at("a").connect({"b", 7}, [this](auto result) {
      connect_status_ = result.status();
      if (result.ok()) client_.take(result.take());
      answered_ = true;
    });
  }
  void connect_now() {
    connect();
    executor_.run_for(milliseconds(10));
    ASSERT_TRUE(client_.stream_ && server_.stream_);
  }

  ManualExecutor executor_;
  MemoryNetwork network_{executor_};
  std::unique_ptr<Listener> listener_;
  Recorder server_;
  Recorder client_;
  std::unique_ptr<Connecting> connecting_;
  Status connect_status_;
  bool answered_ = false;
};

// Given a connection, when both sides write, then each gets the other's bytes after the delay of
// that direction.
TEST_F(MemoryNetworkTest, BytesArriveAfterTheDelayOfTheirDirection) {
  connect_now();
  network_.set_delay("a", "b", milliseconds(5));
  network_.set_delay("b", "a", milliseconds(20));
  client_.stream_->write("to b");
  server_.stream_->write("to a");
  executor_.run_for(milliseconds(4));
  EXPECT_EQ(server_.received, "");
  executor_.run_for(milliseconds(1));
  EXPECT_EQ(server_.received, "to b");
  EXPECT_EQ(client_.received, "");
  executor_.run_for(milliseconds(15));
  EXPECT_EQ(client_.received, "to a");
}

// Given a direction with jitter, when bytes are written one after the other, then they arrive in
// order, none before the delay and all within delay and jitter.
TEST_F(MemoryNetworkTest, JitterDelaysAndKeepsTheOrder) {
  connect_now();
  network_.set_delay("a", "b", milliseconds(5));
  network_.set_jitter("a", "b", milliseconds(20));
  std::string sent;
  for (char c = 'a'; c <= 'z'; ++c) {
    client_.stream_->write(std::string(1, c));
    sent.push_back(c);
  }
  executor_.run_for(milliseconds(4));
  EXPECT_EQ(server_.received, "");
  executor_.run_for(milliseconds(21));
  EXPECT_EQ(server_.received, sent);
}

// Given a connection, when the machine at one end loses power, then neither end is told, and what
// the other one writes goes nowhere.
TEST_F(MemoryNetworkTest, ADroppedHostVanishesSilently) {
  connect_now();
  network_.drop_host("b");
  client_.stream_->write("lost");
  executor_.run_for(milliseconds(100));
  EXPECT_EQ(server_.received, "");
  EXPECT_EQ(server_.closed, "");
  EXPECT_EQ(client_.closed, "");
  EXPECT_EQ(client_.stream_->unsent(), 0U);
}

// Given nobody listening, when connecting, then it is refused, and not from inside the call.
TEST_F(MemoryNetworkTest, ConnectingToNobodyIsRefused) {
  listener_.reset();
  connect();
  EXPECT_FALSE(answered_);
  executor_.run_for(milliseconds(10));
  EXPECT_TRUE(answered_);
  EXPECT_EQ(connect_status_.code(), Code::unavailable);
}

// Given an attempt that is destroyed, when time passes, then nothing is called.
TEST_F(MemoryNetworkTest, AnAbandonedAttemptIsNeverAnswered) {
  connect();
  connecting_.reset();
  executor_.run_for(milliseconds(10));
  EXPECT_FALSE(answered_);
}

// Given one direction cut, when bytes and an end are sent that way, then they wait for the healing,
// in order, while the other direction works.
TEST_F(MemoryNetworkTest, ACutHoldsOneDirectionUntilHealed) {
  connect_now();
  network_.cut("a", "b");
  client_.stream_->write("held");
  server_.stream_->write("through");
  executor_.run_for(milliseconds(100));
  EXPECT_EQ(server_.received, "");
  EXPECT_EQ(client_.received, "through");
  client_.stream_->close();
  executor_.run_for(milliseconds(100));
  EXPECT_EQ(server_.closed, "");
  network_.heal("a", "b");
  executor_.run_for(milliseconds(1));
  EXPECT_EQ(server_.received, "held");
  EXPECT_EQ(server_.closed, "closed by the peer");
}

// Given a cut, when connecting, then the attempt waits and succeeds after the healing.
TEST_F(MemoryNetworkTest, AnAttemptWaitsForTheHealing) {
  network_.cut("b", "a");
  connect();
  executor_.run_for(milliseconds(100));
  EXPECT_FALSE(answered_);
  network_.heal("b", "a");
  executor_.run_for(milliseconds(10));
  EXPECT_TRUE(answered_ && client_.stream_);
}

// Given pieces of at most 3 bytes, when 100 are written, then all arrive, in order, in many pieces.
TEST_F(MemoryNetworkTest, PiecesArriveInOrder) {
  connect_now();
  network_.set_piece_bytes_max(3);
  std::string sent;
  for (char c = 0; c < 100; ++c) sent.push_back(c);
  client_.stream_->write(sent);
  executor_.run_for(milliseconds(10));
  EXPECT_EQ(server_.received, sent);
  EXPECT_GE(server_.deliveries, 34);
}

// Given a buffer of 10 bytes and a paused reader, when 25 are written, then 15 are unsent; when the
// reader resumes, all arrive and the writer hears on_drained() once.
TEST_F(MemoryNetworkTest, APausedReaderMakesTheWriterKeepBytes) {
  connect_now();
  network_.set_buffer_bytes(10);
  server_.stream_->pause_reading();
  client_.stream_->write(std::string(25, 'x'));
  executor_.run_for(milliseconds(10));
  EXPECT_EQ(client_.stream_->unsent(), 15U);
  EXPECT_EQ(server_.received, "");
  server_.stream_->resume_reading();
  executor_.run_for(milliseconds(10));
  EXPECT_EQ(server_.received, std::string(25, 'x'));
  EXPECT_EQ(client_.stream_->unsent(), 0U);
  EXPECT_EQ(client_.drained, 1);
}

// Given a broken connection, when time passes, then both sides hear of it and lose what was on its
// way.
TEST_F(MemoryNetworkTest, BreakingTellsBothSides) {
  connect_now();
  client_.stream_->write("lost");
  network_.break_connections("b", "a");
  executor_.run_for(milliseconds(10));
  EXPECT_EQ(client_.closed, "connection reset");
  EXPECT_EQ(server_.closed, "connection reset");
  EXPECT_EQ(server_.received, "");
}

// Given a handler that destroys its stream inside on_bytes(), when more bytes are under way, then
// nothing else is called and the other side hears the end.
TEST_F(MemoryNetworkTest, DestroyingInsideOnBytesIsFinal) {
  connect_now();
  network_.set_piece_bytes_max(1);
  server_.close_on_bytes = true;
  client_.stream_->write("abc");
  executor_.run_for(milliseconds(10));
  EXPECT_EQ(server_.received, "a");
  EXPECT_EQ(server_.closed, "");
  EXPECT_EQ(client_.closed, "closed by the peer");
}

// Given a port in use, when listened on again, then refused; and free again when the first is gone.
TEST_F(MemoryNetworkTest, APortHasOneListener) {
  EXPECT_EQ(network_.at("b").listen({"b", 7}, [](auto) {}).status().code(), Code::io_error);
  EXPECT_TRUE(network_.at("a").listen({"a", 7}, [](auto) {}).ok());
  listener_.reset();
  EXPECT_TRUE(network_.at("b").listen({"b", 7}, [](auto) {}).ok());
}

}  // namespace
}  // namespace rabia::io::testing
