// /metrics, /healthz, /readyz and /v1/status of one replica, over HTTP.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "io/executor.h"
#include "io/http_server.h"
#include "rabia/result.h"
#include "replica/replica.h"
#include "server/server.h"

namespace rabia::metrics {

// The core thread gathers a picture when one is asked for (some microseconds, ten times a second at
// most); all else is done on the HTTP thread, which answers also when the core thread does not.
// Core thread only.
class Endpoint {
 public:
  // `executor` outlives it. Fails when the address cannot be listened on.
  static Result<std::unique_ptr<Endpoint>> open(io::Executor& executor,
                                                const io::HttpOptions& options);
  ~Endpoint();
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  // Until then it says that the replica is starting. Both must live until hide() or the end.
  void show(std::string cluster_id, const replica::Replica& replica, const server::Server& server);
  // From now on it says that the replica is stopping.
  void hide();
  [[nodiscard]] std::uint16_t port() const;

 private:
  class Routes;
  struct Shown;

  Endpoint(std::shared_ptr<Shown> shown, std::unique_ptr<io::HttpServer> http);

  std::shared_ptr<Shown> shown_;
  std::unique_ptr<io::HttpServer> http_;
};

}  // namespace rabia::metrics
