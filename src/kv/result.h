// What an operation of the store answers, as bytes that know nothing of any client protocol.
// The server turns them into RESP; the library turns them into values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/codec.h"
#include "kv/zigzag.h"

namespace rabia::kv {

// One byte, then what the comment says. docs/formats/command.md.
enum class ResultTag : std::uint8_t {
  ok = 0,       // nothing
  nil = 1,      // nothing
  integer = 2,  // zigzag varint
  bytes = 3,    // varint length, bytes
  list = 4,     // varint count, then so many results
  error = 5,  // varint length, text in Redis's form ("ERR value is not an integer or out of range")
  read = 6,   // varint length, what the TransactionReader of this replica wrote
};

// Appends results to a string that may be absent (nobody waits: everything is dropped).
class ResultWriter {
 public:
  explicit ResultWriter(std::string* out) : out_(out) {}

  void ok() { tag(ResultTag::ok); }
  void nil() { tag(ResultTag::nil); }
  void integer(std::int64_t value) {
    if (out_ == nullptr) return;
    tag(ResultTag::integer);
    base::Encoder(*out_).varint(zigzag(value));
  }
  void bytes(std::string_view value) { prefixed(ResultTag::bytes, value); }
  void error(std::string_view text) { prefixed(ResultTag::error, text); }
  // So many results follow.
  void list(std::uint64_t count) {
    if (out_ == nullptr) return;
    tag(ResultTag::list);
    base::Encoder(*out_).varint(count);
  }
  void read(std::string_view bytes) { prefixed(ResultTag::read, bytes); }

  // Whether somebody waits.
  [[nodiscard]] bool wanted() const { return out_ != nullptr; }

 private:
  void tag(ResultTag value) {
    if (out_ != nullptr) out_->push_back(static_cast<char>(value));
  }
  void prefixed(ResultTag value, std::string_view text) {
    if (out_ == nullptr) return;
    tag(value);
    base::Encoder(*out_).bytes(text);
  }
  std::string* out_;
};

}  // namespace rabia::kv
