#include "server/result_to_resp.h"

#include <cstddef>
#include <string>

#include "kv/result_reader.h"

namespace rabia::server {
namespace {

void write_item(const kv::ResultItem& item, ResultShape shape, resp::ReplyWriter& reply) {
  const bool as_number = shape == ResultShape::one_or_zero;
  switch (item.tag) {
    case kv::ResultTag::ok:
      return as_number ? reply.integer(1) : reply.ok();
    case kv::ResultTag::nil:
      return as_number ? reply.integer(0) : reply.null();
    case kv::ResultTag::integer:
      return reply.integer(item.integer);
    case kv::ResultTag::bytes:
      return reply.bulk(item.text);
    case kv::ResultTag::error:
      return reply.error(item.text);
    case kv::ResultTag::array:
      return reply.array(static_cast<std::size_t>(item.count));
  }
}

// Whether the bytes are one result, whole, with all its elements.
bool well_formed(std::string_view result) {
  kv::ResultReader reader(result);
  std::uint64_t left = 1;
  while (left > 0) {
    const auto item = reader.next();
    if (!item) return false;
    left += item->count;
    --left;
  }
  return reader.complete();
}

}  // namespace

void write_result(std::string_view result, ResultShape shape, resp::ReplyWriter& reply) {
  if (!well_formed(result)) return reply.error("ERR the store gave a malformed result");
  kv::ResultReader reader(result);
  while (const auto item = reader.next()) write_item(*item, shape, reply);
}

}  // namespace rabia::server
