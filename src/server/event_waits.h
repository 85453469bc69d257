// Clients that wait in RABIA.EVENTS … BLOCK for a change that matches.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/time.h"
#include "io/executor.h"
#include "kv/change_bus.h"

namespace rabia::server {

// Core thread only. A client is removed before it ends.
class EventWaits {
 public:
  // Is given the revision behind which the first change that matches lies, or all that there are
  // when its time was over; nothing: changes may have been lost meanwhile.
  using Answer = std::function<void(std::optional<std::uint64_t> from)>;

  // The bus outlives the waits.
  EventWaits(io::Executor& executor, kv::ChangeBus& bus);

  // From now on. `answer` is called once, in another turn of the loop, after at most `at_most`;
  // zero: whenever that is. At most one wait of a client.
  void add(std::uint64_t client, kv::ChangeFilter filter, base::Duration at_most, Answer answer);
  // Its answer is not called any more.
  void remove(std::uint64_t client) { waits_.erase(client); }
  [[nodiscard]] std::size_t size() const { return waits_.size(); }

 private:
  struct Wait {
    std::uint64_t number;
    Answer answer;
    std::unique_ptr<kv::ChangeCursor> stream;
    std::unique_ptr<io::Timer> deadline;  // Null: there is none.
  };

  void answer(std::uint64_t client, std::uint64_t number);
  void answer_ready();

  io::Executor& executor_;
  kv::ChangeBus& bus_;
  std::unique_ptr<io::Timer> timer_;
  std::map<std::uint64_t, Wait> waits_;
  std::uint64_t last_number_ = 0;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ready_;  // Client, and number of the wait.
};

}  // namespace rabia::server
