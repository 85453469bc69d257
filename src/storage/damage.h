// What a message says when stored data cannot be trusted.
#pragma once

namespace rabia::storage {

// Follows "PLACE: reason". A replica that began anew under its old identity could contradict what
// it had promised: it comes back only by the operator's word, which puts aside what the directory
// holds.
inline constexpr const char* advice_on_damage =
    ". What this replica remembers cannot be trusted: keep its data directory as it is, run on "
    "with the other replicas, and start it with --rejoin: see \"A replica that lost its data\" in "
    "docs/operations.md";

// Of a snapshot: there may be an older one, and the log behind it.
inline constexpr const char* advice_on_damaged_snapshot =
    ". It is not used: move this file out of the directory, and the replica takes the snapshot "
    "before it or says what else it needs";

// Of what a peer sent.
inline constexpr const char* advice_on_damaged_part =
    ". What was received is removed: fetch it again, from another replica if this happens twice";

}  // namespace rabia::storage
