// Who agrees on a round, and how many of them it takes. protocol.md, section 1.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/mutant.h"
#include "consensus/types.h"

namespace rabia::consensus {

inline constexpr std::size_t members_max = 64;

// A set of members of one configuration, by their index in it.
class MemberSet {
 public:
  void insert(std::size_t index) { bits_ |= std::uint64_t{1} << index; }
  [[nodiscard]] bool contains(std::size_t index) const { return (bits_ >> index & 1) != 0; }
  [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(std::popcount(bits_)); }
  [[nodiscard]] bool empty() const { return bits_ == 0; }
  friend MemberSet operator|(MemberSet a, MemberSet b) { return MemberSet(a.bits_ | b.bits_); }
  friend bool operator==(MemberSet, MemberSet) = default;
  [[nodiscard]] std::uint64_t bits() const { return bits_; }
  MemberSet() = default;

 private:
  explicit MemberSet(std::uint64_t bits) : bits_(bits) {}
  std::uint64_t bits_ = 0;
};

// How many it takes, of n members.
struct Quorums {
  std::size_t members = 0;                                                  // n
  [[nodiscard]] std::size_t failures() const { return (members - 1) / 2; }  // f
  [[nodiscard]] std::size_t quorum() const {                                // Q = n − f
    return base::mutated(base::Mutant::quorum_of_half) ? (members + 1) / 2 : members / 2 + 1;
  }
  [[nodiscard]] std::size_t one_correct() const { return failures() + 1; }  // f + 1
  // States 0 that decide 0 in phase 1: max(Q, 2f + 1).
  [[nodiscard]] std::size_t zeros_to_decide() const {
    return std::max(quorum(), 2 * failures() + 1);
  }
};

// X of section 1: 1 to members_max distinct members, kept in the order of their lanes.
class Configuration {
 public:
  explicit Configuration(std::vector<ReplicaId> members) : members_(std::move(members)) {
    std::sort(members_.begin(), members_.end());
  }
  [[nodiscard]] const std::vector<ReplicaId>& members() const { return members_; }
  [[nodiscard]] std::size_t size() const { return members_.size(); }
  [[nodiscard]] Quorums quorums() const { return {members_.size()}; }
  [[nodiscard]] std::optional<std::size_t> index_of(ReplicaId member) const {
    const auto at = std::lower_bound(members_.begin(), members_.end(), member);
    if (at == members_.end() || *at != member) return std::nullopt;
    return static_cast<std::size_t>(at - members_.begin());
  }
  [[nodiscard]] bool contains(ReplicaId member) const { return index_of(member).has_value(); }

 private:
  std::vector<ReplicaId> members_;
};

}  // namespace rabia::consensus
