#include "banking_smr_cluster/options.h"

#include <charconv>
#include <cstdint>
#include <string>

namespace banking_smr_cluster {
namespace {

using rabia::Code;
using rabia::Result;
using rabia::Status;

// A whole number from 1 to 65535: an id, or a port.
bool parse(std::string_view text, std::uint16_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number > 0;
}

// N=HOST:PORT,...
Result<std::vector<rabia::MemberAddress>> parse_members(std::string_view text) {
  std::vector<rabia::MemberAddress> members;
  for (std::size_t comma = 0; comma != std::string_view::npos;) {
    comma = text.find(',');
    const std::string_view each = text.substr(0, comma);
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    const std::size_t equals = each.find('=');
    const std::size_t colon = each.rfind(':');
    rabia::MemberAddress member;
    if (equals == std::string_view::npos || colon == std::string_view::npos ||
        colon <= equals + 1 || !parse(each.substr(0, equals), member.id.value) ||
        !parse(each.substr(colon + 1), member.port)) {
      return {Code::invalid_argument, "--members: '" + std::string(each) + "' is not N=HOST:PORT"};
    }
    member.host = std::string(each.substr(equals + 1, colon - equals - 1));
    members.push_back(member);
  }
  return members;
}

// One option and its value.
Status set(std::string_view name, std::string_view value, rabia::ReplicaOptions& options) {
  if (name == "--id") {
    if (parse(value, options.self.value)) return {};
    return {Code::invalid_argument, "--id: a number from 1 to 65535"};
  }
  if (name == "--members") {
    auto members = parse_members(value);
    if (members.ok()) options.members = members.take();
    return members.status();
  }
  if (name == "--data") {
    options.data_directory = std::string(value);
    return {};
  }
  if (name == "--durability") {
    if (value == "always") {
      options.durability = rabia::Durability::always;
    } else if (value == "os") {
      options.durability = rabia::Durability::os;
    } else if (value == "memory") {
      options.durability = rabia::Durability::memory;
    } else {
      return {Code::invalid_argument, "--durability: always, os or memory"};
    }
    return {};
  }
  return {Code::invalid_argument, "there is no option '" + std::string(name) + "'"};
}

}  // namespace

Result<rabia::ReplicaOptions> parse_options(const std::vector<std::string_view>& arguments) {
  rabia::ReplicaOptions options;
  options.cluster_id = "bank";
  options.self = {};
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view name = arguments[i];
    if (name == "--bootstrap" || name == "--rejoin") {
      (name == "--bootstrap" ? options.bootstrap : options.rejoin) = true;
      continue;
    }
    if (++i == arguments.size()) {
      return {Code::invalid_argument, "'" + std::string(name) + "': its value is missing"};
    }
    if (Status status = set(name, arguments[i], options); !status.ok()) return status;
  }
  if (options.self.value == 0 || options.members.empty() || options.data_directory.empty()) {
    return {Code::invalid_argument, "--id, --members and --data are needed"};
  }
  return options;
}

}  // namespace banking_smr_cluster
