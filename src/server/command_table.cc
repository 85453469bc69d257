#include "server/command_table.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"
#include "server/text.h"

namespace rabia::server {
namespace {

// How much of a client's words Redis repeats in its errors.
constexpr std::size_t quoted_bytes_max = 128;

// As C's "%.*s" prints it: up to a zero byte, and no more than `most`.
std::string_view quoted(std::string_view text, std::size_t most) {
  return text.substr(0, std::min(most, text.find('\0')));
}

std::string unknown_command(Arguments arguments) {
  std::string words;
  for (const std::string_view argument : arguments.subspan(1)) {
    if (words.size() >= quoted_bytes_max) break;
    const std::string_view word = quoted(argument, quoted_bytes_max - words.size());
    words.append("'").append(word).append("' ");
  }
  std::string error = "ERR unknown command '";
  error.append(quoted(arguments[0], quoted_bytes_max));
  return error.append("', with args beginning with: ").append(words);
}

std::string unknown_subcommand(const Command& container, std::string_view name) {
  std::string error = "ERR unknown subcommand '";
  error.append(quoted(name, quoted_bytes_max)).append("'. Try ");
  return error.append(to_upper(container.name)).append(" HELP.");
}

}  // namespace

const CommandTable& CommandTable::instance() {
  static const CommandTable table;
  return table;
}

CommandTable::CommandTable() {
  for (const auto& family :
       {connection_commands(), expiry_commands(), keyspace_commands(), memory_commands(),
        object_commands(), once_commands(), persistence_commands(), pubsub_commands(),
        server_commands(), string_read_commands(), string_write_commands(), transaction_commands(),
        watch_commands()}) {
    rows_.insert(rows_.end(), family.begin(), family.end());
  }
  std::ranges::sort(rows_, {}, &Command::name);
  const std::size_t commands = rows_.size();
  for (std::size_t i = 0; i < commands; ++i) {
    const auto& subcommands = rows_[i].subcommands;
    rows_.insert(rows_.end(), subcommands.begin(), subcommands.end());
  }
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    rows_[i].index = i;
    if (i < commands) commands_.push_back(&rows_[i]);
    RABIA_CHECK(by_name_.emplace(rows_[i].name, &rows_[i]).second);
  }
}

const Command* CommandTable::find(std::string_view name) const {
  std::array<char, 64> lower{};
  if (name.size() > lower.size()) return nullptr;
  std::transform(name.begin(), name.end(), lower.begin(), lower_case);
  const auto found = by_name_.find(std::string_view(lower.data(), name.size()));
  return found == by_name_.end() ? nullptr : found->second;
}

const Command* CommandTable::find_for(Arguments arguments) const {
  if (arguments[0].find('|') != std::string_view::npos) return nullptr;
  const Command* const command = find(arguments[0]);
  if (command == nullptr || command->subcommands.empty() || arguments.size() == 1) return command;
  std::string name(command->name);
  return find(name.append("|").append(arguments[1].substr(0, quoted_bytes_max)));
}

const Command* CommandTable::resolve(Arguments arguments, std::string& error) const {
  const Command* const command = find_for(arguments);
  if (command == nullptr) {
    const Command* const container = find_for(arguments.first(1));
    error = container == nullptr ? unknown_command(arguments)
                                 : unknown_subcommand(*container, arguments[1]);
    return nullptr;
  }
  if (!arity_allows(*command, arguments.size())) {
    error = "ERR wrong number of arguments for '";
    error.append(command->name).append("' command");
    return nullptr;
  }
  return command;
}

void find_keys(const Command& command, Arguments arguments, std::vector<std::string_view>& keys) {
  const KeyPositions& positions = command.keys;
  if (!has_keys(command)) return;
  const auto count = static_cast<int>(arguments.size());
  const int last = positions.last >= 0 ? positions.last : count + positions.last;
  for (int i = positions.first; i <= last && i < count; i += positions.step) {
    keys.push_back(arguments[static_cast<std::size_t>(i)]);
  }
}

}  // namespace rabia::server
