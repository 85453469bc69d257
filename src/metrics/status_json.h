// A picture for people and scripts: the body of /v1/status. docs/operations.md has an example.
#pragma once

#include <string>

#include "metrics/picture.h"

namespace rabia::metrics {

// Ends with a line end.
[[nodiscard]] std::string to_json(const Picture& picture);

}  // namespace rabia::metrics
