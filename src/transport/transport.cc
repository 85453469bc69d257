#include "transport/transport.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <set>
#include <unordered_set>
#include <utility>

#include "base/check.h"
#include "base/hash.h"
#include "io/log.h"
#include "transport/connection.h"
#include "transport/dialer.h"

namespace rabia::transport {
namespace {

constexpr std::size_t remembered_refusals_max = 4096;

// Says which events are news. Bounded: beyond so many different ones all are counted, none logged.
class SeenOnce {
 public:
  bool first(std::string_view address, std::string_view reason) {
    if (seen_.size() >= remembered_refusals_max) return false;
    return seen_.insert(base::hash64(reason, base::hash64(address))).second;
  }

 private:
  std::unordered_set<std::uint64_t> seen_;
};

// "1.2.3.4:5678" without the port, which changes with every inbound connection.
std::string_view host_of(std::string_view address) {
  return address.substr(0, std::min(address.rfind(':'), address.size()));
}

// What is remembered of one peer across its connections.
struct Link {
  Peer peer;
  Transport::PeerStats stats;
  std::shared_ptr<Connection> connection;  // Null while it is down.
  std::unique_ptr<Dialer> dialer;          // Null when the peer is the one who dials.
  base::Instant up_since;
  std::uint64_t incarnation_said = 0;
};

// A connection whose other side has not said its hello.
struct Greeting {
  std::shared_ptr<Connection> connection;
  base::Instant deadline;
  Link* dialled = nullptr;  // Null: it came in.
};

Status check_id(ReplicaId self, ReplicaId peer) {
  if (peer.value == 0) return {Code::invalid_argument, "a member's id is from 1 to 65535"};
  if (peer != self) return {};
  return {Code::invalid_argument, "member " + std::to_string(peer.value) +
                                      " is this replica itself: it cannot be its own peer"};
}

Status check(const TransportOptions& options) {
  const auto invalid = [](const char* message) { return Status{Code::invalid_argument, message}; };
  if (!is_valid_cluster_id(options.cluster_id)) return invalid("the cluster id is not a valid one");
  std::set<ReplicaId> ids{options.self, ReplicaId{0}};
  if (ids.size() != 2) return invalid("a member id is from 1 to 65535");
  for (const Peer& peer : options.peers) {
    if (!ids.insert(peer.id).second) {
      return invalid("the members' ids must differ, and are from 1 to 65535");
    }
  }
  if (options.frame_bytes_max < handshake_payload_bytes_max ||
      options.frame_bytes_max > UINT32_MAX ||
      options.queue_bytes_max < options.frame_bytes_max + frame_header_bytes) {
    return invalid("a frame must have room for a handshake, and the queue for a frame");
  }
  if (options.heartbeat_every <= base::Duration::zero() ||
      options.silent_after <= options.heartbeat_every ||
      options.redial_first <= base::Duration::zero() ||
      options.redial_last < options.redial_first) {
    return invalid("silence must be longer than a heartbeat, and waits longer than nothing");
  }
  return {};
}

class TransportImpl final : public Transport, private ConnectionOwner {
 public:
  TransportImpl(io::Executor& executor, io::Network& network, TransportOptions options,
                Callbacks callbacks)
      : executor_(executor),
        network_(network),
        options_(std::move(options)),
        callbacks_(std::move(callbacks)),
        shared_{*this, executor, options_.frame_bytes_max, options_.queue_bytes_max, {}},
        life_(io::random_number(executor)),
        heartbeat_(executor.make_timer([this] { on_heartbeat(); })),
        tell_removals_(executor.make_timer([this] { tell_removals(); })) {
    for (const Peer& peer : options_.peers) links_.push_back(make_link(peer));
  }
  ~TransportImpl() override {
    for (const Greeting& greeting : greetings_) greeting.connection->close();
    for (const auto& link : links_) {
      if (link->connection) link->connection->close();
    }
  }
  TransportImpl(const TransportImpl&) = delete;
  TransportImpl& operator=(const TransportImpl&) = delete;

  Status begin() {
    auto listening = network_.listen(
        options_.listen, [this](std::unique_ptr<io::Stream> s) { on_accept(std::move(s)); });
    if (!listening.ok()) return listening.status();
    listener_ = listening.take();
    for (const auto& link : links_) {
      if (link->dialer) link->dialer->dial();
    }
    last_heartbeat_ = executor_.now();
    heartbeat_->arm(last_heartbeat_ + options_.heartbeat_every);
    return {};
  }

