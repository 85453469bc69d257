#include "server/monitors.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "server/client_state.h"
#include "server/server_state.h"
#include "server/session.h"
#include "server/slow_log.h"

namespace rabia::server {
namespace {

// As C writes a string, in quotes.
void append_quoted(std::string_view text, std::string& out) {
  constexpr std::string_view escaped = "\\\"\n\r\t\a\b";
  constexpr std::string_view letters = "\\\"nrtab";
  constexpr std::string_view digits = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (const std::size_t at = escaped.find(c); at != std::string_view::npos) {
      out += '\\';
      out += letters[at];
    } else if (byte >= 0x20 && byte < 0x7f) {
      out += c;
    } else {
      out.append("\\x");
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  out += '"';
}

}  // namespace

void Monitors::show(const ClientState& from, const Command& command, Arguments arguments) {
  if ((command.flags & flag::admin) != 0) return;
  const auto now = server_.executor.wall_now().time_since_epoch();
  char stamp[40];
  std::snprintf(stamp, sizeof stamp, "+%lld.%06lld [0 ",
                static_cast<long long>(now.count() / 1'000'000),
                static_cast<long long>(now.count() % 1'000'000));
  line_.assign(stamp).append(from.address).append("]");
  hide_secrets(command, arguments, words_);
  for (const std::string_view word : words_) {
    line_ += ' ';
    append_quoted(word, line_);
  }
  line_ += "\r\n";
  std::erase_if(clients_, [&](std::uint64_t client) {
    const auto found = server_.sessions.all().find(client);
    if (found == server_.sessions.all().end() || found->second->dead()) return true;
    found->second->push(line_);
    return false;
  });
}

}  // namespace rabia::server
