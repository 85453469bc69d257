#include "client/write_words.h"

namespace rabia::client {

using Kind = kv::ClientWrite::Kind;

Status check(const kv::ClientWrite& write) {
  if (write.kind == Kind::set && write.ttl && write.ttl->count() < 1) {
    return {Code::invalid_argument, "ttl: a key that is set lives for 1 ms at least"};
  }
  if (write.kind == Kind::expire && !write.ttl) {
    return {Code::invalid_argument, "ttl: expire needs to know in how long"};
  }
  return {};
}

WriteWords::WriteWords(const kv::ClientWrite& write)
    : write_(&write),
      number_(std::to_string(write.kind == Kind::increment ? write.by
                             : write.ttl                   ? write.ttl->count()
                                                           : 0)) {}

Words WriteWords::words() const {
  switch (write_->kind) {
    case Kind::set:
      if (!write_->ttl) return {"SET", write_->key, write_->value};
      return {"SET", write_->key, write_->value, "PX", number_};
    case Kind::del:
      return {"DEL", write_->key};
    case Kind::increment:
      return {"INCRBY", write_->key, number_};
    case Kind::expire:
      break;
  }
  return {"PEXPIRE", write_->key, number_};
}

}  // namespace rabia::client
