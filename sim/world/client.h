// One client of the store: it speaks the Redis protocol over the simulated network to one replica,
// to another one when that does not answer, and writes down what it asked and what it was told.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "io/testing/manual_executor.h"
#include "io/testing/memory_network.h"
#include "sim/history/history.h"
#include "sim/world/trace.h"
#include "sim/world/workload.h"

namespace rabia::sim {

// One thread. Lives as long as its world.
class Client final : public io::StreamHandler {
 public:
  struct World {
    io::testing::ManualExecutor& executor;
    io::testing::MemoryNetwork& network;
    Trace& trace;
    history::History& history;
  };
  Client(World& world, const Plan& plan, std::uint32_t id);
  ~Client() override;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void begin();
  // No new commands from now on; what was asked is still waited for.
  void stop_asking() { asking_ = false; }
  // Nothing is unanswered.
  [[nodiscard]] bool idle() const { return waiting_.empty(); }
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
  void ask(history::Arguments args);
  void take_replies();
  void take_reply(std::string_view reply);
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
  std::deque<std::size_t> waiting_;  // Places in the history, in the order of asking.
  std::size_t refused_in_a_row_ = 0;
};

// The length of the first complete RESP2 reply in `bytes`, or nothing while it is not complete.
[[nodiscard]] std::optional<std::size_t> reply_length(std::string_view bytes);

}  // namespace rabia::sim
