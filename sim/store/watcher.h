// One who watches the changes of the store: at one replica after the other, from the last change on
// that it knows.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "io/testing/manual_executor.h"
#include "io/testing/memory_network.h"
#include "sim/store/changes_watch.h"
#include "sim/world/host.h"
#include "sim/world/plan.h"
#include "sim/world/trace.h"

namespace rabia::sim {

// One thread. Lives as long as its world.
class Watcher final : public io::StreamHandler {
 public:
  struct World {
    io::testing::ManualExecutor& executor;
    io::testing::MemoryNetwork& network;
    Trace& trace;
    Tally& tally;
    const ChangesWatch& changes;
    std::vector<std::unique_ptr<Host>>& hosts;
    std::function<void(std::string)> broken;
  };
  Watcher(World& world, const Plan& plan, std::uint32_t id);
  ~Watcher() override;
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  void begin();
  // For good.
  void stop();
  // It was told of every change there has been, as far as they are its affair.
  [[nodiscard]] bool knows_everything() const { return next_above(known_) > world_.changes.end(); }

  void on_bytes(std::string_view bytes) override;
  void on_drained() override {}
  void on_closed(std::string_view reason) override;

 private:
  void connect();
  void connected(Result<std::unique_ptr<io::Stream>> stream);
  void ask();
  void leave();
  void take(std::string_view reply);
  void take_answer(std::string_view reply);
  void take_push(const std::vector<std::string>& words);
  void take_listed(std::string_view reply);
  void take_event(const std::vector<std::string>& words, std::size_t begin);
  void take_refusal(std::string_view reply);
  void passed_over(std::uint64_t revision);
  void accepted();
  // The first change above this one that is its affair; one above the last there is if none.
  [[nodiscard]] std::uint64_t next_above(std::uint64_t revision) const;
  [[nodiscard]] Host& host() const { return *world_.hosts[replica_]; }
  void run_later(base::Duration after, void (Watcher::*what)());
  void broken(const std::string& what);

  World& world_;
  const Plan& plan_;
  std::string name_;
  base::Random random_;
  std::string prefix_;  // Of the keys that it watches; empty: all.
  std::uint64_t known_ = 0;
  std::size_t replica_;
  std::optional<std::size_t> told_by_;  // The replica that accepted it last.
  bool stopped_ = false;
  std::uint64_t connection_ = 0;  // Which one is the latest: what was planned for others is void.
  std::uint64_t life_ = 0;        // Of the host, when it connected.
  bool polls_ = false;            // By RABIA.EVENTS.
  bool answered_ = false;         // RABIA.WATCH was.
  std::unique_ptr<io::Connecting> connecting_;
  std::unique_ptr<io::Stream> stream_;
  std::string received_;
};

}  // namespace rabia::sim
