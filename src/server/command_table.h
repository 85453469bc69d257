// All commands, found by name.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "server/command.h"

namespace rabia::server {

// Immutable; any thread.
class CommandTable {
 public:
  static const CommandTable& instance();

  // The row for a call: a subcommand's own row where there is one. Null, with the error that Redis
  // gives, when there is none or the number of arguments is wrong. `arguments` must not be empty.
  [[nodiscard]] const Command* resolve(Arguments arguments, std::string& error) const;

  // The row for a call whatever the number of its arguments. Null when there is none.
  [[nodiscard]] const Command* find_for(Arguments arguments) const;

  // By name in any case; subcommands as "client|list". Null when there is none.
  [[nodiscard]] const Command* find(std::string_view name) const;

  // The commands (without subcommands), by name.
  [[nodiscard]] const std::vector<const Command*>& commands() const { return commands_; }

  // By Command::index, which is below rows(); the commands come first.
  [[nodiscard]] const Command& at(std::size_t index) const { return rows_[index]; }
  [[nodiscard]] std::size_t rows() const { return rows_.size(); }

 private:
  CommandTable();

  std::vector<Command> rows_;  // Copies, with their index: commands by name, then subcommands.
  std::vector<const Command*> commands_;                          // The same rows, of commands.
  std::unordered_map<std::string_view, const Command*> by_name_;  // Subcommands too.
};

// Whether its key positions are those of keys: Redis gives shard channels such too.
[[nodiscard]] inline bool has_keys(const Command& command) {
  return command.keys.first > 0 && command.key_flags != "not_key";
}

// Appends the keys among the arguments of a call.
void find_keys(const Command& command, Arguments arguments, std::vector<std::string_view>& keys);

}  // namespace rabia::server