  void send(ReplicaId to, std::string_view payload) override {
    Link* const link = find(to);
    if (link == nullptr) return;
    if (link->connection && link->connection->send(FrameType::data, payload)) {
      ++link->stats.frames_sent;
      link->stats.bytes_sent += frame_header_bytes + payload.size();
    } else {
      ++link->stats.frames_dropped;
    }
  }
  Status add_peer(Peer peer) override {
    if (Status status = check_id(options_.self, peer.id); !status.ok()) return status;
    Link* link = find(peer.id);
    if (link == nullptr) {
      link = links_.emplace_back(make_link(peer)).get();
    } else if (link->peer.address == peer.address) {
      return {};
    } else {
      disconnect(*link, "its address is another one now");
      link->peer.address = std::move(peer.address);
      link->dialer = make_dialer(*link);
    }
    if (link->dialer) link->dialer->dial();
    return {};
  }
  void remove_peer(ReplicaId peer) override {
    Link* const link = find(peer);
    if (link == nullptr) return;
    disconnect(*link, "no longer a member");
    std::erase_if(links_, [&](const auto& each) { return each.get() == link; });
  }
  [[nodiscard]] std::optional<io::Endpoint> address_of(ReplicaId peer) const override {
    const Link* const link = find(peer);
    if (link == nullptr) return std::nullopt;
    return link->peer.address;
  }
  void set_incarnation(std::uint64_t incarnation) override { incarnation_ = incarnation; }
  void suspend(std::string reason) override {
    suspended_because_ = std::move(reason);
    for (const Greeting& greeting : std::exchange(greetings_, {})) greeting.connection->close();
    for (const auto& link : links_) {
      if (link->connection) take_down(*link, suspended_because_);
      if (link->dialer) link->dialer->stop();
    }
  }
  void resume() override {
    if (std::exchange(suspended_because_, {}).empty()) return;
    for (const auto& link : links_) {
      if (link->dialer) link->dialer->dial();
    }
  }
  [[nodiscard]] bool up(ReplicaId peer) const override {
    const Link* const link = find(peer);
    return link != nullptr && link->connection != nullptr;
  }
  [[nodiscard]] std::vector<PeerStats> stats() const override {
    std::vector<PeerStats> all;
    for (const auto& link : links_) all.push_back(link->stats);
    return all;
  }
  [[nodiscard]] std::uint64_t refused() const override { return refused_; }
  [[nodiscard]] std::uint16_t port() const override { return listener_->port(); }

 private:
  std::unique_ptr<Link> make_link(const Peer& peer) {
    auto link = std::make_unique<Link>();
    link->peer = peer;
    link->stats.id = peer.id;
    link->dialer = make_dialer(*link);
    return link;
  }

  // Null when the peer is the one who dials. Calls back with this link: it ends with the link.
  std::unique_ptr<Dialer> make_dialer(Link& link) {
    if (options_.self < link.peer.id) return nullptr;
    return std::make_unique<Dialer>(
        executor_, network_,
        Dialer::Options{link.peer.address, options_.redial_first, options_.redial_last,
                        options_.handshake_within},
        [this, &link](std::unique_ptr<io::Stream> stream) { on_dialled(link, std::move(stream)); });
  }

  void on_accept(std::unique_ptr<io::Stream> stream) {
    const auto is_inbound = [](const Greeting& greeting) { return greeting.dialled == nullptr; };
    const auto inbound = std::count_if(greetings_.begin(), greetings_.end(), is_inbound);
    if (static_cast<std::size_t>(inbound) >= options_.pending_handshakes_max) {
      note_refusal(stream->peer_address(), "too many connections without a handshake");
      return;
    }
    greet(std::move(stream), nullptr);
  }

  void on_dialled(Link& link, std::unique_ptr<io::Stream> stream) {
    greet(std::move(stream), &link)->say_hello(hello_to(link.peer.id));
  }

  std::shared_ptr<Connection> greet(std::unique_ptr<io::Stream> stream, Link* dialled) {
    auto connection = std::make_shared<Connection>(shared_, std::move(stream));
    greetings_.push_back({connection, executor_.now() + options_.handshake_within, dialled});
    connection->start();
    return connection;
  }

  [[nodiscard]] Hello hello_to(ReplicaId receiver) const {
    return {options_.cluster_id, options_.self, receiver, incarnation_, life_};
  }

