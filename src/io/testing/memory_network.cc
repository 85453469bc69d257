#include "io/testing/memory_network.h"

#include <algorithm>
#include <deque>
#include <optional>

namespace rabia::io::testing {

// One side of a connection: what this side has written and the link does not take yet, and what
// the other side has sent and is on its way here.
class MemoryEnd : public std::enable_shared_from_this<MemoryEnd> {
 public:
  MemoryEnd(MemoryNetwork& network, Endpoint local, Endpoint remote)
      : network_(network), local_(std::move(local)), remote_(std::move(remote)) {}

  void connect_to(const std::shared_ptr<MemoryEnd>& other) { other_ = other; }

  void start(StreamHandler& handler) {
    handler_ = &handler;
    deliver_later();
  }
  void pause(bool paused) {
    paused_ = paused;
    deliver_later();
  }

  void write(std::string_view bytes) {
    if (!open_) return;
    unsent_.append(bytes);
    push();
  }

  void close() {
    handler_ = nullptr;
    if (!open_) return;
    die();
    if (const auto other = other_.lock()) {
      other->arrive({network_.executor_.now() + network_.delay(outward()), {}, true});
    }
  }

  void reset() {
    if (!open_) return;
    die();
    network_.executor_.post([self = shared_from_this()] { self->report("connection reset"); });
  }

  void vanish() {
    handler_ = nullptr;
    die();
  }

  // Something may have become deliverable: resumed, healed, arrived.
  void deliver_later() {
    if (event_ || !deliverable()) return;
    event_ = network_.executor_.schedule(inbox_.front().when, [self = shared_from_this()] {
      self->event_.reset();
      self->deliver();
    });
  }

  [[nodiscard]] std::size_t unsent() const { return unsent_.size(); }
  [[nodiscard]] const Endpoint& local() const { return local_; }
  [[nodiscard]] const Endpoint& remote() const { return remote_; }

 private:
  struct Piece {
    base::Instant when;
    std::string bytes;
    bool end;  // The other side has closed.
  };

  [[nodiscard]] MemoryNetwork::Direction outward() const { return {local_.host, remote_.host}; }
  [[nodiscard]] MemoryNetwork::Direction inward() const { return {remote_.host, local_.host}; }
  [[nodiscard]] bool deliverable() const {
    return open_ && handler_ != nullptr && !paused_ && !inbox_.empty() &&
           !network_.is_cut(inward());
  }

  // Hands to the link what it takes.
  void push() {
    const auto other = other_.lock();
    if (!other || !other->open_) {  // Into the void, until the news of the end arrives.
      unsent_.clear();
      return;
    }
    const std::size_t room =
        network_.buffer_bytes_ - std::min(network_.buffer_bytes_, other->inbox_bytes_);
    const std::size_t size = std::min(room, unsent_.size());
    if (size == 0) return;
    other->arrive(
        {network_.executor_.now() + network_.delay(outward()), unsent_.substr(0, size), false});
    unsent_.erase(0, size);
  }

  void arrive(Piece piece) {
    if (!inbox_.empty()) piece.when = std::max(piece.when, inbox_.back().when);
    inbox_bytes_ += piece.bytes.size();
    inbox_.push_back(std::move(piece));
    deliver_later();
  }

  void deliver() {
    if (!deliverable() || inbox_.front().when > network_.executor_.now()) {
      deliver_later();
      return;
    }
    if (inbox_.front().end) {
      die();
      report("closed by the peer");
      return;
    }
    const std::string bytes = take_piece();
    handler_->on_bytes(bytes);
    if (const auto other = other_.lock()) other->room_was_made();
    deliver_later();
  }

  std::string take_piece() {
    Piece& front = inbox_.front();
    std::size_t size = front.bytes.size();
    if (size > network_.piece_bytes_max_ || network_.piece_bytes_max_ < 1024) {
      size = std::min<std::size_t>(size, 1 + network_.random_.below(network_.piece_bytes_max_));
    }
    std::string bytes = front.bytes.substr(0, size);
    front.bytes.erase(0, size);
    inbox_bytes_ -= size;
    if (front.bytes.empty()) inbox_.pop_front();
    return bytes;
  }

