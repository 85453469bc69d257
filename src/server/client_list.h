// How CLIENT LIST and CLIENT INFO show a client.
#pragma once

#include <string>

#include "base/time.h"

namespace rabia::server {

class Session;

// One line in the format of Redis 7, without its end. What we do not have is 0 (fd: -1).
[[nodiscard]] std::string describe(const Session& session, base::Instant now);

}  // namespace rabia::server
