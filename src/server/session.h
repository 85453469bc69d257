// One connection of one client: bytes in, commands in order, replies out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "io/executor.h"
#include "io/network.h"
#include "replica/replica.h"
#include "resp/parser.h"
#include "server/client_state.h"
#include "server/command.h"
#include "server/command_meter.h"
#include "server/server_state.h"

namespace rabia::server {

// Parses while the replica accepts and the client takes its replies, and stops otherwise: what is
// not parsed stays in the parser, and reading pauses. A local or deferred command waits until
// nothing of the client is unanswered, and everything waits behind a deferred one, so replies are
// in order without a queue of them. Core thread only.
class Session final : public replica::Client, public io::StreamHandler {
 public:
  Session(ServerState& server, std::uint64_t id, std::unique_ptr<io::Stream> stream);
  ~Session() override;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Begins to read.
  void start();
  // Closes the connection now. Safe inside any call: the registry destroys the session later.
  void kill();
  // What the client is to be told besides its replies, whole and in its version of the protocol; it
  // leaves in the next turn of the loop at the latest. Ends no session: one that takes too little
  // is cut later.
  void push(std::string_view bytes);
  // Whether its client takes what it is sent, so far.
  [[nodiscard]] bool takes_pushes() const { return !dead_ && !output_full(); }
  // By a read that may wait (flag::may_wait), in its call, instead of a reply: it is owed one.
  [[nodiscard]] LaterReply reply_later();
  // Ends its subscriptions and watches, and what it waits for.
  void leave_all();
  // Goes on after a pause, or after a push; called by the registry.
  void resume();

  [[nodiscard]] ClientState& client() { return client_; }
  [[nodiscard]] const ClientState& client() const { return client_; }
  [[nodiscard]] bool dead() const { return dead_; }
  [[nodiscard]] std::size_t input_bytes() const { return parser_.unconsumed_bytes(); }
  [[nodiscard]] std::size_t output_bytes() const { return out_.size() + stream_->unsent(); }
  [[nodiscard]] std::size_t memory_bytes() const;

  void on_bytes(std::string_view bytes) override;
  void on_drained() override;
  void on_closed(std::string_view reason) override;

  void on_executed(std::uint64_t token, std::string_view reply) override;
  void on_readable(std::uint64_t token, std::string_view operation) override;
  void on_failed(std::uint64_t token, replica::Failure failure) override;
  void on_accepting() override;
  void on_step_end() override;

 private:
  // Why parsing stopped.
  enum class Stall : std::uint8_t {
    none,      // All complete requests are taken.
    replica,   // It does not accept, or earlier items are unanswered: on_accepting() goes on.
    output,    // The client does not take its replies: on_drained() or resume() goes on.
    wait,      // The client is in WAIT: its timer goes on.
    deferred,  // A deferred command, or a read that may wait, is not answered: resume() goes on.
  };

  void turn();
  void turn(base::Instant now);
  void run();
  bool run_next();
  void settle();
  void flush();
  void write_out();

  bool execute(Arguments arguments);
  const Command* admit(Arguments arguments);
  bool keys_fit(const Command& command, Arguments arguments);
  struct Needs {
    bool replica = false;
    bool room = false;  // Data may grow.
  };
  bool disk_allows(Needs needs);
  bool run_local(const Command& command, Arguments arguments);
  bool run_deferred(const Command& command, Arguments arguments);
  [[nodiscard]] LaterReply owe_reply(bool muted);
  void answer_deferred(std::string_view bytes, bool muted);
  bool submit_write(const Command& command, Arguments arguments);
  bool submit_read(const Command& command, Arguments arguments);
  bool queue(const Command& command, Arguments arguments);
  bool commit(const Command& command, Arguments arguments);
  bool answer_error(std::string_view text);
  bool reject(const Command* command, std::string_view text);
  bool fail(const Command& command, Arguments arguments, std::string_view text);
  void command_done(const Command* command);
  void poll_wait();

  [[nodiscard]] std::uint64_t token_of(const Command& command) const;
  [[nodiscard]] const Command& command_of(std::uint64_t token) const;
  void answered(std::uint64_t token, std::string_view bytes);
  void answered_from(std::uint64_t token, std::size_t reply_begin);
  void read(const Command& command, std::string_view operation, resp::ReplyWriter& writer);
  void act(const Command& command, std::string_view operation);
  [[nodiscard]] bool replica_idle() const { return server_.replica.idle(replica_client_); }
  [[nodiscard]] bool output_full() const;
  // The password may have been taken away since the client came.
  [[nodiscard]] bool must_authenticate() const {
    return !client_.authenticated && !server_.options.require_pass.empty();
  }
  [[nodiscard]] resp::ReplyWriter reply();
  std::optional<Transaction> take_transaction(std::uint64_t token);
  bool begin_answer(std::uint64_t token);
  bool output_is_too_large();
  void cut_if_output_is_too_large();

  ServerState& server_;
  std::unique_ptr<io::Stream> stream_;
  replica::ClientId replica_client_;
  resp::RequestParser parser_;
  std::string out_;  // Replies gathered in this step. Borrowed from the pool: empty when idle.
  std::unique_ptr<io::Timer> wait_timer_;  // Made by the first WAIT.
  ClientState client_;
  CommandMeter meter_;
  std::optional<Transaction> executing_;  // EXEC was submitted, and is not answered.
  // The reply that is owed finds the way back through this. Null: none is.
  std::shared_ptr<Session*> owed_by_;
  std::optional<base::Instant> slow_since_;  // A subscriber: above its soft bound.
  // The command of that reply, and when it was taken. Nothing: it was counted when it began to
  // wait.
  std::optional<std::uint64_t> owed_token_;
  Stall stall_ = Stall::none;
  bool answered_in_step_ = false;  // on_step_end() will come.
  bool reading_paused_ = false;
  bool pushed_ = false;          // resume() will come.
  bool output_overrun_ = false;  // It will be cut.
  bool dead_ = false;
};

}  // namespace rabia::server
