#include "rabia/session.h"

#include <cstdint>
#include <random>
#include <string_view>

namespace rabia {

Session::Session() {
  constexpr std::string_view digits = "0123456789abcdef";
  std::random_device device;
  for (int word = 0; word < 4; ++word) {
    std::uint32_t bits = device();
    for (int digit = 0; digit < 8; ++digit, bits >>= 4) name_ += digits[bits & 15];
  }
}

}  // namespace rabia
