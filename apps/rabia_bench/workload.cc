#include "rabia_bench/workload.h"

#include <array>
#include <charconv>
#include <optional>

namespace rabia::bench {
namespace {

constexpr std::uint32_t batch_keys_max = 10'000;
constexpr std::uint32_t weight_max = 1'000'000;
constexpr std::uint32_t value_bytes_max = 16U << 20;
constexpr std::uint32_t key_bytes_max = 65'536;
constexpr double exponent_max = 10;

struct Name {
  std::string_view name;
  Operation::Kind kind;
  bool takes_keys;
};
constexpr std::array names = {
    Name{"set", Operation::Kind::set, false},    Name{"get", Operation::Kind::get, false},
    Name{"incr", Operation::Kind::incr, false},  Name{"mset", Operation::Kind::mset, true},
    Name{"multi", Operation::Kind::multi, true},
};

Status refuse(std::string message) {
  return {Code::invalid_argument, std::move(message)};
}

std::string quoted(std::string_view text) {
  return "'" + std::string(text.substr(0, 100)) + "'";
}

template <typename T>
std::optional<T> parse_number(std::string_view text) {
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::uint32_t> number_between(std::string_view text, std::uint32_t low,
                                            std::uint32_t high) {
  const auto number = parse_number<std::uint32_t>(text);
  return number && *number >= low && *number <= high ? number : std::nullopt;
}

// Cuts `text` at the first `separator`; what is behind it, if it is there.
std::optional<std::string_view> cut(std::string_view& text, char separator) {
  const std::size_t at = text.find(separator);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = text.substr(at + 1);
  text = text.substr(0, at);
  return rest;
}

Result<Operation> parse_operation(std::string_view text) {
  Operation operation;
  std::string_view name = text;
  if (const auto weight = cut(name, '=')) {
    const auto number = number_between(*weight, 1, weight_max);
    if (!number) {
      return refuse("--mix " + quoted(text) + ": a weight is a number from 1 to 1000000");
    }
    operation.weight = *number;
  }
  const auto keys = cut(name, ':');
  for (const Name& each : names) {
    if (each.name != name) continue;
    operation.kind = each.kind;
    if (each.takes_keys != keys.has_value()) {
      return refuse(
          "--mix " + quoted(text) + ": write " + std::string(each.name) +
          (each.takes_keys ? ":N, with the number of its keys" : " without a number of keys"));
    }
    if (!keys) return operation;
    const auto number = number_between(*keys, 1, batch_keys_max);
    if (!number) return refuse("--mix " + quoted(text) + ": a batch has 1 to 10000 keys");
    operation.keys = *number;
    return operation;
  }
  return refuse("--mix " + quoted(text) + ": there are set, get, incr, mset:N and multi:N");
}

std::size_t digits_of(std::uint64_t number) {
  return std::to_string(number).size();
}

}  // namespace

Result<std::vector<Operation>> parse_mix(std::string_view text) {
  std::vector<Operation> mix;
  std::optional<std::string_view> rest = text;
  while (rest) {
    std::string_view first = *rest;
    rest = cut(first, ',');
    const Result<Operation> operation = parse_operation(first);
    if (!operation.ok()) return operation.status();
    mix.push_back(operation.value());
  }
  return mix;
}

Result<SizeRange> parse_size_range(std::string_view text) {
  std::string_view first = text;
  const auto second = cut(first, '-');
  const auto smallest = number_between(first, 0, value_bytes_max);
  const auto largest = second ? number_between(*second, 0, value_bytes_max) : smallest;
  if (!smallest || !largest || *smallest > *largest) {
    return refuse("--value-bytes " + quoted(text) +
                  ": write a size, as 64, or a range, as 16-65536; up to 16777216");
  }
  return SizeRange{*smallest, *largest};
}

Result<Distribution> parse_distribution(std::string_view text) {
  using Kind = Distribution::Kind;
  if (text == "uniform") return Distribution{.kind = Kind::uniform, .exponent = 0};
  if (text == "sequential") return Distribution{.kind = Kind::sequential, .exponent = 0};
  std::string_view name = text;
  if (const auto exponent = cut(name, ':'); exponent && name == "zipf") {
    const auto number = parse_number<double>(*exponent);
    if (number && *number > 0 && *number <= exponent_max) {
      return Distribution{.kind = Kind::zipf, .exponent = *number};
    }
  }
  return refuse("--distribution " + quoted(text) +
                ": write uniform, sequential, or zipf: with an exponent above 0 and up to 10, as "
                "zipf:0.99");
}

Status check(const Workload& workload) {
  if (workload.keys == 0) return refuse("--keys 0: there must be one at least");
  const std::size_t needed = 1 + digits_of(workload.keys - 1);
  if (workload.key_bytes < needed || workload.key_bytes > key_bytes_max) {
    return refuse("--key-bytes " + std::to_string(workload.key_bytes) + ": " +
                  std::to_string(workload.keys) + " keys need " + std::to_string(needed) +
                  " bytes each, and 65536 is the most");
  }
  return {};
}

}  // namespace rabia::bench
