#include <charconv>

#include "io/network.h"

namespace rabia::io {
namespace {

Status malformed(std::string_view text) {
  return {Code::invalid_argument, "\"" + std::string(text.substr(0, 256)) +
                                      "\" is not HOST:PORT (an IPv6 address goes in brackets)"};
}

// All digits, at most 65535.
bool parse_port(std::string_view text, std::uint16_t& port) {
  const char* const end = text.data() + text.size();
  const auto [stopped, failure] = std::from_chars(text.data(), end, port);
  return failure == std::errc() && stopped == end;
}

}  // namespace

Result<Endpoint> parse_endpoint(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return malformed(text);
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return malformed(text);
  }
  Endpoint endpoint;
  if (host.empty() || host.find_first_of("[] \t\r\n") != std::string_view::npos ||
      !parse_port(text.substr(colon + 1), endpoint.port)) {
    return malformed(text);
  }
  endpoint.host = host;
  return endpoint;
}

std::string to_string(const Endpoint& endpoint) {
  const bool literal_v6 = endpoint.host.find(':') != std::string::npos;
  const std::string host = literal_v6 ? "[" + endpoint.host + "]" : endpoint.host;
  return host + ":" + std::to_string(endpoint.port);
}

}  // namespace rabia::io
