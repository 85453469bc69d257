#include "resp/parser.h"

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "base/number.h"

namespace rabia::resp {
namespace {

// Redis 7: PROTO_INLINE_MAX_SIZE, proto-max-bulk-len, and the limits before authentication.
constexpr std::size_t line_bytes_max = 64 << 10;
constexpr std::int64_t bulk_bytes_max = 512LL << 20;
constexpr std::int64_t unauthenticated_bulks_max = 10;
constexpr std::int64_t unauthenticated_bulk_bytes_max = 16384;

// What an idle connection may keep allocated.
constexpr std::size_t idle_bytes_max = 1 << 10;
constexpr std::size_t idle_arguments_max = 32;

// Empties a container and gives its memory back (assigning {} would keep it).
template <typename Container>
void free_memory(Container& container) {
  Container().swap(container);
}

}  // namespace

void RequestParser::feed(std::string_view bytes) {
  if (rest_.empty()) {
    input_ = bytes;
    return;
  }
  rest_.append(bytes);
  input_ = rest_;
  views_stale_ = true;
}

void RequestParser::keep_rest() {
  // Moving the rest to the front only when at least half of it is used up keeps the cost linear.
  const bool kept_before = !rest_.empty();
  if (kept_before && command_begin_ < rest_.size() / 2) return;
  if (kept_before) {
    rest_.erase(0, command_begin_);
  } else {
    rest_.assign(input_.substr(command_begin_));
  }
  position_ -= command_begin_;
  command_begin_ = 0;
  input_ = rest_;
  views_stale_ = true;
  if (rest_.empty()) release_if_large();
}

void RequestParser::release_if_large() {
  if (rest_.capacity() > idle_bytes_max) free_memory(rest_);
  input_ = rest_;
  if (inline_text_.capacity() > idle_bytes_max) free_memory(inline_text_);
  if (slices_.capacity() > idle_arguments_max) free_memory(slices_);
  if (views_.capacity() > idle_arguments_max) free_memory(views_);
}

std::size_t RequestParser::allocated_bytes() const {
  return rest_.capacity() + inline_text_.capacity() + error_.capacity() +
         slices_.capacity() * sizeof(Slice) + views_.capacity() * sizeof(std::string_view);
}

ParseState RequestParser::peek() {
  if (state_ == ParseState::incomplete) {
    state_ = parse();
    views_stale_ = true;
  }
  if (state_ == ParseState::command && views_stale_) make_views();
  return state_;
}

void RequestParser::make_views() {
  const std::string_view text =
      is_inline_ ? std::string_view(inline_text_) : input_.substr(command_begin_);
  views_.clear();
  for (const Slice& slice : slices_) views_.push_back(text.substr(slice.offset, slice.size));
  views_stale_ = false;
}

void RequestParser::consume() {
  RABIA_CHECK(state_ == ParseState::command || state_ == ParseState::refused);
  command_begin_ = position_;
  slices_.clear();
  views_.clear();
  inline_text_.clear();
  error_.clear();
  command_bytes_ = 0;
  is_inline_ = false;
  skipping_ = false;
  state_ = ParseState::incomplete;
}

ParseState RequestParser::parse() {
  for (;;) {
    const Step step = bulks_left_ == 0 ? start_request() : parse_bulk();
    if (skipping_) command_begin_ = position_;
    switch (step) {
      case Step::need_bytes:
        return ParseState::incomplete;
      case Step::failed:
        return ParseState::malformed;
      case Step::done:
        return skipping_ ? ParseState::refused : ParseState::command;
      case Step::next:
        break;
    }
  }
}

RequestParser::Step RequestParser::start_request() {
  command_begin_ = position_;
  if (position_ == input_.size()) return Step::need_bytes;
  return input_[position_] == '*' ? parse_array_header() : parse_inline();
}

RequestParser::Step RequestParser::parse_inline() {
  const std::size_t end = input_.find('\n', position_ + searched_);
  if (end == std::string_view::npos) {
    searched_ = input_.size() - position_;
    return searched_ > line_bytes_max ? fail("too big inline request") : Step::need_bytes;
  }
  std::string_view line = input_.substr(position_, end - position_);
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.size() > line_bytes_max) return fail("too big inline request");
  position_ = end + 1;
  searched_ = 0;
  is_inline_ = true;
  if (!split_inline(line, inline_text_, slices_)) return fail("unbalanced quotes in request");
  if (!slices_.empty()) return Step::done;
  is_inline_ = false;
  return Step::next;
}

