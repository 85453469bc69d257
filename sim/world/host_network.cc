#include "sim/world/host_network.h"

#include <utility>

#include "base/check.h"
#include "transport/frame.h"
#include "transport/handshake.h"

namespace rabia::sim {

std::string host_of(const std::string& address) {
  return address.substr(0, address.rfind(':'));
}

class HostNetwork::HostStream final : public io::Stream, public io::StreamHandler {
 public:
  HostStream(HostNetwork& network, std::unique_ptr<io::Stream> below)
      : network_(network),
        below_(std::move(below)),
        road_(network.hooks_.road(host_of(below_->peer_address()))) {}

  // ---- io::Stream, for the process
  void start(io::StreamHandler& handler) override {
    handler_ = &handler;
    below_->start(*this);
  }
  void write(std::string_view bytes) override {
    if (!network_.hooks_.effect()) return;
    if (road_ == nullptr) {
      below_->write(bytes);
    } else {
      send_frames(bytes);
    }
  }
  [[nodiscard]] std::size_t unsent() const override { return below_->unsent(); }
  void pause_reading() override { below_->pause_reading(); }
  void resume_reading() override { below_->resume_reading(); }
  void close() override {
    handler_ = nullptr;
    below_->close();
  }
  [[nodiscard]] std::string peer_address() const override { return below_->peer_address(); }
  [[nodiscard]] std::string local_address() const override { return below_->local_address(); }

  // ---- io::StreamHandler, from the network
  void on_bytes(std::string_view bytes) override {
    if (!network_.executor_.paused()) {
      if (alive()) handler_->on_bytes(bytes);
      return;
    }
    later([bytes = std::string(bytes)](io::StreamHandler& handler) { handler.on_bytes(bytes); });
  }
  void on_drained() override {
    later([](io::StreamHandler& handler) { handler.on_drained(); });
  }
  void on_closed(std::string_view reason) override {
    later(
        [reason = std::string(reason)](io::StreamHandler& handler) { handler.on_closed(reason); });
  }

 private:
  [[nodiscard]] bool alive() const { return handler_ != nullptr && network_.executor_.running(); }

  void later(std::function<void(io::StreamHandler&)> call) {
    network_.executor_.run_now_or_held([this, here = std::weak_ptr(here_), call = std::move(call)] {
      if (!here.expired() && alive()) call(*handler_);
    });
  }

  void send_frames(std::string_view bytes) {
    if (!said_preamble_) {  // It is written in one go with the first frame.
      const std::size_t size = transport::preamble_bytes;
      below_->write(bytes.substr(0, size));
      bytes.remove_prefix(size);
      said_preamble_ = true;
    }
    transport::Frame frame;
    while (true) {
      const auto step = sent_.next(bytes, UINT32_MAX, frame);
      RABIA_CHECK(step != transport::FrameReader::Step::broken);  // It is our own transport.
      if (step == transport::FrameReader::Step::need_more) return;
      road_->send(frame, [this](std::string arriving, base::Duration after) {
        if (after == base::Duration::zero()) {
          below_->write(arriving);
          return;
        }
        // On its way: the life of its sender does not matter any more, but this connection does.
        network_.executor_.schedule_for_the_network(
            network_.executor_.world_now() + after,
            [this, here = std::weak_ptr(here_), arriving = std::move(arriving)] {
              if (!here.expired()) below_->write(arriving);
            });
      });
    }
  }

  HostNetwork& network_;
  std::unique_ptr<io::Stream> below_;
  FrameRoad* road_;
  io::StreamHandler* handler_ = nullptr;
  transport::FrameReader sent_;
  bool said_preamble_ = false;
  std::shared_ptr<bool> here_ = std::make_shared<bool>(true);
};

std::unique_ptr<io::Stream> HostNetwork::wrap(std::unique_ptr<io::Stream> below) {
  return std::make_unique<HostStream>(*this, std::move(below));
}

Result<std::unique_ptr<io::Listener>> HostNetwork::listen(const io::Endpoint& endpoint,
                                                          OnAccept accept) {
  return below_.listen(endpoint, [this, accept = std::move(accept),
                                  life = executor_.life()](std::unique_ptr<io::Stream> stream) {
    auto held = std::make_shared<std::unique_ptr<io::Stream>>(std::move(stream));
    executor_.run_now_or_held([this, accept, life, held] {
      if (executor_.life() == life && executor_.running()) accept(wrap(std::move(*held)));
    });
  });
}

std::unique_ptr<io::Connecting> HostNetwork::connect(const io::Endpoint& endpoint, OnConnect done) {
  // Who destroys the attempt must not be called, also when the answer waits for a resume.
  class Attempt final : public io::Connecting {
   public:
    std::unique_ptr<io::Connecting> below;
    std::shared_ptr<OnConnect> done;
    ~Attempt() override { *done = nullptr; }
  };
  auto attempt = std::make_unique<Attempt>();
  attempt->done = std::make_shared<OnConnect>(std::move(done));
  attempt->below = below_.connect(
      endpoint, [this, done = attempt->done](Result<std::unique_ptr<io::Stream>> result) {
        auto held = std::make_shared<Result<std::unique_ptr<io::Stream>>>(std::move(result));
        executor_.run_now_or_held([this, done, held] {
          if (!executor_.running() || !*done) return;
          const OnConnect call = std::exchange(*done, nullptr);
          if (held->ok()) {
            call(wrap(held->take()));
          } else {
            call(held->status());
          }
        });
      });
  return attempt;
}

}  // namespace rabia::sim
