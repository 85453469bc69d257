#include "server/result_to_resp.h"

namespace rabia::server {
namespace {

constexpr std::string_view malformed_result = "ERR the store gave a malformed result";

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
    case kv::ResultTag::list:
      return reply.error(malformed_result);  // Of a transaction, which has its own reply.
    case kv::ResultTag::error:
      return reply.error(item.text);
    case kv::ResultTag::read:
      return reply.written(item.text);
  }
}

}  // namespace

void write_result(std::string_view result, ResultShape shape, resp::ReplyWriter& reply) {
  kv::ResultReader reader(result);
  const auto item = reader.next();
  if (!item || !reader.complete()) return reply.error(malformed_result);
  write_item(*item, shape, reply);
}

void write_next_result(kv::ResultReader& results, ResultShape shape, resp::ReplyWriter& reply) {
  const auto item = results.next();
  if (!item) return reply.error(malformed_result);
  write_item(*item, shape, reply);
}

}  // namespace rabia::server
