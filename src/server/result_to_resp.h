// Results of the store's operations as replies.
#pragma once

#include <string_view>

#include "kv/result_reader.h"
#include "resp/writer.h"

namespace rabia::server {

// `result` is what kv::ResultWriter wrote. Always writes exactly one reply: bytes that are no
// result become an error.
void write_result(std::string_view result, resp::ReplyWriter& reply);
// The same with the next one of several.
void write_next_result(kv::ResultReader& results, resp::ReplyWriter& reply);

}  // namespace rabia::server