  void on_hello(Connection& connection, const Hello& theirs) override {
    tell_removals();  // Before the same peer comes up again.
    const auto greeting = take_greeting(connection);
    if (!greeting) return;  // Closed: who was told has removed its peer.
    if (const auto reason = judge(*greeting, theirs)) {
      note_refusal(connection.address(), *reason);
      connection.refuse(*reason);
      if (greeting->dialled != nullptr) greeting->dialled->dialer->dial_again({});
      return;
    }
    if (greeting->dialled == nullptr) connection.say_hello(hello_to(theirs.sender));
    connection.accept();
    bring_up(greeting->connection, theirs);
  }

  [[nodiscard]] std::optional<std::string> judge(const Greeting& greeting,
                                                 const Hello& theirs) const {
    if (auto reason = reason_to_refuse(hello_to(theirs.sender), theirs)) return reason;
    const std::string sender = "member " + std::to_string(theirs.sender.value);
    const Link* const link = find(theirs.sender);
    if (link == nullptr) return sender + " is not one of the members: not added yet, or removed";
    if (greeting.dialled != nullptr) {
      if (greeting.dialled != link) return sender + " answers at another member's address";
    } else if (link->dialer) {
      return sender + " must not dial: the greater id does";
    }
    if (!suspended_because_.empty()) return suspended_because_;
    return std::nullopt;
  }

  void bring_up(std::shared_ptr<Connection> connection, const Hello& theirs) {
    Link* link = find(theirs.sender);
    if (link->connection) {
      // The old one is half open: its peer would not have come again otherwise.
      take_down(*link, "replaced by a new connection");
      link = find(theirs.sender);
      if (link == nullptr) {  // Who was told has removed it.
        connection->close();
        return;
      }
    }
    io::log(io::Level::info, "transport", "peer up",
            {{"peer", link->peer.id},
             {"address", connection->address()},
             {"incarnation", theirs.incarnation},
             {"life", theirs.life}});
    link->connection = std::move(connection);
    link->incarnation_said = theirs.incarnation;
    link->up_since = executor_.now();
    link->stats.up = true;
    ++link->stats.connects;
    link->stats.refused_because.clear();
    if (link->dialer) link->dialer->forget_reports();
    if (callbacks_.peer_up) callbacks_.peer_up(link->peer.id);
  }

  // The link may be gone afterwards: who is told may remove its peer.
  void take_down(Link& link, std::string_view reason) {
    close(link, reason);
    if (link.dialer) link.dialer->dial_again(executor_.now() - link.up_since);
    if (callbacks_.peer_down) callbacks_.peer_down(link.peer.id);
  }

  static void close(Link& link, std::string_view reason) {
    std::exchange(link.connection, nullptr)->close();
    link.stats.up = false;
    io::log(io::Level::info, "transport", "peer down",
            {{"peer", link.peer.id}, {"reason", reason}});
  }

  // Ends all that goes on for the link, from inside a call of the interface: tells nobody yet.
  void disconnect(Link& link, std::string_view reason) {
    std::erase_if(greetings_, [&](const Greeting& greeting) {
      if (greeting.dialled != &link) return false;
      greeting.connection->close();
      return true;
    });
    if (!link.connection) return;
    close(link, reason);
    removals_.push_back(link.peer.id);
    tell_removals_->arm(executor_.now());
  }

  // Who is told may remove more.
  void tell_removals() {
    while (!removals_.empty()) {
      const ReplicaId peer = removals_.front();
      removals_.pop_front();
      if (callbacks_.peer_down) callbacks_.peer_down(peer);
    }
  }

  void on_data(Connection& connection, std::string_view payload) override {
    Link& link = link_of(connection);
    ++link.stats.frames_received;
    link.stats.bytes_received += frame_header_bytes + payload.size();
    if (callbacks_.received) callbacks_.received(link.peer.id, payload);
  }

  void on_round_trip(Connection& connection, base::Duration round_trip) override {
    Link& link = link_of(connection);
    link.stats.round_trip = round_trip;
    if (callbacks_.round_trip) callbacks_.round_trip(link.peer.id, round_trip);
  }

  void on_end(Connection& connection, End end, const std::string& reason) override {
    const std::string address = connection.address();
    if (end == End::refused_here) note_refusal(address, reason);
    if (end == End::refused_there && seen_.first(host_of(address), reason)) {
      io::log(io::Level::warning, "transport", "refused by peer",
              {{"address", address}, {"reason", reason}});
    }
    if (const auto greeting = take_greeting(connection)) {
      if (greeting->dialled == nullptr) return;
      if (end == End::lost) greeting->dialled->dialer->report(reason);
      if (end == End::refused_there) greeting->dialled->stats.refused_because = reason;
      greeting->dialled->dialer->dial_again({});
    } else {
      take_down(link_of(connection), reason);
    }
  }