  void room_was_made() {
    if (!open_ || unsent_.empty()) return;
    push();
    if (!unsent_.empty()) return;
    network_.executor_.post([self = shared_from_this()] {
      if (self->handler_ != nullptr && self->unsent_.empty()) self->handler_->on_drained();
    });
  }

  void die() {
    open_ = false;
    unsent_.clear();
    inbox_.clear();
    inbox_bytes_ = 0;
  }

  void report(std::string_view reason) {
    if (StreamHandler* handler = std::exchange(handler_, nullptr)) handler->on_closed(reason);
  }

  MemoryNetwork& network_;
  Endpoint local_;
  Endpoint remote_;
  std::weak_ptr<MemoryEnd> other_;
  StreamHandler* handler_ = nullptr;
  bool open_ = true;
  bool paused_ = false;
  std::string unsent_;
  std::deque<Piece> inbox_;
  std::size_t inbox_bytes_ = 0;
  std::optional<ManualExecutor::EventId> event_;
};

// An attempt to connect, until it is answered or given up.
class MemoryAttempt : public std::enable_shared_from_this<MemoryAttempt> {
 public:
  MemoryAttempt(MemoryNetwork& network, std::string from, Endpoint to, Network::OnConnect done)
      : network_(network), from_(std::move(from)), to_(std::move(to)), done_(std::move(done)) {}

  void begin() {
    const base::Duration round_trip =
        network_.delay({from_, to_.host}) + network_.delay({to_.host, from_});
    network_.executor_.schedule(network_.executor_.now() + round_trip,
                                [self = shared_from_this()] { self->arrive(); });
  }
  void abandon() { done_ = nullptr; }

 private:
  void arrive() {
    if (!done_) return;
    if (network_.is_cut({from_, to_.host}) || network_.is_cut({to_.host, from_})) {
      network_.stalled_.push_back(weak_from_this());
      return;
    }
    const Network::OnConnect done = std::exchange(done_, nullptr);
    const auto listener = network_.listeners_.find({to_.host, to_.port});
    if (listener == network_.listeners_.end()) {
      done(Status{Code::unavailable, "connect to " + to_string(to_) + ": connection refused"});
      return;
    }
    const auto accept = listener->second;  // The callback may destroy its listener.
    done(network_.open_pair(from_, to_, *accept));
  }

  MemoryNetwork& network_;
  std::string from_;
  Endpoint to_;
  Network::OnConnect done_;
};

namespace {

class MemoryStream final : public Stream {
 public:
  explicit MemoryStream(std::shared_ptr<MemoryEnd> end) : end_(std::move(end)) {}
  ~MemoryStream() override { end_->close(); }
  MemoryStream(const MemoryStream&) = delete;
  MemoryStream& operator=(const MemoryStream&) = delete;

  void start(StreamHandler& handler) override { end_->start(handler); }
  void write(std::string_view bytes) override { end_->write(bytes); }
  [[nodiscard]] std::size_t unsent() const override { return end_->unsent(); }
  void pause_reading() override { end_->pause(true); }
  void resume_reading() override { end_->pause(false); }
  void close() override { end_->close(); }
  [[nodiscard]] std::string peer_address() const override { return to_string(end_->remote()); }
  [[nodiscard]] std::string local_address() const override { return to_string(end_->local()); }

 private:
  std::shared_ptr<MemoryEnd> end_;
};

class MemoryConnecting final : public Connecting {
 public:
  explicit MemoryConnecting(std::shared_ptr<MemoryAttempt> attempt) : attempt_(std::move(attempt)) {
    attempt_->begin();
  }
  ~MemoryConnecting() override { attempt_->abandon(); }
  MemoryConnecting(const MemoryConnecting&) = delete;
  MemoryConnecting& operator=(const MemoryConnecting&) = delete;

 private:
  std::shared_ptr<MemoryAttempt> attempt_;
};

}  // namespace

class MemoryNetwork::PortListener final : public Listener {
 public:
  PortListener(MemoryNetwork& network, std::string host, std::uint16_t port)
      : network_(network), host_(std::move(host)), port_(port) {}
  ~PortListener() override { network_.listeners_.erase({host_, port_}); }
  PortListener(const PortListener&) = delete;
  PortListener& operator=(const PortListener&) = delete;

  [[nodiscard]] std::uint16_t port() const override { return port_; }

