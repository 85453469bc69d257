// Client requests out of a stream of bytes: arrays of bulk strings, and inline commands.
//
// The limits and the texts of errors are those of Redis 7. Memory is bounded by the bytes really
// received and by the limits given: what a client only announces costs nothing.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "resp/inline_request.h"

namespace rabia::resp {

struct ParserLimits {
  std::uint64_t argument_bytes_max = 16ULL << 20;
  // One whole command: its arguments' bytes and `argument_overhead_bytes` for each of them.
  std::uint64_t command_bytes_max = 32ULL << 20;

  static constexpr std::uint64_t argument_overhead_bytes = 16;
};

enum class ParseState : std::uint8_t {
  incomplete,  // More bytes are needed.
  command,     // arguments() holds a request: at least one argument.
  refused,     // A well-formed request above the limits was skipped: answer error() and go on.
  malformed,   // For ever: answer error() and close the connection.
};

// The parser of one connection. Not thread-safe.
//
//   parser.feed(bytes);
//   while (parser.peek() == ParseState::command) { use(parser.arguments()); parser.consume(); }
//   parser.keep_rest();
//
// A command that cannot be executed yet is simply not consumed: peek() shows it again later.
class RequestParser {
 public:
  // `limits` must outlive the parser.
  explicit RequestParser(const ParserLimits& limits) : limits_(limits) {}
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // Gives more bytes, which must stay valid until keep_rest(). When nothing is kept from before
  // they are not copied.
  void feed(std::string_view bytes);
  // Copies what is not consumed out of the caller's bytes, and frees memory that an idle connection
  // does not need. Views given before are void.
  void keep_rest();

  // What comes next. Repeats its answer until consume() or, for `incomplete`, until feed().
  [[nodiscard]] ParseState peek();
  // Goes on behind the command or the refused request that peek() showed.
  void consume();

  // After `command`: valid until feed(), keep_rest() or consume().
  [[nodiscard]] std::span<const std::string_view> arguments() const { return views_; }
  // After `refused` or `malformed`: one line for the client, with its code ("ERR …").
  [[nodiscard]] const std::string& error() const { return error_; }

  // Until a client has authenticated it may send only small requests, as in Redis.
  void set_unauthenticated(bool unauthenticated) { unauthenticated_ = unauthenticated; }
  // Bytes received and not consumed.
  [[nodiscard]] std::size_t unconsumed_bytes() const { return input_.size() - command_begin_; }
  // Memory that the parser holds beside itself.
  [[nodiscard]] std::size_t allocated_bytes() const;

 private:
  enum class Step : std::uint8_t { need_bytes, next, done, failed };

  ParseState parse();
  Step start_request();
  Step parse_inline();
  Step parse_array_header();
  Step parse_bulk();
  Step parse_bulk_header();
  Step skip_bulk();
  bool take_header_line(std::string_view& line, std::string_view too_big, Step& otherwise);
  void check_limits(std::uint64_t bulk_bytes);
  Step fail(std::string_view protocol_error);
  void make_views();
  void release_if_large();

  const ParserLimits& limits_;
  std::string rest_;               // Bytes kept between calls, when there are any.
  std::string_view input_;         // All bytes at hand: rest_, or the caller's.
  std::size_t command_begin_ = 0;  // In input_: where the current request begins.
  std::size_t position_ = 0;       // In input_: where parsing goes on.
  std::size_t searched_ = 0;       // Bytes from position_ on that hold no end of line.

  std::vector<Slice> slices_;  // Of inline_text_, or of input_ from command_begin_ on.
  std::vector<std::string_view> views_;
  std::string inline_text_;  // The unquoted words of an inline request.
  std::string error_;

  std::int64_t bulks_left_ = 0;      // Of the current array; 0: between requests.
  std::int64_t bulk_size_ = -1;      // Of the bulk that is arriving; -1: its header comes next.
  std::uint64_t command_bytes_ = 0;  // As counted against command_bytes_max.
  std::uint64_t skip_left_ = 0;      // Of the bulk that is being skipped, its line end included.
  ParseState state_ = ParseState::incomplete;
  bool is_inline_ = false;
  bool skipping_ = false;  // The current request is above the limits.
  bool views_stale_ = false;
  bool unauthenticated_ = false;
};

}  // namespace rabia::resp
