#include "consensus/membership.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"

namespace rabia::consensus {

namespace {

constexpr std::uint64_t retired_max = 0xffff;
constexpr std::uint64_t epochs_max = 64;

std::string name_of(ReplicaId id) {
  return "member " + std::to_string(id.value);
}

bool is_by_id(const std::vector<MemberEntry>& members) {
  return std::adjacent_find(members.begin(), members.end(),
                            [](const MemberEntry& a, const MemberEntry& b) {
                              return a.id >= b.id;
                            }) == members.end();
}

// Who is in `these` and not in `those`; both sorted.
std::vector<ReplicaId> without(const std::vector<ReplicaId>& these,
                               const std::vector<ReplicaId>& those) {
  std::vector<ReplicaId> left;
  std::set_difference(these.begin(), these.end(), those.begin(), those.end(),
                      std::back_inserter(left));
  return left;
}

std::vector<ReplicaId> ids_of(const std::vector<MemberEntry>& members) {
  std::vector<ReplicaId> ids;
  for (const MemberEntry& member : members) ids.push_back(member.id);
  return ids;
}

Status invalid(std::string why) {
  return {Code::invalid_argument, std::move(why)};
}

}  // namespace

const MemberEntry* Membership::find(ReplicaId id) const {
  const auto at = std::find_if(members.begin(), members.end(),
                               [id](const MemberEntry& member) { return member.id == id; });
  return at != members.end() ? &*at : nullptr;
}

Configuration Membership::voters() const {
  std::vector<ReplicaId> ids;
  for (const MemberEntry& member : members) {
    if (member.votes) ids.push_back(member.id);
  }
  return Configuration(std::move(ids));
}

Membership founded_with(const std::vector<ReplicaId>& members) {
  Membership membership;
  for (const ReplicaId id : members) membership.members.push_back({.id = id, .address = {}});
  std::sort(membership.members.begin(), membership.members.end(),
            [](const MemberEntry& a, const MemberEntry& b) { return a.id < b.id; });
  return membership;
}

Status may_follow(const Membership& from, const Membership& to) {
  if (to.number != from.number + 1) return invalid("another change of the members came first");
  if (to.members.size() > members_max) {
    return invalid("a cluster has at most " + std::to_string(members_max) + " members");
  }
  if (!is_by_id(to.members)) return invalid("a member is given twice");
  const std::vector<ReplicaId> before = ids_of(from.members);
  const std::vector<ReplicaId> after = ids_of(to.members);
  for (const ReplicaId id : without(after, before)) {
    if (id.value == 0) return invalid("member ids start at 1");
    if (std::binary_search(from.retired.begin(), from.retired.end(), id)) {
      return invalid(name_of(id) + " was a member once, and its number is not given again");
    }
  }
  const Configuration voters_before = from.voters();
  const Configuration voters_after = to.voters();
  if (voters_after.members().empty()) return invalid("a cluster needs a member that votes");
  const bool one_joins = without(voters_after.members(), voters_before.members()).size() <= 1;
  const bool one_leaves = without(voters_before.members(), voters_after.members()).size() <= 1;
  if (!one_joins || !one_leaves) return invalid("one member can be changed at a time");
  std::vector<ReplicaId> retired = from.retired;
  for (const ReplicaId id : without(before, after)) retired.push_back(id);
  std::sort(retired.begin(), retired.end());
  if (retired != to.retired) return invalid("the list of former members is wrong");
  return {};
}

// ---- bytes

void put(base::Encoder& out, const Membership& membership) {
  out.varint(membership.number);
  out.varint(membership.members.size());
  for (const MemberEntry& member : membership.members) {
    out.varint(member.id.value);
    out.bytes(member.address);
    out.fixed(static_cast<std::uint8_t>((member.votes ? 1 : 0) | (member.promote ? 2 : 0)));
    out.varint(member.replaces.value);
  }
  out.varint(membership.retired.size());
  for (const ReplicaId id : membership.retired) out.varint(id.value);
}

Membership take_membership(base::Decoder& in) {
  const auto take_number = [&in] {
    return ReplicaId{static_cast<std::uint16_t>(in.varint_at_most(0xffff))};
  };
  Membership membership;
  membership.number = in.varint();
  membership.members.resize(in.varint_at_most(members_max));
  for (MemberEntry& member : membership.members) {
    member.id = take_number();
    member.address = std::string(in.bytes());
    if (member.address.size() > address_bytes_max) in.fail();
    const auto flags = in.fixed<std::uint8_t>();
    if (flags > 3) in.fail();
    member.votes = (flags & 1) != 0;
    member.promote = (flags & 2) != 0;
    member.replaces = take_number();
  }
  membership.retired.resize(in.varint_at_most(retired_max));
  for (ReplicaId& id : membership.retired) id = take_number();
  const bool any_votes =
      std::any_of(membership.members.begin(), membership.members.end(),
                  [](const MemberEntry& member) { return member.votes && member.id.value != 0; });
  if (!any_votes || !is_by_id(membership.members) ||
      !std::is_sorted(membership.retired.begin(), membership.retired.end())) {
    in.fail();
  }
  return membership;
}

base::SharedBytes batch_of(const Membership& membership) {
  std::string bytes(1, membership_batch);
  base::Encoder out(bytes);
  put(out, membership);
  return base::SharedBytes(std::move(bytes));
}

std::optional<Membership> membership_in(std::string_view batch) {
  if (batch.empty() || batch.front() != membership_batch) return std::nullopt;
  base::Decoder in(batch.substr(1));
  Membership membership = take_membership(in);
  if (!in.complete()) return Membership{};
  return membership;
}

std::string encode_epochs(const std::vector<Epoch>& epochs) {
  std::string bytes;
  base::Encoder out(bytes);
  out.varint(epochs.size());
  for (const Epoch& epoch : epochs) {
    out.varint(epoch.from.value);
    put(out, epoch.membership);
  }
  return bytes;
}

Result<std::vector<Epoch>> decode_epochs(std::string_view bytes) {
  base::Decoder in(bytes);
  std::vector<Epoch> epochs;
  for (std::uint64_t left = in.varint_at_most(epochs_max); left > 0 && in.ok(); --left) {
    const Round from{in.varint_at_most(round_never.value)};
    epochs.push_back({from, take_membership(in)});
    const bool first = epochs.size() == 1;
    const Epoch& before = epochs[epochs.size() - (first ? 1 : 2)];
    const bool rises =
        before.from < from && before.membership.number < epochs.back().membership.number;
    if (!first && !rises) in.fail();
  }
  if (!in.complete() || epochs.empty()) {
    return {Code::corrupted, "its list of members cannot be read"};
  }
  return epochs;
}

// ---- C(r)

void ConfigurationHistory::begin(std::vector<Epoch> epochs) {
  RABIA_CHECK(!epochs.empty());
  epochs_.clear();
  for (Epoch& epoch : epochs) add(std::move(epoch));
}

void ConfigurationHistory::add(Epoch epoch) {
  auto voters = std::make_unique<const Configuration>(epoch.membership.voters());
  epochs_.push_back({epoch.from, std::move(epoch.membership), std::move(voters)});
}

std::vector<const Configuration*> ConfigurationHistory::in_force(RoundRange rounds) const {
  std::vector<const Configuration*> all;
  for (Round round = rounds.first; round < rounds.end; round = same_until(round, rounds.end)) {
    all.push_back(&at(round));
  }
  return all;
}

std::vector<Epoch> ConfigurationHistory::from(Round round) const {
  std::vector<Epoch> all;
  for (std::size_t i = 0; i < epochs_.size(); ++i) {
    const bool over = i + 1 < epochs_.size() && epochs_[i + 1].from <= round;
    if (!over) all.push_back({epochs_[i].from, epochs_[i].membership});
  }
  return all;
}

Round ConfigurationHistory::same_until(Round round, Round end) const {
  for (const Known& known : epochs_) {
    if (known.from > round && known.from < end) return known.from;
  }
  return end;
}

}  // namespace rabia::consensus
