// From what an operator asks for to the next list of members. Pure.
#pragma once

#include <string>

#include "consensus/membership.h"
#include "rabia/result.h"
#include "replica/replica.h"

namespace rabia::replica {

// For messages.
[[nodiscard]] inline std::string member_name(ReplicaId id) {
  return "member " + std::to_string(id.value);
}

// The list after the change, which may follow `now`; or why there is none. Entries of `now` have
// their addresses.
[[nodiscard]] Result<consensus::Membership> after(const consensus::Membership& now,
                                                  const MemberChange& change);
// A learner becomes a voter, and whom it replaces leaves.
[[nodiscard]] consensus::Membership after_promotion(const consensus::Membership& now,
                                                    ReplicaId learner);

}  // namespace rabia::replica
