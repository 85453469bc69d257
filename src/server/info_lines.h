// Lines of INFO.
#pragma once

#include <concepts>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace rabia::server {

struct ServerState;

// Writes "name:value" lines.
class Lines {
 public:
  explicit Lines(std::string& out) : out_(out) {}

  void field(std::string_view name, std::string_view value) {
    out_.append(name).append(":").append(value).append("\r\n");
  }
  template <std::integral T>
  void field(std::string_view name, T value) {
    field(name, std::to_string(value));
  }
  void seconds(std::string_view name, double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.6f", value);
    field(name, text);
  }
  void two_places(std::string_view name, double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2f", value);
    field(name, text);
  }
  // Bytes, and once more for people.
  void bytes(std::string_view name, std::uint64_t value) {
    field(name, value);
    field(std::string(name) + "_human", for_people(value));
  }

 private:
  static std::string for_people(std::uint64_t bytes) {
    constexpr std::uint64_t kibi = 1024;
    if (bytes < kibi) return std::to_string(bytes) + "B";
    auto amount = static_cast<double>(bytes) / kibi;
    std::size_t unit = 0;
    for (; amount >= kibi && unit < 3; ++unit) amount /= kibi;
    char text[32];
    std::snprintf(text, sizeof text, "%.2f%c", amount, "KMGT"[unit]);
    return text;
  }

  std::string& out_;
};

// The sections about commands, in info_commands.cc.
void write_commandstats(const ServerState& server, Lines& lines);
void write_errorstats(const ServerState& server, Lines& lines);
void write_latencystats(const ServerState& server, Lines& lines);

}  // namespace rabia::server
