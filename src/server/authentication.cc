#include "server/authentication.h"

#include <algorithm>

#include "server/client_state.h"
#include "server/server_state.h"

namespace rabia::server {
namespace {

// Takes the same time wherever the first difference is.
bool equal_in_constant_time(std::string_view given, std::string_view expected) {
  unsigned difference = given.size() == expected.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const char other = expected.empty() ? '\0' : expected[i % expected.size()];
    difference |= static_cast<unsigned char>(given[i] ^ other);
  }
  return difference == 0;
}

}  // namespace

bool authenticate(LocalCall& call, std::string_view user, std::string_view password) {
  const std::string& expected = call.server.options.require_pass;
  const bool right = expected.empty() || equal_in_constant_time(password, expected);
  if (user != "default" || !right) {
    call.reply.error("WRONGPASS invalid username-password pair or user is disabled.");
    return false;
  }
  call.client.authenticated = true;
  return true;
}

bool is_plain_word(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '!' && c <= '~'; });
}

bool set_client_name(LocalCall& call, std::string_view name) {
  if (!is_plain_word(name)) {
    call.reply.error("ERR Client names cannot contain spaces, newlines or special characters.");
    return false;
  }
  call.client.name = name;
  return true;
}

}  // namespace rabia::server
