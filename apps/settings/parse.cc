#include "settings/parse.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>

#include "io/network.h"

namespace rabia::apps {
namespace {

struct Unit {
  std::string_view suffix;
  std::uint64_t bytes;
};
// As far as the greatest bounds that are printed: what is said to be accepted must be.
constexpr std::array<Unit, 5> byte_units{{{"PiB", 1ULL << 50},
                                          {"TiB", 1ULL << 40},
                                          {"GiB", 1ULL << 30},
                                          {"MiB", 1ULL << 20},
                                          {"KiB", 1ULL << 10}}};
constexpr std::array<Unit, 6> redis_units{{{"kb", 1ULL << 10},
                                           {"mb", 1ULL << 20},
                                           {"gb", 1ULL << 30},
                                           {"k", 1000},
                                           {"m", 1'000'000},
                                           {"g", 1'000'000'000}}};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool ends_with_ignoring_case(std::string_view text, std::string_view end) {
  return text.size() >= end.size() &&
         std::ranges::equal(text.substr(text.size() - end.size()), end, {}, lower, lower);
}

// The unit behind the digits; none: bytes.
Unit unit_of(std::string_view text) {
  for (const Unit& unit : byte_units) {
    if (text.ends_with(unit.suffix)) return unit;
  }
  for (const Unit& unit : redis_units) {
    if (ends_with_ignoring_case(text, unit.suffix)) return unit;
  }
  return {"", 1};
}

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
  const Unit unit = unit_of(text);
  const auto count = parse_number(text.substr(0, text.size() - unit.suffix.size()));
  if (!count.ok() || count.value() > ~std::uint64_t{0} / unit.bytes) {
    return refused(text, "a number of bytes");
  }
  return count.value() * unit.bytes;
}

std::string print_byte_count(std::uint64_t bytes) {
  for (const Unit& unit : byte_units) {
    if (bytes > 0 && bytes % unit.bytes == 0) {
      return std::to_string(bytes / unit.bytes).append(unit.suffix);
    }
  }
  return std::to_string(bytes);
}

Result<bool> parse_boolean(std::string_view text) {
  if (text == "true" || text == "yes") return true;
  if (text == "false" || text == "no") return false;
  return refused(text, "true or false");
}

Result<io::Level> parse_log_level(std::string_view text) {
  if (text == "verbose") return io::Level::debug;
  if (text == "notice") return io::Level::info;
  return io::parse_log_level(text);
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

Result<kv::EvictionPolicy> parse_eviction_policy(std::string_view text) {
  const auto* const found = std::ranges::find(kv::eviction_policy_names, text);
  if (found == kv::eviction_policy_names.end()) return refused(text, "the name of a policy");
  return static_cast<kv::EvictionPolicy>(found - kv::eviction_policy_names.begin());
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

Result<std::vector<replica::Member>> parse_members(std::string_view text) {
  constexpr std::string_view separators = " ,";
  std::vector<replica::Member> members;
  std::size_t end = 0;
  for (std::size_t begin = text.find_first_not_of(separators); begin != std::string_view::npos;
       begin = text.find_first_not_of(separators, end)) {
    end = std::min(text.find_first_of(separators, begin), text.size());
    Result<replica::Member> member = parse_member(text.substr(begin, end - begin));
    if (!member.ok()) return member.status();
    members.push_back(member.take());
  }
  if (members.size() > cluster_members_max) return refused(text, "a list of at most 15 members");
  return members;
}

std::string print_members(const std::vector<replica::Member>& members) {
  std::string text;
  for (const replica::Member& each : members) {
    if (!text.empty()) text += ' ';
    text += print_member(each);
  }
  return text;
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
