// Connections in memory, on virtual time: each direction between two hosts can be delayed and cut,
// bytes can arrive in pieces, buffers can be small. The same calls and seed give the same run.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/random.h"
#include "io/network.h"
#include "io/testing/manual_executor.h"

namespace rabia::io::testing {

class MemoryEnd;
class MemoryAttempt;

// All hosts and what lies between them. Outlives every stream, listener and attempt. One thread.
class MemoryNetwork {
 public:
  explicit MemoryNetwork(ManualExecutor& executor, std::uint64_t seed = 1);
  ~MemoryNetwork();
  MemoryNetwork(const MemoryNetwork&) = delete;
  MemoryNetwork& operator=(const MemoryNetwork&) = delete;

  // The network as this host sees it. It listens under its own name, whatever host an endpoint to
  // listen on names; others connect to that name.
  Network& at(const std::string& host);

  // How long bytes take from one host to another (1 ms at first); for bytes written from now on.
  void set_delay(base::Duration delay) { default_delay_ = delay; }
  void set_delay(const std::string& from, const std::string& to, base::Duration delay);
  // On top of the delay, by chance, up to so much; bytes of one connection stay in order.
  void set_jitter(const std::string& from, const std::string& to, base::Duration jitter);
  // From now on what one host sends to the other (bytes, ends and beginnings of connections) waits,
  // as TCP does, until heal(). The other direction goes on.
  void cut(const std::string& from, const std::string& to);
  void heal(const std::string& from, const std::string& to);
  // Resets every connection between the two, both ways, at once.
  void break_connections(const std::string& a, const std::string& b);
  // The machine loses power: its ends of connections vanish, and nobody is told. What others send
  // to it goes nowhere.
  void drop_host(const std::string& host);
  // Every delivery brings at most this many bytes, by chance fewer.
  void set_piece_bytes_max(std::size_t bytes) { piece_bytes_max_ = bytes; }
  // How much one direction of a connection takes before unsent() grows.
  void set_buffer_bytes(std::size_t bytes) { buffer_bytes_ = bytes; }

 private:
  friend class MemoryEnd;
  friend class MemoryAttempt;
  class Host;
  class PortListener;
  using Direction = std::pair<std::string, std::string>;
  struct Link {
    base::Duration delay{-1};  // Negative: the default.
    base::Duration jitter{};
    bool cut = false;
  };

  [[nodiscard]] base::Duration delay(const Direction& direction);
  [[nodiscard]] bool is_cut(const Direction& direction) const;
  std::unique_ptr<Stream> open_pair(const std::string& from, const Endpoint& to,
                                    const Network::OnAccept& accept);

  ManualExecutor& executor_;
  base::Random random_;
  base::Duration default_delay_ = std::chrono::milliseconds(1);
  std::size_t piece_bytes_max_ = 64 << 10;
  std::size_t buffer_bytes_ = 4 << 20;
  std::uint16_t next_port_ = 20000;
  std::map<Direction, Link> links_;
  std::map<std::string, std::unique_ptr<Host>> hosts_;
  std::map<std::pair<std::string, std::uint16_t>, std::shared_ptr<Network::OnAccept>> listeners_;
  std::vector<std::weak_ptr<MemoryEnd>> ends_;
  std::vector<std::weak_ptr<MemoryAttempt>> stalled_;  // Attempts that a cut holds up.
};

}  // namespace rabia::io::testing
