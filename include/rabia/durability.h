// When what a replica has promised counts as remembered.
#pragma once

#include <cstdint>

namespace rabia {

// protocol.md, section 1. The numbers are part of the log's format.
enum class Durability : std::uint8_t {
  always = 0,  // On stable storage: survives a power failure.
  os = 1,      // Given to the operating system: survives a crash of the process.
  memory = 2,  // Held by the process: survives nothing. Nothing is written.
};

}  // namespace rabia
