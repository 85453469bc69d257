#include "rabia_bench/json.h"

#include <array>
#include <cmath>
#include <cstdio>

namespace rabia::bench {

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char each : text) {
    const auto byte = static_cast<unsigned char>(each);
    if (each == '"' || each == '\\') {
      out += '\\';
      out += each;
    } else if (byte < 0x20 || byte > 0x7e) {
      std::array<char, 8> escaped{};
      std::snprintf(escaped.data(), escaped.size(), "\\u%04x", byte);
      out += escaped.data();
    } else {
      out += each;
    }
  }
  return out + "\"";
}

std::string json_number(double number) {
  if (!std::isfinite(number)) return "null";
  std::array<char, 40> text{};
  const char* const format = std::abs(number) >= 1e6 && std::abs(number) < 1e15 ? "%.0f" : "%.6g";
  std::snprintf(text.data(), text.size(), format, number);
  return text.data();
}

std::string json_list(const std::vector<std::string>& elements) {
  std::string out;
  for (const std::string& each : elements) out += (out.empty() ? "" : ",") + each;
  return "[" + out + "]";
}

}  // namespace rabia::bench
