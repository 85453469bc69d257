// Bytes of any machine, for people.
#pragma once

#include <string>
#include <string_view>

namespace rabia::sim {

// In quotes; what cannot be printed as \x1f, and of many the first 60 only.
[[nodiscard]] inline std::string quoted(std::string_view bytes) {
  constexpr std::size_t most = 60;
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text = "'";
  for (const char each : bytes.substr(0, most)) {
    const auto code = static_cast<unsigned char>(each);
    if (code >= 0x20 && code < 0x7f) {
      text += each;
    } else {
      text += {'\\', 'x', digits[code >> 4], digits[code & 15]};
    }
  }
  return text + "'" + (bytes.size() > most ? "…" : "");
}

}  // namespace rabia::sim
