// Result and Status: how a function says that what a caller must expect has happened.
//
// Three classes of failure exist in Rabia. What a caller must expect (a refused connection, a full
// disk, bad bytes) is a Status or a Result, whose code says what to do next. Our own bug is a
// RABIA_CHECK (base/check.h) and ends the process. Exceptions are not used across our interfaces.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace rabia {

// What the caller can do about a failure.
enum class Code : std::uint8_t {
  ok = 0,
  invalid_argument,     // The request is malformed: mend it, do not retry it as it is.
  not_found,            // The named thing does not exist.
  already_exists,       // The named thing exists and would have been overwritten.
  failed_precondition,  // The system is not in the state that this needs: an operator must act.
  unavailable,          // Nothing was done: retry, here or elsewhere.
  unknown_outcome,      // It may or may not have been done: read before retrying.
  corrupted,            // Bytes read back are not the bytes that were written.
  io_error,             // The operating system refused: the message holds its reason.
  exhausted,            // A limit is reached: free something, then retry.
};

[[nodiscard]] std::string_view name_of(Code code);

// Success, or a code with a message for people. Cheap to move; thread-compatible.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string message) : code_(code), message_(std::move(message)) {}

  [[nodiscard]] bool ok() const { return code_ == Code::ok; }
  [[nodiscard]] Code code() const { return code_; }
  // What went wrong and what to do about it, without a trailing full stop or newline.
  [[nodiscard]] const std::string& message() const { return message_; }

 private:
  Code code_ = Code::ok;
  std::string message_;
};

// A T, or the Status that says why there is none. value() may be called only when ok().
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}          // NOLINT: implicit by design
  Result(Status status) : status_(std::move(status)) {}  // NOLINT: implicit by design
  Result(Code code, std::string message) : status_(code, std::move(message)) {}

  [[nodiscard]] bool ok() const { return value_.has_value(); }
  [[nodiscard]] const Status& status() const { return status_; }
  [[nodiscard]] T& value() { return *value_; }
  [[nodiscard]] const T& value() const { return *value_; }
  [[nodiscard]] T take() { return std::move(*value_); }

 private:
  std::optional<T> value_;
  Status status_;
};

}  // namespace rabia