  void note_refusal(const std::string& address, const std::string& reason) {
    ++refused_;
    if (!seen_.first(host_of(address), reason)) return;
    io::log(io::Level::warning, "transport", "refused a connection",
            {{"address", address}, {"reason", reason}});
  }

  // Runs every heartbeat_every: pings, and ends what has been waited for in vain.
  void on_heartbeat() {
    const base::Instant now = executor_.now();
    // After a pause of this process its input has not been read yet: that is not the peers'
    // silence.
    const bool paused = now - last_heartbeat_ > 2 * options_.heartbeat_every;
    last_heartbeat_ = now;
    heartbeat_->arm(now + options_.heartbeat_every);
    // By their ids: who is told of what this finds may add and remove peers.
    for (const PeerStats& peer : stats()) {
      Link* const link = find(peer.id);
      if (link != nullptr && link->connection) tend(*link, now, paused);
    }
    end_late_greetings(now, paused);
  }

  void tend(Link& link, base::Instant now, bool paused) {
    if (paused) link.connection->forgive_silence(now);
    const bool other_incarnation =
        incarnation_ != 0 && link.incarnation_said != 0 && link.incarnation_said != incarnation_;
    if (other_incarnation) {
      take_down(link, "other incarnation of the cluster");
    } else if (now - link.connection->last_heard() >= options_.silent_after) {
      take_down(link, "silent");
    } else {
      link.connection->ping();
    }
  }

  void end_late_greetings(base::Instant now, bool paused) {
    std::vector<Greeting> late;
    for (Greeting& greeting : greetings_) {
      if (paused) greeting.deadline = now + options_.handshake_within;
      if (greeting.deadline <= now) late.push_back(greeting);
    }
    for (const Greeting& greeting : late) {
      take_greeting(*greeting.connection);
      greeting.connection->close();
      if (greeting.dialled != nullptr) {
        greeting.dialled->dialer->report("no answer to the hello");
        greeting.dialled->dialer->dial_again({});
      } else {
        note_refusal(greeting.connection->address(), "no hello in time");
      }
    }
  }

  std::optional<Greeting> take_greeting(const Connection& connection) {
    const auto found = std::find_if(
        greetings_.begin(), greetings_.end(),
        [&](const Greeting& greeting) { return greeting.connection.get() == &connection; });
    if (found == greetings_.end()) return std::nullopt;
    Greeting taken = std::move(*found);
    greetings_.erase(found);
    return taken;
  }

  [[nodiscard]] Link* find(ReplicaId id) const {
    for (const auto& link : links_) {
      if (link->peer.id == id) return link.get();
    }
    return nullptr;
  }
  [[nodiscard]] Link& link_of(const Connection& connection) const {
    for (const auto& link : links_) {
      if (link->connection.get() == &connection) return *link;
    }
    RABIA_CHECK(!"a connection that is neither greeting nor a link");
    return *links_.front();
  }

  io::Executor& executor_;
  io::Network& network_;
  const TransportOptions options_;  // Its peers are those at the start: links_ has today's.
  const Callbacks callbacks_;
  Connection::Shared shared_;
  const std::uint64_t life_;
  std::uint64_t incarnation_ = 0;
  std::uint64_t refused_ = 0;
  std::string suspended_because_;  // Empty: it is not.
  SeenOnce seen_;
  std::vector<std::unique_ptr<Link>> links_;
  std::vector<Greeting> greetings_;
  std::unique_ptr<io::Listener> listener_;
  base::Instant last_heartbeat_;
  std::unique_ptr<io::Timer> heartbeat_;
  std::deque<ReplicaId> removals_;  // Links that were up: peer_down is still to be told.
  std::unique_ptr<io::Timer> tell_removals_;
};

}  // namespace

Result<std::unique_ptr<Transport>> Transport::open(io::Executor& executor, io::Network& network,
                                                   TransportOptions options, Callbacks callbacks) {
  if (Status status = check(options); !status.ok()) return status;
  auto transport =
      std::make_unique<TransportImpl>(executor, network, std::move(options), std::move(callbacks));
  if (Status status = transport->begin(); !status.ok()) return status;
  return {std::unique_ptr<Transport>(std::move(transport))};
}

}  // namespace rabia::transport
