#include "server/result_to_resp.h"

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
  }
}

}  // namespace

void write_result(std::string_view result, ResultShape shape, resp::ReplyWriter& reply) {
  kv::ResultReader reader(result);
  const auto item = reader.next();
  if (!item || !reader.complete()) return reply.error("ERR the store gave a malformed result");
  write_item(*item, shape, reply);
}

}  // namespace rabia::server
