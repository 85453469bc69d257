// Reads what ResultWriter wrote.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/codec.h"
#include "kv/result.h"

namespace rabia::kv {

// One result. `text` points into the bytes that were read.
struct ResultItem {
  ResultTag tag = ResultTag::nil;
  std::int64_t integer = 0;  // Of an integer; of a list: how many results follow.
  std::string_view text;     // Of bytes, an error or a read.
};

// Over bytes that the caller owns. The results of a list come one after the other, behind it.
class ResultReader {
 public:
  explicit ResultReader(std::string_view bytes) : in_(bytes) {}

  // Nothing at the end and for malformed bytes: complete() tells which.
  std::optional<ResultItem> next() {
    if (in_.remaining() == 0) return std::nullopt;
    ResultItem item;
    const auto tag = in_.fixed<std::uint8_t>();
    item.tag = static_cast<ResultTag>(tag);
    switch (item.tag) {
      case ResultTag::ok:
      case ResultTag::nil:
        break;
      case ResultTag::integer:
        item.integer = unzigzag(in_.varint());
        break;
      case ResultTag::list:
        item.integer = static_cast<std::int64_t>(in_.varint());
        break;
      case ResultTag::bytes:
      case ResultTag::error:
      case ResultTag::read:
        item.text = in_.bytes();
        break;
      default:
        in_.fail();
    }
    if (!in_.ok()) return std::nullopt;
    return item;
  }
  [[nodiscard]] bool complete() const { return in_.complete(); }

 private:
  base::Decoder in_;
};

}  // namespace rabia::kv
