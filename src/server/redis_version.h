// The version of Redis whose commands, replies and errors we follow: clients ask for it.
#pragma once

#include <string_view>

namespace rabia::server {
inline constexpr std::string_view redis_version = "7.0.15";
}  // namespace rabia::server
