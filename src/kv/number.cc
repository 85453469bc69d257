#include "kv/number.h"

#include <locale.h>
#include <stdlib.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>

#include "base/check.h"

namespace rabia::kv {
namespace {

static_assert(std::numeric_limits<long double>::digits == 64,
              "INCRBYFLOAT would differ from replicas on x86: see number.h");

constexpr int fraction_digits = 17;
// The largest long double has 4933 digits before the point.
constexpr std::size_t float_text_max = 5 * 1024;

// An embedding program may have set another one, with a comma for the point.
locale_t c_locale() {
  static const locale_t locale = newlocale(LC_ALL_MASK, "C", nullptr);
  RABIA_CHECK(locale != nullptr);
  return locale;
}

}  // namespace

std::string format_integer(std::int64_t value) {
  return std::to_string(value);
}

std::optional<long double> parse_float(std::string_view text) {
  if (text.empty() || text.size() >= float_text_max) return std::nullopt;
  constexpr std::string_view spaces = " \t\n\v\f\r";
  if (spaces.find(text.front()) != std::string_view::npos) return std::nullopt;
  const std::string terminated(text);
  char* end = nullptr;
  errno = 0;
  const long double value = strtold_l(terminated.c_str(), &end, c_locale());
  if (end != terminated.c_str() + terminated.size() || std::isnan(value)) return std::nullopt;
  if (errno == ERANGE && (std::isinf(value) || value == 0)) return std::nullopt;
  return value;
}

std::string format_float(long double value) {
  std::array<char, float_text_max> buffer{};
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                          std::chars_format::fixed, fraction_digits);
  RABIA_CHECK(error == std::errc{});
  std::string text(buffer.data(), end);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

}  // namespace rabia::kv
