// Messages and records for people: traces of a simulated world.
#pragma once

#include <string>

#include "consensus/message.h"
#include "consensus/record.h"

namespace rabia::consensus::testing {

[[nodiscard]] std::string print(const Message& message);
[[nodiscard]] std::string print(const Record& record);

}  // namespace rabia::consensus::testing
