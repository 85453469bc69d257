// The command line.
#pragma once

#include <string_view>
#include <vector>

#include "rabia/replica.h"
#include "rabia/result.h"

namespace banking_smr_cluster {

inline constexpr const char* usage =
    "usage: banking_smr_cluster --id N --members N=HOST:PORT,... --data DIRECTORY\n"
    "                           [--durability always|os|memory] [--bootstrap | --rejoin]\n"
    "  --id          which of the members this is\n"
    "  --members     all of them, alike everywhere\n"
    "  --data        where this one keeps its log\n"
    "  --durability  what an acknowledged transfer survives: a power failure (always, the "
    "default),\n"
    "                or the death of the process (os)\n"
    "  --bootstrap   found a new bank; without effect where there is one\n"
    "  --rejoin      what this one had is lost: it takes everything from the others\n";

// Code::invalid_argument: the message says what is wrong.
[[nodiscard]] rabia::Result<rabia::ReplicaOptions> parse_options(
    const std::vector<std::string_view>& arguments);

}  // namespace banking_smr_cluster
