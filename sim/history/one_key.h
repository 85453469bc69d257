// What is left of a history when only one key is looked at.
#pragma once

#include <string>

#include "sim/history/parts.h"

namespace rabia::sim::history {

// The operations of `part`, as far as they are about `key`: an MSET becomes a SET, an MGET a GET. A
// linearization of the part is one of these too, so when these have none, the part has none. They
// have an order far more easily found, or found out to be missing, than commands on many keys.
//
// The new operations are put into `operations`, which the result points into.
[[nodiscard]] Part only_about(const std::string& key, const Part& part, History& operations);

}  // namespace rabia::sim::history