 private:
  MemoryNetwork& network_;
  std::string host_;
  std::uint16_t port_;
};

class MemoryNetwork::Host final : public Network {
 public:
  Host(MemoryNetwork& network, std::string name) : network_(network), name_(std::move(name)) {}

  Result<std::unique_ptr<Listener>> listen(const Endpoint& endpoint, OnAccept accept) override {
    const std::uint16_t port = endpoint.port != 0 ? endpoint.port : network_.next_port_++;
    const bool free = network_.listeners_
                          .try_emplace({name_, port}, std::make_shared<OnAccept>(std::move(accept)))
                          .second;
    if (!free) {
      return {Code::io_error, "listen on " + to_string(endpoint) + ": address already in use"};
    }
    return {std::make_unique<PortListener>(network_, name_, port)};
  }

  std::unique_ptr<Connecting> connect(const Endpoint& endpoint, OnConnect done) override {
    return std::make_unique<MemoryConnecting>(
        std::make_shared<MemoryAttempt>(network_, name_, endpoint, std::move(done)));
  }

 private:
  MemoryNetwork& network_;
  std::string name_;
};

MemoryNetwork::MemoryNetwork(ManualExecutor& executor, std::uint64_t seed)
    : executor_(executor), random_(seed) {}
MemoryNetwork::~MemoryNetwork() = default;

Network& MemoryNetwork::at(const std::string& host) {
  auto& entry = hosts_[host];
  if (!entry) entry = std::make_unique<Host>(*this, host);
  return *entry;
}

void MemoryNetwork::set_delay(const std::string& from, const std::string& to,
                              base::Duration delay) {
  links_[{from, to}].delay = delay;
}

void MemoryNetwork::set_jitter(const std::string& from, const std::string& to,
                               base::Duration jitter) {
  links_[{from, to}].jitter = jitter;
}

void MemoryNetwork::cut(const std::string& from, const std::string& to) {
  links_[{from, to}].cut = true;
}

void MemoryNetwork::heal(const std::string& from, const std::string& to) {
  links_[{from, to}].cut = false;
  for (const auto& weak : ends_) {
    if (const auto end = weak.lock()) end->deliver_later();
  }
  for (const auto& weak : std::exchange(stalled_, {})) {
    if (const auto attempt = weak.lock()) attempt->begin();
  }
}

void MemoryNetwork::break_connections(const std::string& a, const std::string& b) {
  for (const auto& weak : ends_) {
    const auto end = weak.lock();
    if (!end) continue;
    const Direction hosts{end->local().host, end->remote().host};
    if (hosts == Direction{a, b} || hosts == Direction{b, a}) end->reset();
  }
}

void MemoryNetwork::drop_host(const std::string& host) {
  for (const auto& weak : ends_) {
    const auto end = weak.lock();
    if (end && end->local().host == host) end->vanish();
  }
}

base::Duration MemoryNetwork::delay(const Direction& direction) {
  const auto found = links_.find(direction);
  if (found == links_.end()) return default_delay_;
  const Link& link = found->second;
  const base::Duration delay = link.delay >= base::Duration::zero() ? link.delay : default_delay_;
  if (link.jitter == base::Duration::zero()) return delay;
  const auto most = static_cast<std::uint64_t>(link.jitter.count());
  return delay + base::Duration(static_cast<std::int64_t>(random_.below(most + 1)));
}

bool MemoryNetwork::is_cut(const Direction& direction) const {
  const auto link = links_.find(direction);
  return link != links_.end() && link->second.cut;
}

std::unique_ptr<Stream> MemoryNetwork::open_pair(const std::string& from, const Endpoint& to,
                                                 const Network::OnAccept& accept) {
  const Endpoint source{from, next_port_++};
  auto near = std::make_shared<MemoryEnd>(*this, source, to);
  auto far = std::make_shared<MemoryEnd>(*this, to, source);
  near->connect_to(far);
  far->connect_to(near);
  std::erase_if(ends_, [](const auto& weak) { return weak.expired(); });
  ends_.push_back(near);
  ends_.push_back(far);
  accept(std::make_unique<MemoryStream>(std::move(far)));
  return std::make_unique<MemoryStream>(std::move(near));
}

}  // namespace rabia::io::testing
