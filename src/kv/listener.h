// Who is told at this replica what passes through the log, beside the state that it changes.
#pragma once

#include <cstdint>
#include <string_view>

#include "kv/change.h"

namespace rabia::kv {

// Two sets of names that know nothing of each other. The numbers are in the log.
enum class ChannelKind : std::uint8_t { plain = 0, shard = 1 };

// Core thread only. Calls come while a command is applied: the listener leaves the machine alone.
class Listener : public ChangeListener {
 public:
  // A message, at its place in the log; valid only during the call. How many receive it at this
  // replica: what a client is answered that waits here, and no part of the state.
  virtual std::uint64_t on_message(ChannelKind kind, std::string_view channel,
                                   std::string_view payload) = 0;
  // A command whose client waits at this replica looked for a key to read, and there is none.
  virtual void on_missed(std::string_view key) = 0;
  // The state was replaced by that of a later place in the log: what lies between never comes.
  virtual void on_skipped() = 0;
};

}  // namespace rabia::kv
