// The first start of a cluster. protocol.md, section 8, "First start".
//
// Empty members tell each other fresh nonces and the vector of the nonces that they last heard.
// When all have said the same vector, that vector is the cluster's incarnation. A member never says
// again a vector that it has left, so a member that lost its memory in between cannot take part in
// an incarnation that it does not remember.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>

#include "consensus/configuration.h"
#include "consensus/record.h"
#include "consensus/types.h"

namespace rabia::consensus {

class Founding {
 public:
  // `fresh_nonce` gives a nonce that nobody has drawn before.
  // `may_found`: the operator's word. Without it this member only adopts what others founded.
  Founding(ReplicaId self, const Configuration& start_list, bool may_found,
           std::function<Nonce()> fresh_nonce);

  // In the order of the log, before begin().
  void restore(const record::Founding& record);
  // What to write first: in a first life a fresh nonce, else nothing.
  [[nodiscard]] std::optional<record::Founding> begin();

  // What a not yet founded peer says. Returns what must now be made durable and then said, if
  // anything changes.
  [[nodiscard]] std::optional<record::Founding> hear(ReplicaId from, Nonce nonce,
                                                     const FoundingVector& said);
  // The last record returned is durable: from now on it is said.
  void durable(const record::Founding& record) { said_ = record; }

  // What Beats say now; nothing before the first record is durable.
  [[nodiscard]] const std::optional<record::Founding>& saying() const { return said_; }

  // The vector that all have said, when this member may found it.
  [[nodiscard]] std::optional<FoundingVector> founded() const;
  // Whether an incarnation that exists elsewhere is one that this member may adopt.
  [[nodiscard]] bool may_adopt(const FoundingVector& incarnation) const;

 private:
  [[nodiscard]] std::optional<FoundingVector> heard_vector() const;
  [[nodiscard]] record::Founding moved_to(FoundingVector vector);

  ReplicaId self_;
  const Configuration& start_list_;
  bool may_found_;
  std::function<Nonce()> fresh_nonce_;
  std::map<ReplicaId, Nonce> nonces_;            // Last heard, own included.
  std::map<ReplicaId, FoundingVector> vectors_;  // Last heard to be said, without the own.
  std::optional<record::Founding> written_;      // The last one returned or restored.
  std::optional<record::Founding> said_;         // Durable.
  std::set<FoundingVector> left_;                // Said once, then left.
};

}  // namespace rabia::consensus
