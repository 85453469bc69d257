// A state machine for tests: keeps every command, and answers how many there are.
#pragma once

#include <string>
#include <vector>

#include "base/codec.h"
#include "rabia/small_state_machine.h"

namespace rabia::testing {

class Notes : public SmallStateMachine {
 public:
  std::vector<std::string> notes;

  std::string execute(const ApplyContext& /*context*/, std::string_view command) override {
    notes.emplace_back(command);
    return std::to_string(notes.size());
  }
  [[nodiscard]] std::string save() const override {
    std::string out;
    base::Encoder encode(out);
    for (const std::string& note : notes) encode.bytes(note);
    return out;
  }
  Status load(std::string_view bytes) override {
    std::vector<std::string> read;
    base::Decoder decode(bytes);
    while (decode.ok() && decode.remaining() > 0) read.emplace_back(decode.bytes());
    if (!decode.complete()) return {Code::corrupted, "not the state of notes"};
    notes = std::move(read);
    return {};
  }
};

}  // namespace rabia::testing
