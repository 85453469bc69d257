// Results as one line of text, for tests: OK, (nil), (integer) 3, "bytes", (error) ERR …
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kv/result_reader.h"

namespace rabia::kv {

// Of the next result, with all that it holds.
inline std::string next_text(ResultReader& reader) {
  const std::optional<ResultItem> item = reader.next();
  if (!item) return "(malformed reply)";
  switch (item->tag) {
    case ResultTag::ok:
      return "OK";
    case ResultTag::nil:
      return "(nil)";
    case ResultTag::integer:
      return "(integer) " + std::to_string(item->integer);
    case ResultTag::bytes:
      return '"' + std::string(item->text) + '"';
    case ResultTag::list: {
      std::string text = "[";
      for (std::int64_t i = 0; i < item->integer; ++i) {
        text.append(i == 0 ? "" : ", ").append(next_text(reader));
      }
      return text + "]";
    }
    case ResultTag::error:
      return "(error) " + std::string(item->text);
    case ResultTag::read:
      return "(read) " + std::string(item->text);
  }
  return "(unknown)";
}

// Of exactly one result.
inline std::string reply_text(std::string_view reply) {
  ResultReader reader(reply);
  std::string text = next_text(reader);
  return reader.complete() ? text : "(malformed reply)";
}

}  // namespace rabia::kv
