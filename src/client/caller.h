// Sends commands until they are answered, or may not be sent any more.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "client/judgement.h"
#include "client/pool.h"

namespace rabia::client {

struct CallCounts {
  std::uint64_t calls = 0;
  std::uint64_t retries = 0;
  std::uint64_t unavailable = 0;
  std::uint64_t unknown_outcome = 0;
};

// Thread-safe. The pool outlives it.
class Caller {
 public:
  struct Options {
    Milliseconds answer_within;
    Milliseconds retry_within;
  };
  Caller(Pool& pool, Options options) : pool_(pool), options_(options) {}

  // The reply of one command, which is not an error. `words` hold what makes it safe to repeat it.
  Result<Reply> call(const Words& words, Repeat repeat);
  // Of all commands as one transaction, one for each.
  Result<std::vector<Reply>> transact(std::span<const Words> commands);

  [[nodiscard]] CallCounts counts() const;

 private:
  // What became of one sending.
  struct Sent {
    Verdict verdict = Verdict::answered;
    Reply reply{};      // When it was answered.
    std::string why{};  // When it was not.
    bool lost = false;  // Its connection is.
  };
  using Send = std::function<Sent(Connection& connection, Instant deadline)>;

  Result<Reply> run(Repeat repeat, const Send& send);
  // `harmless`: what is sent changes nothing by itself.
  static Sent send_all(Connection& connection, Instant deadline, std::span<const Words> commands,
                       bool harmless);
  Status count(Status failure);

  Pool& pool_;
  const Options options_;
  std::atomic<std::uint64_t> calls_ = 0;
  std::atomic<std::uint64_t> retries_ = 0;
  std::atomic<std::uint64_t> unavailable_ = 0;
  std::atomic<std::uint64_t> unknown_outcome_ = 0;
};

}  // namespace rabia::client
