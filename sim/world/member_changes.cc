#include "sim/world/member_changes.h"

#include <algorithm>

namespace rabia::sim {

using consensus::MemberEntry;
using replica::MemberChange;

namespace {

ReplicaId id_of(std::size_t host) {
  return {static_cast<std::uint16_t>(host + 1)};
}

template <typename T>
const T& one_of(base::Random& random, const std::vector<T>& choices) {
  return choices[random.below(choices.size())];
}

}  // namespace

MemberChanges::MemberChanges(World& world, const Plan& plan)
    : world_(world), plan_(plan), random_(plan.seed * 61 + 11), least_voters_(plan.members) {}

bool MemberChanges::is_member(std::size_t host) const {
  return now().find(id_of(host)) != nullptr;
}

bool MemberChanges::is_voter(std::size_t host) const {
  const MemberEntry* entry = now().find(id_of(host));
  return entry != nullptr && entry->votes;
}

bool MemberChanges::is_removed(std::size_t host) const {
  return std::binary_search(now().retired.begin(), now().retired.end(), id_of(host));
}

bool MemberChanges::someone_waits() const {
  return std::any_of(now().members.begin(), now().members.end(),
                     [](const MemberEntry& member) { return member.promote; });
}

std::vector<std::size_t> MemberChanges::spares() const {
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < world_.hosts.size(); ++i) {
    if (!is_member(i) && !is_removed(i)) all.push_back(i);
  }
  return all;
}

std::vector<replica::Member> MemberChanges::list_for(std::size_t host) const {
  std::vector<replica::Member> list;
  for (std::size_t i = 0; i < world_.hosts.size(); ++i) {
    if (i == host || is_member(i)) list.push_back({id_of(i), {host_name(i), peer_port}});
  }
  return list;
}

MemberChange MemberChanges::introduce(std::size_t spare) {
  world_.start(spare);
  return {.kind = MemberChange::Kind::add,
          .id = id_of(spare),
          .address = {host_name(spare), peer_port},
          .stays_learner = random_.chance(25)};
}

// One voter fewer must still stand what is lost now, and what comes is measured by it.
bool MemberChanges::may_shrink() {
  const std::size_t voters = now().voters().size();
  if (voters < 2 || world_.lost() > (voters - 2) / 2) return false;
  least_voters_ = std::min(least_voters_, voters - 1);
  return true;
}

bool MemberChanges::strike() {
  std::vector<Host*> serving;
  for (const auto& host : world_.hosts) {
    if (host->up() && !host->paused() && host->replica().status().serving) {
      serving.push_back(host.get());
    }
  }
  if (serving.empty()) return false;
  Host& asked = *one_of(random_, serving);
  const std::vector<std::size_t> fresh = spares();
  const std::vector<MemberEntry>& members = now().members;
  const MemberEntry& someone = one_of(random_, members);
  switch (random_.below(4)) {
    case 0:
      return !fresh.empty() && ask(asked, introduce(one_of(random_, fresh)));
    case 1:
      return ask(asked, {.kind = MemberChange::Kind::promote, .id = someone.id});
    case 2:
      if (someone.votes && !may_shrink()) return false;
      return ask(asked, {.kind = MemberChange::Kind::remove, .id = someone.id});
    default: {
      if (fresh.empty()) return false;
      MemberChange change = introduce(one_of(random_, fresh));
      change.kind = MemberChange::Kind::replace;
      change.replaced = someone.id;
      return ask(asked, change);
    }
  }
}

bool MemberChanges::ask(Host& of, MemberChange change) {
  asked_ = true;
  of.replica().change_members(change, [](const Status&) {});  // The log says what came of it.
  return true;
}

}  // namespace rabia::sim
