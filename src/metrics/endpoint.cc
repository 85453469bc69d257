#include "metrics/endpoint.h"

#include <atomic>
#include <chrono>
#include <optional>
#include <utility>

#include "metrics/families.h"
#include "metrics/picture.h"
#include "metrics/status_json.h"

namespace rabia::metrics {
namespace {

// A picture is shown again for so long: however often it is asked for, the core thread has its
// peace.
constexpr base::Duration picture_lasts = std::chrono::milliseconds(100);
// Questions that the core thread has not taken yet.
constexpr int asked_max = 64;

// Either a picture, or why there is none. Immutable once it was gathered.
struct Gathered {
  std::optional<Picture> picture;
  std::string none_because;
};
using GatheredRef = std::shared_ptr<const Gathered>;

io::HttpResponse plain(int status, std::string text) {
  io::HttpResponse response;
  response.status = status;
  response.body = std::move(text) + "\n";
  return response;
}

// What is said on `path` when there is no picture.
io::HttpResponse unavailable(const std::string& path, const std::string& why) {
  if (path == "/readyz") return plain(503, "not ready: " + why);
  return plain(503, why);
}

io::HttpResponse readiness(const replica::ReplicaStatus& status) {
  if (status.serving) return plain(200, "ready");
  return plain(503, "not ready: " + status.not_serving_because);
}

io::HttpResponse response_for(const std::string& path, const Gathered& gathered) {
  if (!gathered.picture) return unavailable(path, gathered.none_because);
  if (path == "/readyz") return readiness(gathered.picture->replica);
  Picture picture = *gathered.picture;
  picture.process = server::read_process_info();
  io::HttpResponse response;
  if (path == "/metrics") {
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = to_text(picture);
  } else {
    response.content_type = "application/json";
    response.body = to_json(picture);
  }
  return response;
}

}  // namespace

// What the core thread may show. Core thread only, but for the count.
struct Endpoint::Shown {
  const replica::Replica* replica = nullptr;
  const server::Server* server = nullptr;
  std::string cluster_id;
  std::string none_because = "the replica is starting";
  std::atomic<int> asked = 0;

  [[nodiscard]] GatheredRef gather() const {
    auto gathered = std::make_shared<Gathered>();
    if (replica == nullptr) {
      gathered->none_because = none_because;
    } else {
      gathered->picture = Picture{.cluster_id = cluster_id,
                                  .replica = replica->status(),
                                  .disk = replica->disk(),
                                  .times = replica->stage_times(),
                                  .server = server->picture(),
                                  .process = {}};
    }
    return gathered;
  }
};

// HTTP thread only.
class Endpoint::Routes : public std::enable_shared_from_this<Routes> {
 public:
  Routes(io::Executor& executor, std::shared_ptr<Shown> shown, base::Duration patience)
      : executor_(executor), shown_(std::move(shown)), patience_(patience) {}

  void handle(const io::HttpRequest& request, const io::HttpReply& reply) {
    const std::string& path = request.path;
    const bool known =
        path == "/metrics" || path == "/healthz" || path == "/readyz" || path == "/v1/status";
    if (!known) {
      return reply(
          [] { return plain(404, "there are /metrics, /healthz, /readyz and /v1/status"); });
    }
    if (request.method != "GET" && request.method != "HEAD") {
      return reply([] {
        io::HttpResponse response = plain(405, "only GET and HEAD are answered");
        response.allow = "GET, HEAD";
        return response;
      });
    }
    if (path == "/healthz") return reply([] { return plain(200, "alive"); });
    answer_with_picture(path, reply);
  }

  [[nodiscard]] io::HttpResponse late(const io::HttpRequest& request) const {
    const auto seconds = std::chrono::duration<double>(patience_).count();
    return unavailable(request.path, "the core thread has not answered within " +
                                         std::to_string(seconds).substr(0, 4) +
                                         " s: the replica is starting, or hangs");
  }

 private:
  void answer_with_picture(const std::string& path, const io::HttpReply& reply) {
    if (last_ && executor_.now() - last_at_ < picture_lasts) {
      return reply([path, gathered = last_] { return response_for(path, *gathered); });
    }
    if (shown_->asked >= asked_max) {
      return reply([path] {
        return unavailable(path, "the core thread has not answered many earlier questions");
      });
    }
    ++shown_->asked;
    executor_.post([shown = shown_, routes = weak_from_this(), path, reply] {
      --shown->asked;
      reply([routes, path, gathered = shown->gather()] {
        if (const auto alive = routes.lock()) alive->remember(gathered);
        return response_for(path, *gathered);
      });
    });
  }

  void remember(const GatheredRef& gathered) {
    last_ = gathered;
    last_at_ = executor_.now();
  }

  io::Executor& executor_;
  std::shared_ptr<Shown> shown_;
  base::Duration patience_;
  GatheredRef last_;
  base::Instant last_at_{};
};

Result<std::unique_ptr<Endpoint>> Endpoint::open(io::Executor& executor,
                                                 const io::HttpOptions& options) {
  auto shown = std::make_shared<Shown>();
  const auto routes = std::make_shared<Routes>(executor, shown, options.answer_within);
  auto http = io::HttpServer::open(
      options,
      {.handle = [routes](const io::HttpRequest& request,
                          const io::HttpReply& reply) { routes->handle(request, reply); },
       .late = [routes](const io::HttpRequest& request) { return routes->late(request); }});
  if (!http.ok()) return http.status();
  return std::unique_ptr<Endpoint>(new Endpoint(std::move(shown), http.take()));
}

Endpoint::Endpoint(std::shared_ptr<Shown> shown, std::unique_ptr<io::HttpServer> http)
    : shown_(std::move(shown)), http_(std::move(http)) {}

Endpoint::~Endpoint() {
  hide();
}

void Endpoint::show(std::string cluster_id, const replica::Replica& replica,
                    const server::Server& server) {
  shown_->cluster_id = std::move(cluster_id);
  shown_->replica = &replica;
  shown_->server = &server;
}

void Endpoint::hide() {
  shown_->replica = nullptr;
  shown_->server = nullptr;
  shown_->none_because = "the replica is stopping";
}

std::uint16_t Endpoint::port() const {
  return http_->port();
}

}  // namespace rabia::metrics
