// What the client has to know of a command before it sends it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rabia::client {

enum class CommandKind : std::uint8_t {
  read,   // Changes nothing: may be sent again.
  write,  // RABIA.ONCE takes it.
  named,  // Has a name of its own already.
  other,  // May do anything, and is sent once.
  bound,  // Means something to one connection alone, and those are shared.
};

// Which keys it may change.
enum class ChangedKeys : std::uint8_t { none, first, first_two, all, every_second, whatever };

struct CommandFacts {
  std::string_view name;
  CommandKind kind = CommandKind::other;
  ChangedKeys keys = ChangedKeys::whatever;
};

// By its name, in any case. One that is not known is Kind other, and may change whatever.
[[nodiscard]] CommandFacts facts_of(std::string_view name);

// The keys among the arguments (the first is the command's name); the bytes are theirs. Not for
// ChangedKeys::whatever.
[[nodiscard]] std::vector<std::string_view> changed_keys(ChangedKeys keys,
                                                         std::span<const std::string_view> words);

}  // namespace rabia::client
