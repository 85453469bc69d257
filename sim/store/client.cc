#include "sim/store/client.h"

#include <utility>

#include "sim/history/describe.h"
#include "sim/history/inference.h"
#include "sim/history/model.h"
#include "sim/history/reply.h"
#include "sim/world/host.h"

namespace rabia::sim {

using history::Outcome;

namespace {

// Of all clients of a run: a longer history takes too long to judge.
constexpr std::size_t operations_max = 1500;
constexpr base::Duration reconnect_after = std::chrono::milliseconds(10);
// How often a command under a name is asked, amid trouble and when all is to end.
constexpr unsigned asked_max = 8;
constexpr unsigned asked_at_the_end_max = 3;

}  // namespace

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
  watching_ = false;
  lock_.reset();
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

// What was asked on this connection is of unknown outcome, or is asked again under its name;
// another replica may serve.
void Client::give_up(std::string_view why) {
  if (world_.trace.printing() && !waiting_.empty()) {
    world_.trace.print(name_, "gives up " + std::to_string(waiting_.size()) + " at " +
                                  host_name(replica_) + ": " + std::string(why));
  }
  for (const Asked& asked : std::exchange(waiting_, {})) left_unanswered(asked);
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
  const bool late = !waiting_.empty() && now - waiting_.front().since >= patience;
  if (late || !connected_) return give_up("no answer");
  run_later(patience / 4, &Client::check_patience);
}

// ---- asking

void Client::turn_later(base::Duration after) {
  run_later(after, &Client::turn);
}

void Client::turn() {
  const bool enough = world_.history.size() >= operations_max;
  const bool is_free = waiting_.empty() && (last_ || !again_.empty() || (asking_ && !enough));
  if (!is_free) return;
  if (!again_.empty()) {
    ask_again();
  } else if (last_) {
    ask(*std::exchange(last_, std::nullopt));
  } else {
    ask_by_plan();
  }
  stream_->write(std::exchange(to_send_, {}));
}

void Client::ask_by_plan() {
  if (auto watched = lock_ ? locked() : std::nullopt) {
    ask(workload_.guarded(std::move(*watched)));
  } else if (plan_.clients.locking_percent > 0 && random_.chance(plan_.clients.locking_percent)) {
    begin_to_lock();
  } else {
    const bool pipeline = random_.chance(plan_.clients.pipeline_percent);
    const std::uint64_t commands = pipeline ? 2 + random_.below(7) : 1;
    for (std::uint64_t i = 0; i < commands; ++i) {
      history::Arguments args = workload_.next();
      const Named named = name_for(args);
      ask(std::move(args), named);
    }
  }
}

// What only reads, and a transaction, has none.
Named Client::name_for(const history::Arguments& args) {
  const std::uint64_t percent = plan_.clients.once_percent;
  const bool is_named = percent > 0 && random_.chance(percent) && !history::is_transaction(args) &&
                        !history::footprint_of(args).reads_only;
  return {.number = is_named ? ++names_ : 0};
}

// A value of a text never comes again: what both reads saw, WATCH saw.
void Client::begin_to_lock() {
  const std::string key = workload_.key_to_watch();
  const std::size_t read_before = ask({"GET", key});
  const std::size_t read_after = ask({"GET", key}, {}, {"WATCH", key});
  lock_ = {.key = key, .read_before = read_before, .read_after = read_after};
}

// What the transaction may depend on. Nothing when that is not sure, or sometimes by choice.
std::optional<history::Transaction::Watched> Client::locked() {
  const Lock lock = *std::exchange(lock_, std::nullopt);
  const history::Operation& before = world_.history[lock.read_before];
  const history::Operation& after = world_.history[lock.read_after];
  const auto seen = history::observations_of(after);
  const bool is_sure = before.outcome == Outcome::done && before.reply == after.reply;
  if (!is_sure || seen.empty() || random_.chance(5)) return std::nullopt;
  history::Transaction::Watched watched{.key = lock.key, .value = {}};
  if (seen[0].sight.kind == history::Sight::Kind::value) watched.value = seen[0].sight.value;
  return watched;
}

// The place of the operation in the history. `before`: a command that goes before it.
std::size_t Client::ask(history::Arguments args, Named named, history::Arguments before) {
  const std::size_t place = world_.history.size();
  world_.history.push_back({id_, std::move(args), world_.executor.now(), {}, Outcome::unknown, {}});
  send(place, named, before);
  return place;
}

void Client::send(std::size_t place, Named named, const history::Arguments& before) {
  const history::Arguments& args = world_.history[place].args;
  history::Arguments sent = args;
  ++named.asked;
  if (named.number > 0) {
    const history::Arguments words{"RABIA.ONCE", name_, std::to_string(named.number)};
    sent.insert(sent.begin(), words.begin(), words.end());
  }
  Request request(sent);
  if (!before.empty()) request.put_first(before);
  const bool depends = history::is_transaction(args) && history::transaction_of(args).watched;
  if (watching_ && !depends) request.put_first({"UNWATCH"});
  watching_ = !before.empty();
  if (world_.trace.printing()) {
    world_.trace.print(name_,
                       "asks " + host_name(replica_) + ": " + history::describe_command(sent));
  }
  const std::string bytes = request.take_bytes();
  world_.trace.mix(id_, bytes);
  waiting_.push_back({place, std::move(request), named, world_.executor.now()});
  to_send_ += bytes;
}

// The operation began when it was asked first; that it is asked often is known to nobody else.
void Client::ask_again() {
  for (const Again& again : std::exchange(again_, {})) send(again.place, again.named, {});
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
    const auto length = history::reply_length(rest);
    if (!length) break;
    taken += *length;
    take_reply(rest.substr(0, *length));
  }
  received_.erase(0, taken);
  if (!waiting_.empty() || taken == 0) return;
  if (refused_in_a_row_ >= 3) return give_up("it refuses");
  if (!again_.empty() && random_.chance(70)) return give_up("another one is asked again");
  if (connection == connection_) turn_later(plan_.clients.think.draw(random_));
}

