// The settings that CONFIG GET shows.
#pragma once

#include <vector>

#include "server/server.h"

namespace rabia::server {

// options.settings, and what clients of Redis expect to find, by name; the former win.
[[nodiscard]] std::vector<Setting> settings_of(const ServerOptions& options);

}  // namespace rabia::server
