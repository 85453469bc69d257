// One client of the store: it speaks the Redis protocol over the simulated network to one replica,
// to another one when that does not answer, and writes down what it asked and what it was told.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "io/testing/manual_executor.h"
#include "io/testing/memory_network.h"
#include "sim/history/history.h"
#include "sim/history/transaction.h"
#include "sim/store/request.h"
#include "sim/store/workload.h"
#include "sim/world/trace.h"

namespace rabia::sim {

// The name of a command for RABIA.ONCE, in the session of its client, and what became of it.
struct Named {
  std::uint64_t number = 0;  // 0: it has none, and is sent as it is.
  unsigned asked = 0;        // How often.
  bool may_be_executed = false;
};

// One thread. Lives as long as its world.
class Client final : public io::StreamHandler {
 public:
  struct World {
    io::testing::ManualExecutor& executor;
    io::testing::MemoryNetwork& network;
    Trace& trace;
    history::History& history;
    std::function<void(std::string)> broken;
  };
  Client(World& world, const Plan& plan, std::uint32_t id);
  ~Client() override;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void begin();
  // No new commands from now on; what was asked is still waited for.
  void stop_asking() { asking_ = false; }
  // Nothing is unanswered.
  [[nodiscard]] bool idle() const { return waiting_.empty() && again_.empty(); }
  // One more command, at this replica, after stop_asking(): sent as soon as it is connected.
  void ask_last(std::size_t replica, history::Arguments args);
  [[nodiscard]] bool asked_last() const { return !last_.has_value() && waiting_.empty(); }

  void on_bytes(std::string_view bytes) override;
  void on_drained() override {}
  void on_closed(std::string_view reason) override;

 private:
  void connect();
  void connected(Result<std::unique_ptr<io::Stream>> stream);
  void turn();
  void turn_later(base::Duration after);
  struct Asked {
    std::size_t place;  // In the history.
    Request request;
    Named named;
    base::Instant since;
  };
  struct Again {
    std::size_t place;
    Named named;
  };
  std::size_t ask(history::Arguments args, Named named = {}, history::Arguments before = {});
  void send(std::size_t place, Named named, const history::Arguments& before);
  void ask_again();
  [[nodiscard]] Named name_for(const history::Arguments& args);
  void ask_by_plan();
  void begin_to_lock();
  [[nodiscard]] std::optional<history::Transaction::Watched> locked();
  void take_replies();
  void take_reply(std::string_view reply);
  void conclude(const Asked& asked);
  void conclude_named(const Asked& asked);
  void left_unanswered(const Asked& asked);
  void give_up(std::string_view why);
  void run_later(base::Duration after, void (Client::*what)());
  void check_patience();

  World& world_;
  const Plan& plan_;
  std::uint32_t id_;
  std::string name_;
  base::Random random_;
  Workload workload_;
  bool asking_ = true;
  std::optional<history::Arguments> last_;
  std::size_t replica_;
  std::unique_ptr<io::Connecting> connecting_;
  std::unique_ptr<io::Stream> stream_;
  std::uint64_t connection_ = 0;  // Which one is the latest: what was planned for others is void.
  bool connected_ = false;
  std::string to_send_;
  std::string received_;
  std::deque<Asked> waiting_;  // In the order of asking.
  std::deque<Again> again_;    // To be asked once more, under their names.
  std::uint64_t names_ = 0;
  bool watching_ = false;  // WATCH was sent on this connection, and nothing that ends it.
  // A key that was read, watched, and read again: the places of the reads in the history.
  struct Lock {
    std::string key;
    std::size_t read_before;
    std::size_t read_after;
  };
  std::optional<Lock> lock_;
  std::size_t refused_in_a_row_ = 0;
};

}  // namespace rabia::sim