// Reads up to "\r\n". False: `otherwise` says what to do.
bool RequestParser::take_header_line(std::string_view& line, std::string_view too_big,
                                     Step& otherwise) {
  const std::size_t end = input_.find('\r', position_ + searched_);
  if (end == std::string_view::npos) {
    searched_ = input_.size() - position_;
    otherwise = searched_ > line_bytes_max ? fail(too_big) : Step::need_bytes;
    return false;
  }
  searched_ = end - position_;
  otherwise = Step::need_bytes;
  if (end + 1 >= input_.size()) return false;
  line = input_.substr(position_, end - position_);
  position_ = end + 2;
  searched_ = 0;
  return true;
}

RequestParser::Step RequestParser::parse_array_header() {
  std::string_view line;
  Step otherwise = Step::need_bytes;
  if (!take_header_line(line, "too big mbulk count string", otherwise)) return otherwise;
  const auto count = base::parse_integer(line.substr(1));
  if (!count || *count > std::numeric_limits<std::int32_t>::max()) {
    return fail("invalid multibulk length");
  }
  if (unauthenticated_ && *count > unauthenticated_bulks_max) {
    return fail("unauthenticated multibulk length");
  }
  if (*count > 0) bulks_left_ = *count;
  return Step::next;
}

RequestParser::Step RequestParser::parse_bulk() {
  if (skip_left_ > 0) return skip_bulk();
  if (bulk_size_ < 0) return parse_bulk_header();
  const auto size = static_cast<std::size_t>(bulk_size_);
  // The two bytes behind a bulk are not looked at: Redis does not either.
  if (input_.size() - position_ < size + 2) return Step::need_bytes;
  slices_.push_back({.offset = position_ - command_begin_, .size = size});
  position_ += size + 2;
  bulk_size_ = -1;
  return --bulks_left_ == 0 ? Step::done : Step::next;
}

RequestParser::Step RequestParser::parse_bulk_header() {
  std::string_view line;
  Step otherwise = Step::need_bytes;
  if (!take_header_line(line, "too big bulk count string", otherwise)) return otherwise;
  if (!line.starts_with('$')) {
    const char got = line.empty() ? '\r' : line.front();
    return fail(std::string("expected '$', got '") + got + "'");
  }
  const auto size = base::parse_integer(line.substr(1));
  if (!size || *size < 0 || *size > bulk_bytes_max) return fail("invalid bulk length");
  if (unauthenticated_ && *size > unauthenticated_bulk_bytes_max) {
    return fail("unauthenticated bulk length");
  }
  check_limits(static_cast<std::uint64_t>(*size));
  if (skipping_) {
    skip_left_ = static_cast<std::uint64_t>(*size) + 2;
  } else {
    bulk_size_ = *size;
  }
  return Step::next;
}

RequestParser::Step RequestParser::skip_bulk() {
  const std::size_t skipped = std::min<std::uint64_t>(skip_left_, input_.size() - position_);
  position_ += skipped;
  skip_left_ -= skipped;
  if (skip_left_ > 0) return Step::need_bytes;
  return --bulks_left_ == 0 ? Step::done : Step::next;
}

// Decides, before a bulk's bytes arrive, whether the request will be refused.
void RequestParser::check_limits(std::uint64_t bulk_bytes) {
  command_bytes_ += bulk_bytes + ParserLimits::argument_overhead_bytes;
  if (skipping_) return;
  if (bulk_bytes > limits_.argument_bytes_max) {
    error_ = "ERR argument of " + std::to_string(bulk_bytes) + " bytes is too large: at most " +
             std::to_string(limits_.argument_bytes_max) + " are accepted, nothing was executed";
  } else if (command_bytes_ > limits_.command_bytes_max) {
    error_ = "ERR command is too large: at most " + std::to_string(limits_.command_bytes_max) +
             " bytes are accepted, nothing was executed";
  } else {
    return;
  }
  skipping_ = true;
  free_memory(slices_);
}

RequestParser::Step RequestParser::fail(std::string_view protocol_error) {
  error_ = "ERR Protocol error: ";
  error_ += protocol_error;
  return Step::failed;
}

}  // namespace rabia::resp
