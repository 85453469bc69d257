// What the values of a setting are: how they are read, shown and described.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "rabia/result.h"
#include "settings/parse.h"
#include "settings/settings.h"

namespace rabia::apps {

enum class Kind : std::uint8_t { number, seconds, bytes, boolean, choice, text, list };

// Made by the functions below.
struct ValueType {
  Kind kind = Kind::text;
  std::uint64_t least = 0;  // Numbers, of seconds and of bytes too: the range, bounds included.
  std::uint64_t most = 0;   // Texts: the most bytes.
  std::string_view wanted = {};   // Texts and lists: what it must be, for people.
  std::string_view refused = {};  // What CONFIG SET says of others; empty: in general words.
  std::span<const std::string_view> choices = {};  // For people; `parse` may know more of them.
  bool (*parse)(const ValueType& type, std::string_view text, Settings& settings) = nullptr;
  std::string (*print)(const Settings& settings) = nullptr;

  // Its values are digits.
  [[nodiscard]] bool numeric() const {
    return kind == Kind::number || kind == Kind::seconds || kind == Kind::bytes;
  }
};

namespace detail {

template <auto Field>
bool take_number(const ValueType& type, const Result<std::uint64_t>& number, Settings& settings) {
  if (!number.ok() || number.value() < type.least || number.value() > type.most) return false;
  using Value = std::remove_reference_t<decltype(settings.*Field)>;
  settings.*Field = static_cast<Value>(number.value());
  return true;
}

template <auto Field, auto Parse>
bool take_parsed(const ValueType&, std::string_view text, Settings& settings) {
  auto parsed = Parse(text);
  if (parsed.ok()) settings.*Field = parsed.take();
  return parsed.ok();
}

template <auto Field>
std::string print_number(const Settings& settings) {
  return std::to_string(settings.*Field);
}

}  // namespace detail

// In each, Field is a member of Settings: number<&Settings::port>(1, 65535).

template <auto Field>
constexpr ValueType number(std::uint64_t least, std::uint64_t most) {
  return {.kind = Kind::number,
          .least = least,
          .most = most,
          .parse =
              [](const ValueType& type, std::string_view text, Settings& settings) {
                return detail::take_number<Field>(type, parse_number(text), settings);
              },
          .print = detail::print_number<Field>};
}

// Whole seconds.
template <auto Field>
constexpr ValueType seconds(std::uint64_t least, std::uint64_t most) {
  ValueType type = number<Field>(least, most);
  type.kind = Kind::seconds;
  return type;
}

// Units may be behind the number.
template <auto Field>
constexpr ValueType bytes(std::uint64_t least, std::uint64_t most) {
  ValueType type = number<Field>(least, most);
  type.kind = Kind::bytes;
  type.parse = [](const ValueType& self, std::string_view text, Settings& settings) {
    return detail::take_number<Field>(self, parse_byte_count(text), settings);
  };
  return type;
}

template <auto Field>
constexpr ValueType boolean() {
  return {.kind = Kind::boolean,
          .parse = detail::take_parsed<Field, parse_boolean>,
          .print = [](const Settings& settings) {
            return std::string(settings.*Field ? "true" : "false");
          }};
}

// Parse takes a text to a Result; name_of() of what is in it gives one of the names.
template <auto Field, auto Parse>
constexpr ValueType choice(std::span<const std::string_view> names) {
  return {.kind = Kind::choice,
          .choices = names,
          .parse = detail::take_parsed<Field, Parse>,
          .print = [](const Settings& settings) { return std::string(name_of(settings.*Field)); }};
}

// Any bytes but NUL, if IsValid says so.
template <auto Field, bool (*IsValid)(std::string_view) = nullptr>
constexpr ValueType text(std::uint64_t bytes_max, std::string_view wanted) {
  return {.most = bytes_max,
          .wanted = wanted,
          .parse =
              [](const ValueType& type, std::string_view given, Settings& settings) {
                if (given.size() > type.most) return false;
                if (given.find('\0') != std::string_view::npos) return false;
                if constexpr (IsValid != nullptr) {
                  if (!IsValid(given)) return false;
                }
                settings.*Field = given;
                return true;
              },
          .print = [](const Settings& settings) { return settings.*Field; }};
}

// Members, separated by spaces or commas.
template <auto Field>
constexpr ValueType member_list() {
  return {.kind = Kind::list,
          .wanted = "ID=HOST:PEERPORT with an ID from 1 to 65535, up to 15 of them",
          .parse = detail::take_parsed<Field, parse_members>,
          .print = [](const Settings& settings) { return print_members(settings.*Field); }};
}

}  // namespace rabia::apps
