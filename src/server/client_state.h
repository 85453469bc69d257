// What a server knows of one client: what its local commands read and change.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "resp/writer.h"
#include "server/absent_keys.h"
#include "server/client_subscriptions.h"
#include "server/command.h"
#include "server/transaction.h"

namespace rabia::server {

// A client in WAIT: until so many peers hold everything, or until the deadline.
struct PendingWait {
  std::int64_t needed = 0;
  std::optional<base::Instant> deadline{};  // None: for ever.
  std::int64_t best = 0;                    // The most that were seen since the command came.
  bool muted = false;
};

// CLIENT REPLY: which replies are left out.
struct ReplyMode {
  bool off = false;
  bool skip_this = false;
  bool skip_next = false;

  [[nodiscard]] bool muted() const { return off || skip_this; }
  // The command in hand is done.
  void next_command() {
    skip_this = skip_next;
    skip_next = false;
  }
};

struct ClientState {
  std::uint64_t id = 0;
  std::string address;        // Of the client, "host:port".
  std::string local_address;  // Of this side.
  std::string name;
  std::string library_name;
  std::string library_version;
  resp::Protocol protocol = resp::Protocol::resp2;
  bool authenticated = false;
  bool no_evict = false;
  bool no_touch = false;
  bool close_after_reply = false;
  bool monitors = false;  // MONITOR was called.
  ReplyMode replies;
  std::optional<Transaction> transaction;  // MULTI was called.
  ClientWatch watched;
  ClientSubscriptions subscriptions;
  std::size_t watches = 0;  // Of RABIA.WATCH. Kept by Watchers.
  std::optional<PendingWait> wait;
  bool awaits_deferred = false;  // The reply of a deferred command.
  base::Instant connected_at{};
  base::Instant last_active_at{};
  const Command* last_command = nullptr;

  // In RESP2, messages and replies could not be told apart: other commands are refused.
  [[nodiscard]] bool only_subscribes() const {
    return protocol == resp::Protocol::resp2 && (subscriptions.any() || watches > 0);
  }
  // It takes no further command before what it waits for.
  [[nodiscard]] bool blocked() const { return wait.has_value() || awaits_deferred; }
};

}  // namespace rabia::server
