#include "sim/world/client.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "sim/world/host.h"

namespace rabia::sim {

using history::Outcome;

namespace {

// Of all clients of a run: a longer history takes too long to judge.
constexpr std::size_t operations_max = 1500;
constexpr base::Duration reconnect_after = std::chrono::milliseconds(10);

std::string short_text(std::string_view text) {
  std::string shown(text.substr(0, 60));
  for (char& c : shown) {
    if (c == '\r' || c == '\n') c = ' ';
  }
  return text.size() > 60 ? shown + "…" : shown;
}

std::string text_of(const history::Arguments& args) {
  std::string text;
  for (const std::string& arg : args) text += (text.empty() ? "" : " ") + short_text(arg);
  return text;
}

std::string encode(const history::Arguments& args) {
  std::string bytes = "*" + std::to_string(args.size()) + "\r\n";
  for (const std::string& arg : args) {
    bytes += "$" + std::to_string(arg.size()) + "\r\n" + arg + "\r\n";
  }
  return bytes;
}

Outcome outcome_of(std::string_view reply) {
  if (reply.starts_with("-CLUSTERDOWN")) return Outcome::not_executed;
  if (reply.starts_with("-DISKFULL")) return Outcome::not_executed;
  if (reply.starts_with("-ERR outcome unknown")) return Outcome::unknown;
  return Outcome::done;
}

}  // namespace

std::optional<std::size_t> reply_length(std::string_view bytes) {
  const std::size_t line_end = bytes.find("\r\n");
  if (line_end == std::string_view::npos) return std::nullopt;
  std::size_t length = line_end + 2;
  const char kind = bytes.front();
  if (kind != '$' && kind != '*') return length;
  std::int64_t number = 0;
  std::from_chars(bytes.data() + 1, bytes.data() + line_end, number);
  if (number < 0) return length;
  if (kind == '$') {
    length += static_cast<std::size_t>(number) + 2;
    return length <= bytes.size() ? std::optional(length) : std::nullopt;
  }
  for (std::int64_t i = 0; i < number; ++i) {
    const auto element = reply_length(bytes.substr(length));
    if (!element) return std::nullopt;
    length += *element;
  }
  return length;
}

Client::Client(World& world, const Plan& plan, std::uint32_t id)
    : world_(world),
      plan_(plan),
      id_(id),
      name_("c" + std::to_string(id)),
      random_(plan.seed * 41 + id),
      workload_(plan.clients, id, plan.seed * 43 + id),
      replica_(random_.below(plan.hosts)) {}

Client::~Client() {
  if (stream_ != nullptr) stream_->close();
}

void Client::begin() {
  connect();
}

// ---- the connection

void Client::run_later(base::Duration after, void (Client::*what)()) {
  world_.executor.schedule(world_.executor.now() + after, [this, what, connection = connection_] {
    if (connection == connection_) (this->*what)();
  });
}

void Client::connect() {
  ++connection_;
  connected_ = false;
  connecting_ = world_.network.at(name_).connect(
      {host_name(replica_), client_port},
      [this](Result<std::unique_ptr<io::Stream>> stream) { connected(std::move(stream)); });
  run_later(plan_.clients.patience, &Client::check_patience);
}

void Client::connected(Result<std::unique_ptr<io::Stream>> stream) {
  if (!stream.ok()) return give_up("not connected");
  connected_ = true;
  stream_ = stream.take();
  stream_->start(*this);
  turn_later({});
}

void Client::on_closed(std::string_view reason) {
  give_up(reason);
}

// What was asked on this connection is of unknown outcome; another replica may serve.
void Client::give_up(std::string_view why) {
  if (world_.trace.printing() && !waiting_.empty()) {
    world_.trace.print(name_, "gives up " + std::to_string(waiting_.size()) + " at " +
                                  host_name(replica_) + ": " + std::string(why));
  }
  for (const std::size_t at : waiting_) world_.history[at].outcome = Outcome::unknown;
  waiting_.clear();
  received_.clear();
  if (stream_ != nullptr) stream_->close();
  refused_in_a_row_ = 0;
  ++connection_;
  if (!last_) replica_ = random_.below(plan_.hosts);
  run_later(reconnect_after, &Client::connect);
}

void Client::check_patience() {
  const base::Instant now = world_.executor.now();
  // Above what a replica takes to answer "outcome unknown", when all is well again.
  const base::Duration patience = asking_ ? plan_.clients.patience : std::chrono::seconds(8);
  const bool late = !waiting_.empty() && now - world_.history[waiting_.front()].invoked >= patience;
  if (late || !connected_) return give_up("no answer");
  run_later(patience / 4, &Client::check_patience);
}

// ---- asking

void Client::turn_later(base::Duration after) {
  run_later(after, &Client::turn);
}

void Client::turn() {
  const bool enough = world_.history.size() >= operations_max;
  if (!waiting_.empty() || (!last_ && (!asking_ || enough))) return;
  if (last_) {
    ask(*std::exchange(last_, std::nullopt));
  } else {
    const bool pipeline = random_.chance(plan_.clients.pipeline_percent);
    const std::uint64_t commands = pipeline ? 2 + random_.below(7) : 1;
    for (std::uint64_t i = 0; i < commands; ++i) ask(workload_.next());
  }
  stream_->write(std::exchange(to_send_, {}));
}

void Client::ask(history::Arguments args) {
  if (world_.trace.printing()) {
    world_.trace.print(name_, "asks " + host_name(replica_) + ": " + text_of(args));
  }
  const std::string bytes = encode(args);
  world_.trace.mix(id_, bytes);
  waiting_.push_back(world_.history.size());
  world_.history.push_back({id_, std::move(args), world_.executor.now(), {}, Outcome::unknown, {}});
  to_send_ += bytes;
}

void Client::ask_last(std::size_t replica, history::Arguments args) {
  last_ = std::move(args);
  replica_ = replica;
  if (stream_ != nullptr) stream_->close();
  connect();
}

// ---- answers

void Client::on_bytes(std::string_view bytes) {
  received_.append(bytes);
  take_replies();
}

void Client::take_replies() {
  const std::uint64_t connection = connection_;
  std::size_t taken = 0;
  while (!waiting_.empty()) {
    const std::string_view rest = std::string_view(received_).substr(taken);
    const auto length = reply_length(rest);
    if (!length) break;
    taken += *length;
    take_reply(rest.substr(0, *length));
  }
  received_.erase(0, taken);
  if (!waiting_.empty() || taken == 0) return;
  if (refused_in_a_row_ >= 3) return give_up("it refuses");
  if (connection == connection_) turn_later(plan_.clients.think.draw(random_));
}

void Client::take_reply(std::string_view reply) {
  history::Operation& operation = world_.history[waiting_.front()];
  waiting_.pop_front();
  operation.outcome = outcome_of(reply);
  operation.returned = world_.executor.now();
  operation.reply = reply;
  refused_in_a_row_ = operation.outcome == Outcome::done ? 0 : refused_in_a_row_ + 1;
  world_.trace.mix(id_, reply);
  if (world_.trace.printing()) {
    world_.trace.print(name_, "is told " + short_text(reply) + " for " + text_of(operation.args));
  }
}

}  // namespace rabia::sim
