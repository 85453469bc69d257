#include <cinttypes>
#include <cstdio>

#include "rabia/state_machine.h"

namespace rabia {

std::string to_string(const StateDigest& digest) {
  char text[33];
  std::snprintf(text, sizeof text, "%016" PRIx64 "%016" PRIx64, digest.high, digest.low);
  return text;
}

}  // namespace rabia
