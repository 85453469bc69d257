#include "settings/parse.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>
#include <vector>

#include "io/network.h"

namespace rabia::apps {
namespace {

struct Unit {
  std::string_view suffix;
  unsigned shift;
};
// As far as the greatest bounds that are printed: what is said to be accepted must be.
constexpr std::array<Unit, 5> byte_units{
    {{"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}, {"PiB", 50}}};

Status refused(std::string_view text, std::string_view wanted) {
  return {Code::invalid_argument,
          "'" + std::string(text.substr(0, 200)) + "' is not " + std::string(wanted)};
}

}  // namespace

Result<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return refused(text, "a number");
  return value;
}

Result<std::uint64_t> parse_byte_count(std::string_view text) {
  for (const Unit& unit : byte_units) {
    if (!text.ends_with(unit.suffix)) continue;
    Result<std::uint64_t> count = parse_number(text.substr(0, text.size() - unit.suffix.size()));
    if (!count.ok() || count.value() > (~std::uint64_t{0} >> unit.shift)) {
      return refused(text, "a number of bytes");
    }
    return count.value() << unit.shift;
  }
  if (Result<std::uint64_t> count = parse_number(text); count.ok()) return count;
  return refused(text, "a number of bytes");
}

Result<bool> parse_boolean(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return refused(text, "true or false");
}

Result<Durability> parse_durability(std::string_view text) {
  for (const Durability mode : {Durability::always, Durability::os, Durability::memory}) {
    if (text == name_of(mode)) return mode;
  }
  return refused(text, "always, os or memory");
}

Result<Protocol> parse_protocol(std::string_view text) {
  for (const Protocol each : {Protocol::lanes, Protocol::published}) {
    if (text == name_of(each)) return each;
  }
  return refused(text, "lanes or published");
}

std::string_view name_of(Durability durability) {
  switch (durability) {
    case Durability::always:
      return "always";
    case Durability::os:
      return "os";
    case Durability::memory:
      return "memory";
  }
  return "?";
}

Result<replica::Member> parse_member(std::string_view text) {
  constexpr std::string_view wanted = "ID=HOST:PEERPORT with an ID from 1 to 65535";
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return refused(text, wanted);
  const Result<std::uint64_t> id = parse_number(text.substr(0, equals));
  if (!id.ok() || id.value() < 1 || id.value() > 65535) return refused(text, wanted);
  Result<io::Endpoint> address = io::parse_endpoint(text.substr(equals + 1));
  if (!address.ok() || address.value().port == 0) return refused(text, wanted);
  return replica::Member{ReplicaId{static_cast<std::uint16_t>(id.value())}, address.take()};
}

std::string print_member(const replica::Member& member) {
  return std::to_string(member.id.value) + "=" + io::to_string(member.peer_address);
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

}  // namespace rabia::apps
