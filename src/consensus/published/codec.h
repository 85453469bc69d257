// What published::Said is as bytes: docs/formats/message.md, "The protocol as published".
#pragma once

#include "base/codec.h"
#include "consensus/published/message.h"

namespace rabia::consensus::published {

void put(base::Encoder& out, const Said& said);
// Malformed bytes: `in` fails.
[[nodiscard]] Said take_said(base::Decoder& in);

}  // namespace rabia::consensus::published
