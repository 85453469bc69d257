// What is run on arbitrary bytes. docs/testing.md, "Fuzzing".
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rabia::fuzz {

struct Target {
  const char* name;
  // Ends the process when the property of the target does not hold for this input.
  void (*run)(std::string_view input);
  // Inputs to begin with, made by the encoders that ship.
  std::vector<std::string> (*seeds)();
};

extern const Target resp;
extern const Target commands;
extern const Target state;
extern const Target log;
extern const Target snapshots;
extern const Target frames;
extern const Target messages;

[[nodiscard]] std::span<const Target* const> targets();

}  // namespace rabia::fuzz
