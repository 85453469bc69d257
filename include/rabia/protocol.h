// How the replicas of a cluster agree on their log.
#pragma once

#include <cstdint>
#include <string_view>

namespace rabia {

enum class Protocol : std::uint8_t {
  lanes,      // docs/protocol.md.
  published,  // Its section 16: the paper's algorithms as printed, to be measured beside lanes.
};

[[nodiscard]] constexpr std::string_view name_of(Protocol protocol) {
  return protocol == Protocol::lanes ? "lanes" : "published";
}

}  // namespace rabia
