// Results as one line of text, for tests: OK, (nil), (integer) 3, "bytes", (error) ERR …
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "kv/result_reader.h"

namespace rabia::kv {

// Of exactly one result.
inline std::string reply_text(std::string_view reply) {
  ResultReader reader(reply);
  const std::optional<ResultItem> item = reader.next();
  if (!item || !reader.complete()) return "(malformed reply)";
  switch (item->tag) {
    case ResultTag::ok:
      return "OK";
    case ResultTag::nil:
      return "(nil)";
    case ResultTag::integer:
      return "(integer) " + std::to_string(item->integer);
    case ResultTag::bytes:
      return '"' + std::string(item->text) + '"';
    case ResultTag::list:
      return "(list of " + std::to_string(item->integer) + ")";
    case ResultTag::error:
      return "(error) " + std::string(item->text);
    case ResultTag::read:
      return "(read) " + std::string(item->text);
  }
  return "(unknown)";
}

}  // namespace rabia::kv
