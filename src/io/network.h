// The seam of the network: byte streams. Production: Asio over TCP. The simulator cuts, delays, and
// half-delivers here. Everything in this file: core thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "rabia/result.h"

namespace rabia::io {

struct Endpoint {
  std::string host;  // A name or a literal address.
  std::uint16_t port = 0;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// "HOST:PORT" (IPv6 literals in brackets).
Result<Endpoint> parse_endpoint(std::string_view text);
std::string to_string(const Endpoint& endpoint);

// Who uses a stream.
class StreamHandler {
 public:
  virtual ~StreamHandler() = default;
  // `bytes` are valid only during the call (they lie in a buffer that all streams share, so an idle
  // stream costs none).
  virtual void on_bytes(std::string_view bytes) = 0;
  // Everything written has been handed to the operating system (after unsent() was above 0).
  virtual void on_drained() = 0;
  // The stream is dead (closed by the peer, or an error): nothing else will be called.
  // The handler may destroy the stream in this call.
  virtual void on_closed(std::string_view reason) = 0;
};

// One connection. Destroying it closes it. After close() or the destructor nothing is called.
// A handler may close() or destroy its stream inside on_bytes() too.
class Stream {
 public:
  virtual ~Stream() = default;
  // Begins to read. `handler` must outlive the stream or its close().
  virtual void start(StreamHandler& handler) = 0;
  // Sends at once what the operating system takes and keeps a copy of the rest, to be sent later.
  // Never calls the handler. Callers bound unsent() themselves. Ignored after the stream died.
  virtual void write(std::string_view bytes) = 0;
  // Bytes kept to be sent.
  [[nodiscard]] virtual std::size_t unsent() const = 0;
  // Stops and resumes reading (bytes stay in the operating system: the peer feels back-pressure).
  // A close by the peer may go unnoticed while paused.
  virtual void pause_reading() = 0;
  virtual void resume_reading() = 0;
  virtual void close() = 0;
  // "1.2.3.4:5678" of the other side and of this side.
  [[nodiscard]] virtual std::string peer_address() const = 0;
  [[nodiscard]] virtual std::string local_address() const = 0;
};

// Accepts until destroyed.
class Listener {
 public:
  virtual ~Listener() = default;
  [[nodiscard]] virtual std::uint16_t port() const = 0;  // The real one when 0 was asked for.
};

// A connection attempt; destroying it gives up (then nothing is called).
class Connecting {
 public:
  virtual ~Connecting() = default;
};

class Network {
 public:
  virtual ~Network() = default;
  using OnAccept = std::function<void(std::unique_ptr<Stream>)>;
  using OnConnect = std::function<void(Result<std::unique_ptr<Stream>>)>;
  // Fails with a message that names the endpoint and the reason.
  virtual Result<std::unique_ptr<Listener>> listen(const Endpoint& endpoint, OnAccept accept) = 0;
  // Calls back once, never from inside this call. The callback may destroy the Connecting.
  virtual std::unique_ptr<Connecting> connect(const Endpoint& endpoint, OnConnect done) = 0;
};

}  // namespace rabia::io
