#include "server/session.h"

#include <algorithm>
#include <utility>

#include "base/codec.h"
#include "base/mutant.h"
#include "io/log.h"
#include "server/result_to_resp.h"
#include "server/text.h"

namespace rabia::server {
namespace {

// A session that is stalled goes on reading up to this: it hears of a close that way.
constexpr std::size_t read_ahead_bytes_max = 16 << 10;

constexpr std::string_view no_authentication = "NOAUTH Authentication required.";
constexpr std::string_view not_in_subscriber =
    "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context";

std::string disk_is_low(const replica::DiskStatus& disk) {
  return "DISKFULL this replica's disk has " + std::to_string(disk.free_bytes) +
         " bytes free and keeps " + std::to_string(disk.reserve_bytes) +
         " in reserve: writes are refused here until " + std::to_string(disk.leaves_low_at()) +
         " are free; delete data, free room on the disk, or write to another replica";
}

std::string disk_is_critical(const replica::DiskStatus& disk) {
  return "DISKFULL this replica's disk has " + std::to_string(disk.free_bytes) +
         " bytes free: the replica takes no part until " +
         std::to_string(disk.leaves_critical_at()) +
         " are, and the command was not executed; free room on the disk, or use another replica";
}

// A token is all that is kept of an item under way: its row's index, when it was taken, and whether
// to leave out the reply.
constexpr int index_bits = 16;
constexpr std::uint64_t index_mask = (std::uint64_t{1} << index_bits) - 1;
constexpr std::uint64_t muted_bit = std::uint64_t{1} << 63;
static_assert(index_bits + CommandMeter::moment_bits == 63);

CommandMeter::Moment moment_in(std::uint64_t token) {
  return (token & ~muted_bit) >> index_bits;
}

// The first word of an HTTP request, which a browser may have been tricked into sending.
bool is_http(std::string_view name) {
  return equals_ignoring_case(name, "post") || equals_ignoring_case(name, "host:");
}

}  // namespace

Session::Session(ServerState& server, std::uint64_t id, std::unique_ptr<io::Stream> stream)
    : server_(server), stream_(std::move(stream)), parser_(server.parser_limits), meter_(server) {
  client_.id = id;
  client_.address = stream_->peer_address();
  client_.local_address = stream_->local_address();
  client_.authenticated = server.options.require_pass.empty();
  client_.connected_at = client_.last_active_at = server.executor.now();
  replica_client_ = server.replica.add_client(*this);
}

Session::~Session() {
  leave_all();
  stream_.reset();
  server_.replica.remove_client(replica_client_);
}

void Session::start() {
  stream_->start(*this);
}

void Session::kill() {
  if (dead_) return;
  dead_ = true;
  stream_->close();
  leave_all();
  server_.sessions.retire(client_.id);
}

// What it hears of unasked.
void Session::leave_all() {
  server_.subscriptions.remove_all(*this);
  server_.watchers.remove_all(*this);
  server_.event_waits.remove(client_.id);
}

void Session::resume() {
  pushed_ = false;
  if (!dead_) turn();
}

std::size_t Session::memory_bytes() const {
  const std::size_t queued = client_.transaction ? client_.transaction->bytes() : 0;
  return sizeof *this + parser_.allocated_bytes() + out_.capacity() + stream_->unsent() + queued +
         client_.watched.bytes() + client_.subscriptions.memory_bytes() +
         client_.watches * Watchers::watch_bytes;
}

// The stream calls.

void Session::on_bytes(std::string_view bytes) {
  if (dead_) return;
  server_.statistics.input_bytes += bytes.size();
  client_.last_active_at = server_.executor.now();
  if (client_.close_after_reply) return;
  parser_.set_unauthenticated(must_authenticate());
  parser_.feed(bytes);
  turn(client_.last_active_at);
}

void Session::on_drained() {
  if (!dead_) turn();
}

void Session::on_closed(std::string_view) {
  kill();
}

// The replica calls.

void Session::on_executed(std::uint64_t token, std::string_view result) {
  const std::optional<Transaction> transaction = take_transaction(token);
  if (!begin_answer(token)) return;
  const std::size_t begin = out_.size();
  resp::ReplyWriter writer = reply();
  if (transaction) {
    transaction->answer(server_, client_, result, writer);
  } else {
    write_result(result, writer);
  }
  answered_from(token, begin);
  cut_if_output_is_too_large();
}

void Session::on_readable(std::uint64_t token, std::string_view operation) {
  client_.awaits_deferred = false;
  const std::optional<Transaction> transaction = take_transaction(token);
  if (!begin_answer(token)) {
    if (!transaction) act(command_of(token), operation);
    return;
  }
  const std::size_t begin = out_.size();
  resp::ReplyWriter writer = reply();
  if (transaction) {
    transaction->answer_reads(server_, client_, writer);
  } else {
    read(command_of(token), operation, writer);
  }
  answered_from(token, begin);  // What waits too: its time is that until it waits.
  cut_if_output_is_too_large();
  server_.keyspace_events.tell_misses();
}

// What a read does whose reply is left out.
void Session::act(const Command& command, std::string_view operation) {
  if (dead_ || (command.flags & flag::acts) == 0) return;
  std::string left_out;
  resp::ReplyWriter writer(left_out, client_.protocol);
  read(command, operation, writer);
}

void Session::read(const Command& command, std::string_view operation, resp::ReplyWriter& writer) {
  server_.words.assign(1, command.name);
  base::Decoder decoder(operation);
  while (decoder.remaining() > 0) server_.words.push_back(decoder.bytes());
  ReadCall call{.server = server_,
                .store = server_.machine.store(),
                .replica = server_.replica,
                .random = server_.random,
                .statistics = server_.statistics,
                .arguments = server_.words,
                .reply = writer,
                .client = &client_,
                .is_use = !client_.no_touch};
  command.read(call);
}

void Session::on_failed(std::uint64_t token, replica::Failure failure) {
  client_.awaits_deferred = false;
  const Command& command = command_of(token);
  const std::optional<Transaction> transaction = take_transaction(token);
  const bool writes = transaction ? transaction->writes() : command.write != nullptr;
  // Whatever became of a read, it changed nothing.
  const bool unknown = failure == replica::Failure::outcome_unknown && writes;
  ++(unknown ? server_.statistics.outcomes_unknown : server_.statistics.items_not_executed);
  if (!begin_answer(token)) return;
  const std::size_t begin = out_.size();
  const replica::DiskStatus& disk = server_.replica.disk();
  if (unknown) {
    reply().error(message::outcome_unknown);
  } else if (disk.room == replica::DiskStatus::Room::critical) {
    reply().error(disk_is_critical(disk));
  } else {
    reply().error(message::not_executed);
  }
  answered_from(token, begin);
}

void Session::on_accepting() {
  if (dead_) return;
  meter_.begin_turn(server_.executor.now());
  run();
  if (!answered_in_step_) flush();
  settle();
}

void Session::on_step_end() {
  answered_in_step_ = false;
  if (dead_) return;
  flush();
  settle();
}

// The one whose EXEC is answered now. There is at most one: MULTI waits until all is answered.
std::optional<Transaction> Session::take_transaction(std::uint64_t token) {
  const Command& command = command_of(token);
  if (command.write != nullptr || command.read != nullptr) return std::nullopt;
  return std::exchange(executing_, std::nullopt);
}

// False when the client gets no reply.
bool Session::begin_answer(std::uint64_t token) {
  if (dead_) return false;
  answered_in_step_ = true;
  if ((token & muted_bit) == 0) return true;
  answered_from(token, out_.size());
  return false;
}

void Session::answered(std::uint64_t token, std::string_view bytes) {
  meter_.answered(command_of(token), moment_in(token), bytes);
}

// What was written from `reply_begin` on is the reply.
void Session::answered_from(std::uint64_t token, std::size_t reply_begin) {
  answered(token, std::string_view(out_).substr(reply_begin));
}

void Session::turn() {
  turn(server_.executor.now());
}

// One turn: executes what can be executed and writes the replies.
void Session::turn(base::Instant now) {
  meter_.begin_turn(now);
  do {
    run();
    flush();
  } while (stall_ == Stall::output && !dead_ && !output_full());
  settle();
}

// Executes commands until one must wait or none is complete.
void Session::run() {
  stall_ = Stall::none;
  while (!dead_ && !client_.close_after_reply) {
    if (client_.wait) {
      stall_ = Stall::wait;
    } else if (client_.awaits_deferred) {
      stall_ = Stall::deferred;
    } else if (output_full()) {
      stall_ = Stall::output;
    }
    if (stall_ != Stall::none || !run_next()) return;
  }
}

// False when there is nothing to go on with now; stall_ says what is in the way.
bool Session::run_next() {
  const resp::ParseState state = parser_.peek();
  if (state == resp::ParseState::incomplete) return false;
  bool done = false;
  if (state == resp::ParseState::command) {
    done = execute(parser_.arguments());
  } else {
    done = answer_error(parser_.error());
  }
  if (!done) {
    stall_ = Stall::replica;
    return false;
  }
  if (state == resp::ParseState::malformed) {
    ++server_.statistics.protocol_errors;
    client_.close_after_reply = true;
    return false;
  }
  if (state == resp::ParseState::refused) {
    ++server_.statistics.requests_too_large;
    command_done(nullptr);
  }
  parser_.consume();
  return true;
}

// The end of every call: what is kept, whether to go on reading, whether it is over.
void Session::settle() {
  parser_.keep_rest();
  if (dead_) return;
  if (client_.close_after_reply) {
    if (output_bytes() == 0) kill();
    return;
  }
  if (stall_ == Stall::output && !output_full()) server_.sessions.resume_later(client_.id);
  const bool pause = stall_ != Stall::none && parser_.unconsumed_bytes() >= read_ahead_bytes_max;
  if (pause == reading_paused_) return;
  reading_paused_ = pause;
  if (pause) {
    stream_->pause_reading();
  } else {
    stream_->resume_reading();
  }
}

void Session::flush() {
  if (dead_) return;
  write_out();
  meter_.replied(client_);
  cut_if_output_is_too_large();
}

void Session::write_out() {
  if (!out_.empty()) stream_->write(out_);
  server_.statistics.output_bytes += out_.size();
  server_.buffers.give_back(std::exchange(out_, {}));
}

bool Session::output_full() const {
  return output_bytes() > server_.options.output_bytes_pause;
}

resp::ReplyWriter Session::reply() {
  if (out_.empty() && out_.capacity() <= std::string().capacity()) out_ = server_.buffers.take();
  return {out_, client_.protocol};
}

// Commands. Each of these returns false when the command must wait; nothing has happened then.

bool Session::execute(Arguments arguments) {
  const Command* const command = admit(arguments);
  if (dead_) return true;
  bool done = false;
  if (command == nullptr) {
    done = reject(server_.commands.find_for(arguments), server_.error);
    if (done && client_.transaction) client_.transaction->spoil();
  } else if (client_.transaction && (command->flags & flag::at_once_in_multi) == 0) {
    done = queue(*command, arguments);
  } else if (command->name == "exec") {
    done = commit(*command, arguments);
  } else if (command->write != nullptr) {
    done = submit_write(*command, arguments);
  } else if (command->read != nullptr) {
    done = submit_read(*command, arguments);
  } else if (command->deferred != nullptr) {
    done = run_deferred(*command, arguments);
  } else {
    done = run_local(*command, arguments);
  }
  if (!done) return false;
  if (command != nullptr && server_.monitors.any()) {
    server_.monitors.show(client_, *command, arguments);
  }
  command_done(command);
  return true;
}

// The row of a call that may be executed. Null: server_.error says why not.
const Command* Session::admit(Arguments arguments) {
  if (is_http(arguments[0])) {
    io::log(io::Level::warning, "server", "client cut: it speaks HTTP",
            {{"address", client_.address}});
    kill();
    return nullptr;
  }
  const Command* const command = server_.commands.resolve(arguments, server_.error);
  if (command == nullptr) return nullptr;
  if ((command->flags & flag::no_auth) == 0 && must_authenticate()) {
    server_.error = no_authentication;
    return nullptr;
  }
  if (client_.monitors && (command->write != nullptr || command->read != nullptr)) {
    server_.error = "ERR Replica can't interact with the keyspace";
    return nullptr;
  }
  const Needs needs{.replica = command->write != nullptr || command->read != nullptr,
                    .room = (command->flags & flag::needs_room) != 0};
  if (!keys_fit(*command, arguments) || !disk_allows(needs)) return nullptr;
  if (client_.only_subscribes() && (command->flags & flag::in_subscriber) == 0) {
    server_.error = "ERR Can't execute '";
    server_.error.append(command->name).append(not_in_subscriber);
    return nullptr;
  }
  return command;
}

bool Session::disk_allows(Needs needs) {
  using Room = replica::DiskStatus::Room;
  const replica::DiskStatus& disk = server_.replica.disk();
  if (disk.room == Room::enough) return true;
  if (disk.room == Room::critical && needs.replica) {
    server_.error = disk_is_critical(disk);
    return false;
  }
  if (disk.room == Room::low && needs.room) {
    server_.error = disk_is_low(disk);
    return false;
  }
  return true;
}

bool Session::keys_fit(const Command& command, Arguments arguments) {
  if (command.write == nullptr) return true;
  server_.words.clear();
  find_keys(command, arguments, server_.words);
  for (const std::string_view key : server_.words) {
    if (key.size() <= server_.options.key_bytes_max) continue;
    server_.error = "ERR key of " + std::to_string(key.size()) + " bytes is too large: at most " +
                    std::to_string(server_.options.key_bytes_max) + " are accepted";
    return false;
  }
  return true;
}

bool Session::submit_write(const Command& command, Arguments arguments) {
  if (!server_.replica.accepts(replica_client_)) return false;
  server_.operation.clear();
  WriteCall call{.options = server_.options,
                 .arguments = arguments,
                 .operation = server_.operation,
                 .error = server_.error};
  if (!command.write(call)) return fail(command, arguments, server_.error);
  server_.replica.submit_write(replica_client_, token_of(command), server_.operation);
  meter_.taken(command, arguments);
  return true;
}

bool Session::submit_read(const Command& command, Arguments arguments) {
  const bool may_wait = (command.flags & flag::may_wait) != 0;
  if (!server_.replica.accepts(replica_client_) || (may_wait && !replica_idle())) return false;
  server_.operation.clear();
  base::Encoder encoder(server_.operation);
  for (const std::string_view argument : arguments.subspan(1)) encoder.bytes(argument);
  server_.replica.submit_read(replica_client_, token_of(command), server_.operation);
  meter_.taken(command, arguments);
  client_.awaits_deferred = may_wait;
  return true;
}

// Between MULTI and EXEC. Nothing of the client is unanswered then, so all replies are in order.
bool Session::queue(const Command& command, Arguments arguments) {
  Transaction& transaction = *client_.transaction;
  if (command.name == "watch") return answer_error("ERR WATCH inside MULTI is not allowed");
  if (command.deferred != nullptr || (command.flags & (flag::no_multi | flag::alone)) != 0) {
    transaction.spoil();
    return reject(&command, "ERR " + to_upper(command.name) + " is not allowed in transactions");
  }
  server_.operation.clear();
  if (command.write != nullptr) {
    WriteCall call{.options = server_.options,
                   .arguments = arguments,
                   .operation = server_.operation,
                   .error = server_.error};
    if (command.write(call)) {
      transaction.add_write(command, server_.operation);
    } else {
      transaction.add_error(server_.error);
    }
  } else if (command.read != nullptr) {
    transaction.add_read(command, client_, arguments);
  } else {
    transaction.add_local(command, arguments);
  }
  if (transaction.bytes() > server_.options.command_bytes_max) {
    transaction = {};
    transaction.spoil();
    return reject(&command, "ERR the transaction is larger than " +
                                std::to_string(server_.options.command_bytes_max) +
                                " bytes: nothing of it will be executed; use several smaller ones");
  }
  if (!client_.replies.muted()) reply().simple("QUEUED");
  return true;
}

// EXEC.
bool Session::commit(const Command& command, Arguments arguments) {
  std::optional<Transaction>& transaction = client_.transaction;
  const bool at_once = !transaction || transaction->spoilt() || client_.watched.broken() ||
                       (!transaction->needs_replica() && client_.watched.empty());
  if (at_once) return run_local(command, arguments);
  if (!disk_allows({.replica = true, .room = transaction->may_grow()})) {
    if (!fail(command, arguments, server_.error)) return false;
    client_.transaction.reset();
    client_.watched.clear();
    return true;
  }
  if (!server_.replica.accepts(replica_client_)) return false;
  WatchedKeys watched = client_.watched.take();
  if (base::mutated(base::Mutant::transaction_condition_at_the_origin) &&
      watched.unchanged(server_.machine.store())) {
    watched = {};
  }
  transaction->watch(std::move(watched));
  server_.operation.clear();
  if (transaction->writes()) {
    transaction->encode(server_.operation);
    server_.replica.submit_write(replica_client_, token_of(command), server_.operation);
  } else {
    server_.replica.submit_read(replica_client_, token_of(command), server_.operation);
  }
  meter_.taken(command, arguments);
  executing_ = std::exchange(client_.transaction, std::nullopt);
  return true;
}

bool Session::run_local(const Command& command, Arguments arguments) {
  if (!replica_idle()) return false;
  client_.last_command = &command;
  const std::size_t size_before = out_.size();
  resp::ReplyWriter writer = reply();
  LocalCall call{.server = server_, .client = client_, .arguments = arguments, .reply = writer};
  command.local(call);
  meter_.taken_and_answered(command, arguments, std::string_view(out_).substr(size_before));
  const bool left_out = client_.replies.muted() && (command.flags & flag::pushes) == 0;
  if (left_out) out_.resize(size_before);
  parser_.set_unauthenticated(must_authenticate());
  if (client_.wait) {
    client_.wait->muted = client_.replies.muted();
    poll_wait();
  }
  return true;
}

// Of what is no command.
bool Session::answer_error(std::string_view text) {
  return reject(nullptr, text);
}

// Of a command that cannot be executed. Null: it is unknown.
bool Session::reject(const Command* command, std::string_view text) {
  if (!replica_idle()) return false;
  meter_.rejected(command, text);
  if (!client_.replies.muted()) reply().error(text);
  return true;
}

// Of a command whose arguments are wrong.
bool Session::fail(const Command& command, Arguments arguments, std::string_view text) {
  if (!replica_idle()) return false;
  meter_.taken_and_failed(command, arguments, text);
  if (!client_.replies.muted()) reply().error(text);
  return true;
}

void Session::command_done(const Command* command) {
  if (command != nullptr) {
    client_.last_command = command;
    ++server_.statistics.commands_processed;
  }
  client_.replies.next_command();
}

std::uint64_t Session::token_of(const Command& command) const {
  return command.index | meter_.turn() << index_bits | (client_.replies.muted() ? muted_bit : 0);
}

const Command& Session::command_of(std::uint64_t token) const {
  return server_.commands.at(static_cast<std::size_t>(token & index_mask));
}

}  // namespace rabia::server
