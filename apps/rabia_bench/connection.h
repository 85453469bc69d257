// One connection of the load: what is to be sent, and what waits for its answer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rabia_bench/reply_scanner.h"
#include "rabia_bench/socket.h"

namespace rabia::bench {

// An operation that was sent. `begun` is when it was sent, or was to be sent.
struct Pending {
  std::int64_t begun = 0;
  std::uint32_t operation = 0;  // Its place in the mix.
  bool failed = false;          // One of its replies was an error.
};

// One thread. Bounded by the operations that a worker puts in.
class Connection {
 public:
  // `pending_max`: most operations under way at once.
  Connection(Descriptor socket, std::uint32_t target, std::size_t pending_max)
      : socket_(std::move(socket)), target_(target), ring_(pending_max) {}

  enum class Sent : std::uint8_t { all, part, failed };
  // Sends what out() holds; `part`: the socket takes no more now.
  Sent send();
  // Bytes are appended here, to be sent.
  std::string& out() { return out_; }

  // What waits for its answer, in order.
  void push(const Pending& pending) { ring_[(head_ + count_++) % ring_.size()] = pending; }
  Pending& at(std::size_t place) { return ring_[(head_ + place) % ring_.size()]; }
  void pop() {
    head_ = (head_ + 1) % ring_.size();
    --count_;
  }
  [[nodiscard]] std::size_t pending() const { return count_; }

  void close() { socket_.close(); }
  [[nodiscard]] bool is_open() const { return socket_.is_open(); }
  [[nodiscard]] int socket() const { return socket_.number(); }
  [[nodiscard]] std::uint32_t target() const { return target_; }

  ReplyScanner scanner;
  std::size_t answered = 0;     // Of pending(): those that wait for the WAIT behind them.
  std::uint32_t replies = 0;    // That the first unanswered operation has got so far.
  std::uint64_t due = 0;        // Open loop: operations whose time has come, not sent yet.
  std::uint64_t scheduled = 0;  // Open loop: operations sent so far.
  bool waits_to_send = false;   // The socket took a part only.

 private:
  Descriptor socket_;
  std::uint32_t target_;
  std::string out_;
  std::size_t sent_ = 0;
  std::vector<Pending> ring_;
  std::size_t head_ = 0;
  std::size_t count_ = 0;
};

}  // namespace rabia::bench
