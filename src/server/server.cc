#include "server/server.h"

#include <algorithm>
#include <utility>

#include "io/log.h"
#include "server/server_state.h"
#include "server/session.h"

namespace rabia::server {
namespace {

constexpr std::string_view too_many_clients = "-ERR max number of clients reached\r\n";

// Entries of cleared stores that are freed in one turn of the loop, and how often we look for some.
constexpr std::uint64_t reclaimed_entries = 1000;
constexpr base::Duration reclaim_next = std::chrono::milliseconds(1);
constexpr base::Duration reclaim_idle = std::chrono::milliseconds(200);
constexpr base::Duration offer_again = std::chrono::seconds(1);
constexpr base::Duration sample_every = std::chrono::milliseconds(200);

Status check(const ServerOptions& options) {
  const auto refuse = [](const char* why) { return Status(Code::invalid_argument, why); };
  if (options.key_bytes_max > options.value_bytes_max) {
    return refuse("key_bytes_max must not be above value_bytes_max");
  }
  if (options.value_bytes_max > options.command_bytes_max) {
    return refuse("value_bytes_max must not be above command_bytes_max");
  }
  if (options.value_bytes_max > kv::Store::value_bytes_max) {
    return refuse("value_bytes_max must not be above 512 MiB");
  }
  if (options.output_bytes_pause > options.output_bytes_max) {
    return refuse("output_bytes_pause must not be above output_bytes_max");
  }
  return {};
}

class RespServer final : public Server {
 public:
  RespServer(const Environment& environment, ServerOptions options)
      : state_(environment, std::move(options)),
        reclaim_timer_(environment.executor.make_timer([this] { reclaim(); })),
        offer_timer_(environment.executor.make_timer([this] { offer(); })) {}

  Status listen(io::Network& network) {
    auto listener = network.listen(state_.options.listen,
                                   [this](std::unique_ptr<io::Stream> s) { accept(std::move(s)); });
    if (!listener.ok()) return listener.status();
    listener_ = listener.take();
    state_.port = listener_->port();
    reclaim_timer_->arm(state_.executor.now() + reclaim_idle);
    return {};
  }

  [[nodiscard]] std::uint16_t port() const override { return state_.port; }

  Status set_options(ServerOptions options) override {
    if (Status checked = check(options); !checked.ok()) return checked;
    options.listen = state_.options.listen;
    state_.options = std::move(options);
    state_.parser_limits = state_.options.parser_limits();
    state_.notifications.set_buffer_size(state_.options.notification_buffer_size);
    state_.keyspace_events.set_classes(state_.options.notify_keyspace_events);
    state_.slow_log.set_threshold(state_.options.slowlog_slower_than_usec);
    state_.slow_log.set_entries_max(state_.options.slowlog_entries_max);
    return {};
  }
  void offer_limits(std::vector<kv::LimitChange> given) override {
    offered_ = std::move(given);
    offer();
  }
  [[nodiscard]] ServerPicture picture() const override {
    ServerPicture picture{.uptime = state_.executor.now() - state_.started_at,
                          .port = state_.port,
                          .clients = state_.sessions.live(),
                          .clients_max = state_.options.clients_max,
                          .keys = state_.machine.store().size(),
                          .store_bytes = state_.machine.store().memory_bytes(),
                          .account_bytes = state_.machine.store().account_bytes(),
                          .limits = state_.machine.limits().limits(),
                          .keys_expired = state_.machine.store().keys_expired(),
                          .keys_evicted = state_.machine.store().keys_evicted(),
                          .slow_commands = state_.slow_log.entries().size(),
                          .statistics = state_.statistics,
                          .commands = {},
                          .errors = state_.command_statistics.errors()};
    for (std::size_t index = 0; index < state_.commands.rows(); ++index) {
      const CommandCounts& counts = state_.command_statistics.of(index);
      if (counts.calls + counts.rejected == 0) continue;
      picture.commands.push_back({state_.commands.at(index).name, counts});
    }
    return picture;
  }

 private:
  void accept(std::unique_ptr<io::Stream> stream) {
    if (state_.sessions.live() >= state_.options.clients_max) {
      ++state_.statistics.connections_rejected;
      stream->write(too_many_clients);
      return;
    }
    ++state_.statistics.connections_received;
    auto session = std::make_unique<Session>(state_, state_.sessions.next_id(), std::move(stream));
    Session& started = *session;
    state_.sessions.add(std::move(session));
    started.start();
  }

  void offer() {
    const kv::KeptLimits& limits = state_.machine.limits();
    const bool all_set = std::ranges::all_of(
        offered_, [&](const kv::LimitChange& each) { return limits.is_set(each.field); });
    if (all_set) return compare_offer();
    std::string operation;
    kv::encode_set_limits(operation, offered_, true);
    state_.own_client.submit(std::move(operation), [this](const auto& reply) {
      if (reply.ok()) {
        compare_offer();
      } else {
        offer_timer_->arm(state_.executor.now() + offer_again);
      }
    });
  }
  void compare_offer() {
    const kv::Limits& limits = state_.machine.limits().limits();
    for (const kv::LimitChange& offered : std::exchange(offered_, {})) {
      if (get(limits, offered.field) == offered.value) continue;
      io::log(io::Level::warning, "server",
              "the cluster has another limit than this replica was started with: CONFIG SET "
              "changes it for all",
              {{"name", kv::limit_field_names[static_cast<std::size_t>(offered.field)]},
               {"cluster", get(limits, offered.field)},
               {"started_with", offered.value}});
    }
  }

  // What was read here, for the others: not while the disk is nearly full.
  void send_read_hints() {
    if (state_.replica.disk().room == replica::DiskStatus::Room::enough) {
      state_.read_hints.send(state_.own_client);
    }
  }

  void reclaim() {
    const bool more = state_.machine.store().reclaim(reclaimed_entries);
    const base::Instant now = state_.executor.now();
    if (now >= next_sample_) {
      next_sample_ = now + sample_every;
      sample_rates(now);
      send_read_hints();
    }
    reclaim_timer_->arm(now + (more ? reclaim_next : reclaim_idle));
  }

  void sample_rates(base::Instant now) {
    state_.rates.commands.sample(now, state_.statistics.commands_processed);
    state_.rates.input_bytes.sample(now, state_.statistics.input_bytes);
    state_.rates.output_bytes.sample(now, state_.statistics.output_bytes);
  }

  ServerState state_;
  base::Instant next_sample_{};
  std::unique_ptr<io::Timer> reclaim_timer_;
  std::vector<kv::LimitChange> offered_;  // Until they are in the log.
  std::unique_ptr<io::Timer> offer_timer_;
  std::unique_ptr<io::Listener> listener_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::open(const Environment& environment,
                                             ServerOptions options) {
  if (Status checked = check(options); !checked.ok()) return checked;
  auto server = std::make_unique<RespServer>(environment, std::move(options));
  if (Status listening = server->listen(environment.network); !listening.ok()) return listening;
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace rabia::server