void Client::take_reply(std::string_view reply) {
  world_.trace.mix(id_, reply);
  if (!waiting_.front().request.take(reply)) return;
  const Asked asked = std::move(waiting_.front());
  waiting_.pop_front();
  if (world_.trace.printing()) {
    world_.trace.print(name_, "is told " + history::describe_reply(asked.request.reply()) +
                                  " for " +
                                  history::describe_command(world_.history[asked.place].args));
  }
  refused_in_a_row_ = asked.request.outcome() == Outcome::done ? 0 : refused_in_a_row_ + 1;
  if (asked.named.number > 0) {
    conclude_named(asked);
  } else {
    conclude(asked);
  }
}

void Client::conclude(const Asked& asked) {
  history::Operation& operation = world_.history[asked.place];
  operation.outcome = asked.request.outcome();
  operation.returned = world_.executor.now();
  operation.reply = asked.request.reply();
  if (asked.request.was_refused_before()) lock_.reset();
  // A key that was absent for both reads may have been there in between, when WATCH looked.
  if (history::was_refused(operation) && !history::transaction_of(operation.args).watched->value) {
    operation.outcome = Outcome::not_executed;
  }
}

// All answers are that of the one execution, whoever gives them, and however late. It is asked
// again when it may have been executed, and sometimes though the answer is known.
void Client::conclude_named(const Asked& asked) {
  history::Operation& operation = world_.history[asked.place];
  const Outcome outcome = asked.request.outcome();
  if (operation.outcome == Outcome::done) {
    if (outcome != Outcome::done || asked.request.reply() == operation.reply) return;
    return world_.broken("RABIA.ONCE: " + name_ + " is answered " +
                         history::describe_reply(asked.request.reply()) + " for its command " +
                         std::to_string(asked.named.number) + ", and was answered " +
                         history::describe_reply(operation.reply));
  }
  if (outcome == Outcome::unknown || asked.named.may_be_executed) {
    if (outcome != Outcome::done) return left_unanswered(asked);
  }
  conclude(asked);
  const bool asks_again = outcome == Outcome::done && asking_ && random_.chance(10);
  if (asks_again) again_.push_back({asked.place, asked.named});
}

void Client::left_unanswered(const Asked& asked) {
  history::Operation& operation = world_.history[asked.place];
  if (operation.outcome == Outcome::done) return;  // It was asked though the answer was known.
  operation.outcome = Outcome::unknown;
  Named named = asked.named;
  named.may_be_executed = true;
  const unsigned most = asking_ ? asked_max : asked_at_the_end_max;
  if (named.number > 0 && named.asked < most) again_.push_back({asked.place, named});
}

}  // namespace rabia::sim
