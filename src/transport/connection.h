// One connection of the transport, from its first byte to its end. Inside the room only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/time.h"
#include "io/executor.h"
#include "io/network.h"
#include "rabia/ids.h"
#include "transport/frame.h"
#include "transport/handshake.h"

namespace rabia::transport {

class Connection;

// How a connection ended without its owner's doing.
enum class End : std::uint8_t {
  lost,           // Closed, broken, or what arrived is not a frame.
  refused_here,   // The other side is not one to talk to; it was told, if it speaks the protocol.
  refused_there,  // The other side says so of us; the reason is its own words.
};

// Who decides about connections. May drop the connection in every call.
class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;
  // The other side's hello: answer with accept() or refuse(), here.
  virtual void on_hello(Connection& connection, const Hello& hello) = 0;
  // Both after accept().
  virtual void on_data(Connection& connection, std::string_view payload) = 0;
  virtual void on_round_trip(Connection& connection, base::Duration round_trip) = 0;
  // It is closed; the last call.
  virtual void on_end(Connection& connection, End end, const std::string& reason) = 0;
};

// Handshake first, then frames; answers pings by itself. Core thread only. Held by shared_ptr, so
// that its owner may drop it from inside any call.
class Connection final : public io::StreamHandler, public std::enable_shared_from_this<Connection> {
 public:
  // What all connections of one transport share; outlives them.
  struct Shared {
    ConnectionOwner& owner;
    io::Executor& executor;
    std::uint64_t frame_bytes_max;
    std::uint64_t queue_bytes_max;
    std::string scratch;  // Where small frames are put together.
  };

  Connection(Shared& shared, std::unique_ptr<io::Stream> stream);

  // Begins to read. A dialler says its hello first.
  void start();
  void say_hello(const Hello& hello);
  // Frames may follow in both directions.
  void accept();
  // Tells the other side why, then closes.
  void refuse(std::string_view reason);
  // Nothing is called afterwards.
  void close();

  // False, and nothing done, when the queue has no room.
  bool send(FrameType type, std::string_view payload);
  void ping();

  // When bytes last arrived, whatever they were.
  [[nodiscard]] base::Instant last_heard() const { return last_heard_; }
  // Silence counts from `now` on: it was this process that did not listen.
  void forgive_silence(base::Instant now) { last_heard_ = now; }
  [[nodiscard]] std::string address() const { return stream_->peer_address(); }

  void on_bytes(std::string_view bytes) override;
  void on_drained() override {}
  void on_closed(std::string_view reason) override;

 private:
  enum class Phase : std::uint8_t { preamble, hello, frames, closed };

  bool take_preamble(std::string_view& bytes);
  void take_frame(const Frame& frame);
  void take_hello(std::string_view payload);
  void take_pong(std::string_view payload);
  void refuse_by_itself(const std::string& reason);
  void end(End end, const std::string& reason);

  Shared& shared_;
  std::unique_ptr<io::Stream> stream_;
  Phase phase_ = Phase::preamble;
  bool said_preamble_ = false;
  base::Instant started_;
  base::Instant last_heard_;
  std::string seen_preamble_;
  FrameReader reader_;
};

}  // namespace rabia::transport
