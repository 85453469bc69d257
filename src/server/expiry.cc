#include "server/expiry.h"

#include <limits>

#include "base/number.h"
#include "server/text.h"

namespace rabia::server {
namespace {

constexpr std::int64_t milliseconds_max = std::numeric_limits<std::int64_t>::max();
// No clock will show more for another century.
constexpr std::int64_t clock_max = std::int64_t{1} << 42;

std::nullopt_t refuse(std::string_view command, std::string& error) {
  error = "ERR invalid expire time in '";
  error.append(command).append("' command");
  return std::nullopt;
}

std::int64_t unit_of(std::string_view option) {
  return lower_case(option.front()) == 'p' ? 1 : 1000;
}

}  // namespace

std::optional<std::int64_t> read_time(std::string_view text, std::int64_t unit,
                                      std::string_view command, std::string& error) {
  const std::optional<std::int64_t> number = base::parse_integer(text);
  if (!number) {
    error = message::not_an_integer;
    return std::nullopt;
  }
  std::int64_t milliseconds = 0;
  if (__builtin_mul_overflow(*number, unit, &milliseconds)) return refuse(command, error);
  return milliseconds;
}

std::optional<std::int64_t> read_duration(std::string_view text, std::int64_t unit,
                                          std::string_view command, std::string& error) {
  const std::optional<std::int64_t> milliseconds = read_time(text, unit, command, error);
  if (!milliseconds) return std::nullopt;
  const bool fits = *milliseconds > 0 && *milliseconds <= milliseconds_max - clock_max;
  return fits ? milliseconds : refuse(command, error);
}

bool ExpiryOption::take(Arguments arguments, std::size_t& i, std::string_view word) {
  const std::string_view option = arguments[i];
  if (!name_.empty() && !equals_ignoring_case(name_, option)) return false;
  if (equals_ignoring_case(option, word)) {
    name_ = option;
    return true;
  }
  const bool is_time = equals_ignoring_case(option, "EX") || equals_ignoring_case(option, "PX") ||
                       equals_ignoring_case(option, "EXAT") || equals_ignoring_case(option, "PXAT");
  if (!is_time || i + 1 == arguments.size()) return false;
  name_ = option;
  has_time_ = true;
  time_ = arguments[++i];
  return true;
}

bool ExpiryOption::read(std::string_view command, kv::Expiry::Kind of_word, kv::Expiry& expiry,
                        std::string& error) const {
  if (name_.empty()) return true;
  if (!has_time_) {
    expiry = {.kind = of_word};
    return true;
  }
  const bool is_at = name_.size() == 4;
  const std::int64_t unit = unit_of(name_);
  std::optional<std::int64_t> milliseconds =
      is_at ? read_time(time_, unit, command, error) : read_duration(time_, unit, command, error);
  if (milliseconds && *milliseconds <= 0) milliseconds = refuse(command, error);
  if (!milliseconds) return false;
  expiry = {is_at ? kv::Expiry::Kind::at : kv::Expiry::Kind::in, *milliseconds};
  return true;
}

}  // namespace rabia::server
