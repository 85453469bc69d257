// Messages and records as bytes. docs/formats/message.md and docs/formats/record.md.
#pragma once

#include <string>
#include <string_view>

#include "base/codec.h"
#include "consensus/message.h"
#include "consensus/record.h"
#include "rabia/result.h"

namespace rabia::consensus {

// No range in a message or record spans more rounds than this: a receiver's work is bounded.
inline constexpr std::uint64_t range_rounds_max = 1U << 20;

// Appends one message. Messages follow each other without separators.
void encode(const Message& message, std::string& out);
// Reads the next message and leaves `in` behind it. Malformed bytes: Code::corrupted.
Result<Message> decode_message(base::Decoder& in);

// Appends one record.
void encode(const Record& record, std::string& out);
// Reads exactly one record. Anything else: Code::corrupted.
Result<Record> decode_record(std::string_view bytes);

}  // namespace rabia::consensus
