#include "server/result_to_resp.h"

namespace rabia::server {
namespace {

constexpr std::string_view malformed_result = "ERR the store gave a malformed result";

void write_item(const kv::ResultItem& item, resp::ReplyWriter& reply) {
  switch (item.tag) {
    case kv::ResultTag::ok:
      return reply.ok();
    case kv::ResultTag::nil:
      return reply.null();
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

void write_result(std::string_view result, resp::ReplyWriter& reply) {
  kv::ResultReader reader(result);
  const auto item = reader.next();
  if (!item || !reader.complete()) return reply.error(malformed_result);
  write_item(*item, reply);
}

void write_next_result(kv::ResultReader& results, resp::ReplyWriter& reply) {
  const auto item = results.next();
  if (!item) return reply.error(malformed_result);
  write_item(*item, reply);
}

}  // namespace rabia::server
