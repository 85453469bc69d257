// Finds the ends of replies in what a server sends, at the least cost: a load generator wants to
// know that a reply came and whether it was an error, not what was in it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rabia::bench {

// What is remembered of one reply (RESP2). An array is one reply with all that is in it.
struct Reply {
  enum class Kind : std::uint8_t { text, integer, nothing, list, error } kind = Kind::text;
  std::int64_t integer = 0;
  // Of the first error, at the top or inside an array (EXEC): without '-'. Cut at 200 bytes.
  std::string error;
  [[nodiscard]] bool failed() const { return !error.empty(); }
};

// Of one connection. Bytes may be split anywhere.
class ReplyScanner {
 public:
  enum class Found : std::uint8_t {
    reply,      // reply() is whole; `bytes` begins behind it.
    more,       // All bytes are taken, and the next reply is not complete.
    malformed,  // No RESP2: the connection is of no more use.
  };

  // Goes on to the end of the next reply, and takes its bytes from the front of `bytes`.
  Found next(std::string_view& bytes);
  [[nodiscard]] const Reply& reply() const { return reply_; }

 private:
  Found take_line(std::string_view line);
  Found element_ends();
  static bool take_length(std::string_view digits, std::int64_t& length);

  std::uint64_t open_ = 0;  // Elements that the reply still needs; 0: between two replies.
  bool is_top_ = false;     // The next line is the first one of its reply.
  std::uint64_t skip_ = 0;  // Bytes of a bulk string, with its end of line, still to come.
  std::string line_;        // The beginning of a line that was split.
  Reply reply_;
};

}  // namespace rabia::bench
