#include "replica/member_change.h"

#include <algorithm>
#include <utility>

namespace rabia::replica {

using consensus::MemberEntry;
using consensus::Membership;

namespace {

MemberEntry* entry_of(Membership& membership, ReplicaId id) {
  return const_cast<MemberEntry*>(membership.find(id));  // The object itself is not const.
}

void retire(Membership& membership, ReplicaId id) {
  std::erase_if(membership.members, [id](const MemberEntry& member) { return member.id == id; });
  membership.retired.push_back(id);
  std::sort(membership.retired.begin(), membership.retired.end());
  for (MemberEntry& member : membership.members) {
    if (member.replaces == id) member.replaces = {};
  }
}

Status add(Membership& membership, const MemberChange& change) {
  if (membership.find(change.id) != nullptr) {
    return {Code::already_exists, member_name(change.id) + " is a member already"};
  }
  if (change.address.host.empty() || change.address.port == 0) {
    return {Code::invalid_argument,
            "a new member needs the address HOST:PORT at which it listens "
            "for the other replicas"};
  }
  const std::string address = io::to_string(change.address);
  if (address.size() > consensus::address_bytes_max) {
    return {Code::invalid_argument, "the address is too long"};
  }
  for (const MemberEntry& member : membership.members) {
    if (member.address == address) {
      return {Code::already_exists, member_name(member.id) + " has this address"};
    }
  }
  membership.members.push_back({.id = change.id,
                                .address = address,
                                .votes = false,
                                .promote = !change.stays_learner,
                                .replaces = {}});
  std::sort(membership.members.begin(), membership.members.end(),
            [](const MemberEntry& a, const MemberEntry& b) { return a.id < b.id; });
  return {};
}

Status change_of(Membership& membership, const MemberChange& change) {
  const auto unknown = [&](ReplicaId id) {
    if (std::binary_search(membership.retired.begin(), membership.retired.end(), id)) {
      return Status(Code::not_found, member_name(id) + " was removed already");
    }
    return Status(Code::not_found,
                  member_name(id) + " is not known: RABIA.MEMBER LIST shows who is");
  };
  switch (change.kind) {
    case MemberChange::Kind::add:
      return add(membership, change);
    case MemberChange::Kind::promote: {
      const MemberEntry* member = membership.find(change.id);
      if (member == nullptr) return unknown(change.id);
      if (member->votes)
        return {Code::already_exists, member_name(change.id) + " is a voter already"};
      const std::uint64_t number = membership.number;
      membership = after_promotion(membership, change.id);
      membership.number = number;
      return {};
    }
    case MemberChange::Kind::remove:
      if (membership.find(change.id) == nullptr) return unknown(change.id);
      retire(membership, change.id);
      if (membership.voters().members().empty()) {
        return {Code::failed_precondition,
                member_name(change.id) + " is the last one: stop it instead of removing it"};
      }
      return {};
    case MemberChange::Kind::replace: {
      const MemberEntry* replaced = membership.find(change.replaced);
      if (replaced == nullptr) return unknown(change.replaced);
      if (!replaced->votes) {
        return {Code::invalid_argument,
                member_name(change.replaced) + " is a learner: remove it, and add another"};
      }
      if (Status status = add(membership, change); !status.ok()) return status;
      MemberEntry* added = entry_of(membership, change.id);
      added->promote = true;
      added->replaces = change.replaced;
      return {};
    }
  }
  return {};
}

}  // namespace

Membership after_promotion(const Membership& now, ReplicaId learner) {
  Membership next = now;
  ++next.number;
  MemberEntry* entry = entry_of(next, learner);
  const ReplicaId replaced = entry->replaces;
  entry->votes = true;
  entry->promote = false;
  entry->replaces = {};
  if (replaced.value != 0) retire(next, replaced);
  return next;
}

Result<Membership> after(const Membership& now, const MemberChange& change) {
  Membership next = now;
  if (Status status = change_of(next, change); !status.ok()) return status;
  ++next.number;
  if (Status status = may_follow(now, next); !status.ok()) return status;
  return next;
}

}  // namespace rabia::replica
