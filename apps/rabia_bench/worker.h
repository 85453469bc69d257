// One thread of the load: its connections, and the loop that sends and counts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rabia_bench/command_writer.h"
#include "rabia_bench/connection.h"
#include "rabia_bench/options.h"
#include "rabia_bench/run.h"
#include "rabia_bench/schedule.h"
#include "rabia_bench/tally.h"

namespace rabia::bench {

// Closed loop: each connection sends a pipeline, waits for all of its answers, sends the next.
// Open loop: each connection sends what is due, up to a pipeline's length under way.
class Worker final : public Load {
 public:
  // Worker `number` of options.threads. `options` must outlive it.
  Worker(const Options& options, const Window& window, std::uint32_t number,
         std::vector<Connection> connections);

  void run() override;
  [[nodiscard]] const Tally& tally() const override { return tally_; }

 private:
  void watch_all();
  [[nodiscard]] bool is_over() const;
  [[nodiscard]] bool may_begin(std::int64_t now) const;
  void wait_for_events(std::int64_t now);

  void take_due(std::int64_t now);
  void begin_pipeline(Connection& connection, std::int64_t now);
  void send_due(std::uint32_t place, std::int64_t now);
  void push(Connection& connection, std::int64_t begun);
  void push_wait(Connection& connection);
  void flush(Connection& connection, std::int64_t now);
  void watch_for_room(Connection& connection, bool wanted);

  void receive(Connection& connection);
  bool take_replies(Connection& connection, std::string_view bytes, std::int64_t now);
  void take_reply(Connection& connection, const Reply& reply, std::int64_t now);
  void take_wait_reply(Connection& connection, const Reply& reply, std::int64_t now);
  void complete_first(Connection& connection, std::int64_t now);
  void go_on(Connection& connection, std::int64_t now);

  void lose(Connection& connection, const std::string& why);
  void give_up();

  const Options& options_;
  Tally tally_;
  CommandWriter writer_;
  std::string wait_;  // The WAIT behind each pipeline; empty: none.
  std::vector<Connection> connections_;
  std::optional<Schedule> schedule_;
  Descriptor epoll_;
  std::vector<char> buffer_;
  std::uint64_t left_ = 0;  // Operations that may still be begun, when they are what ends the run.
  std::size_t live_ = 0;
  std::uint64_t under_way_ = 0;
  std::uint64_t due_ = 0;
  std::int64_t last_progress_ = 0;
  bool gave_up_ = false;
};

}  // namespace rabia::bench
