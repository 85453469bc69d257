// HTTP on a thread of its own: for what people and monitoring ask, beside the work of the core
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/time.h"
#include "io/executor.h"
#include "io/network.h"
#include "rabia/result.h"

namespace rabia::io {

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body{};
  std::string allow{};  // Of a 405: the methods that there are.
};

struct HttpRequest {
  std::string method;
  std::string path;  // Without what follows a '?'.
};

// Takes the answer of one request. May be called on any thread, and be kept for ever; after the
// first call, or when the client is gone, it does nothing. `make` is called on the HTTP thread.
using HttpReply = std::function<void(std::function<HttpResponse()> make)>;

struct HttpOptions {
  Endpoint listen{};
  std::size_t connections_max = 64;  // One more, and the oldest is closed.
  std::uint32_t request_bytes_max = 8U << 10;
  base::Duration read_within = std::chrono::seconds(5);    // The whole request.
  base::Duration answer_within = std::chrono::seconds(1);  // Then `late` answers.
  base::Duration write_within = std::chrono::seconds(5);   // The whole response.
};

// One request a connection. Its thread lets the others of the machine go first. Create, use and
// destroy it on one thread.
class HttpServer {
 public:
  // Both are called on the HTTP thread. `handle` must not block.
  struct Handlers {
    std::function<void(const HttpRequest&, HttpReply)> handle;
    std::function<HttpResponse(const HttpRequest&)> late;
  };
  // Listens at once. Fails with a message that names the endpoint and the reason.
  static Result<std::unique_ptr<HttpServer>> open(const HttpOptions& options, Handlers handlers);
  // Ends the thread; waits for the call in hand.
  virtual ~HttpServer() = default;
  [[nodiscard]] virtual std::uint16_t port() const = 0;  // The real one when 0 was asked for.
};

}  // namespace rabia::io
