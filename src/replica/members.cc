#include "replica/members.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "io/log.h"
#include "replica/member_change.h"

namespace rabia::replica {

using consensus::MemberEntry;
using consensus::Membership;

namespace {

// A new member must be reached within so long.
constexpr base::Duration introduced_within = std::chrono::seconds(5);
// Links to removed members stay for so long after the change is in force and a window has passed.
constexpr base::Duration links_stay_for = std::chrono::seconds(5);
// A promotion that came to nothing is tried again after so long.
constexpr base::Duration promote_again_after = std::chrono::milliseconds(500);

}  // namespace

// ---- links

// All that this replica may have to speak with: learners too, and who was removed not long ago.
std::vector<Member> Members::everyone() const {
  std::map<ReplicaId, io::Endpoint> all;
  for (const consensus::Epoch& epoch : node_.configurations().from(no_links_before_)) {
    for (const MemberEntry& member : epoch.membership.members) {
      const Result<io::Endpoint> address = io::parse_endpoint(member.address);
      if (address.ok()) all[member.id] = address.value();
      if (!address.ok()) all.try_emplace(member.id);
    }
  }
  // The start list knows founders, and says to a new member whom to ask.
  const bool knows_nothing = node_.stage() != consensus::Node::Stage::running;
  for (const Member& member : options_.members) {
    const auto known = all.find(member.id);
    if (known != all.end() && known->second.port == 0) known->second = member.peer_address;
    if (known == all.end() && knows_nothing) all[member.id] = member.peer_address;
  }
  if (introduction_) all[introduction_->member.id] = introduction_->member.peer_address;
  all.erase(options_.self);
  std::vector<Member> members;
  for (auto& [id, address] : all) {
    if (address.port != 0) members.push_back({id, std::move(address)});
  }
  return members;
}

void Members::link_by(transport::Transport* transport) {
  transport_ = transport;
  follow();
}

void Members::follow() {
  if (transport_ == nullptr) return;
  const std::vector<Member> wanted = everyone();
  for (const auto& stat : transport_->stats()) {
    const bool stays = std::any_of(wanted.begin(), wanted.end(),
                                   [&](const Member& member) { return member.id == stat.id; });
    if (!stays) transport_->remove_peer(stat.id);
  }
  for (const Member& member : wanted) {
    node_.know(member.id);
    const Status status = transport_->add_peer({member.id, member.peer_address});
    if (!status.ok()) {
      io::log(io::Level::error, "replica", "no link to a member",
              {{"peer", member.id}, {"reason", status.message()}});
    }
  }
}

// ---- changes

void Members::change(const MemberChange& change, Done done) {
  if (introduction_ || changing_ || !in_force()) {
    return done({Code::unavailable,
                 "another change of the members is under way: try again when it is in force"});
  }
  Membership now = node_.configurations().latest();
  for (MemberEntry& member : now.members) {
    for (const Member& started : options_.members) {
      if (member.address.empty() && member.id == started.id) {
        member.address = io::to_string(started.peer_address);
      }
    }
  }
  Result<Membership> next = after(now, change);
  if (!next.ok()) return done(next.status());
  if (change.kind == MemberChange::Kind::promote && !is_near(change.id)) {
    return done(
        {Code::failed_precondition,
         member_name(change.id) + " has not caught up, or is not connected: try again later"});
  }
  if (Status status = safe_now(next.value()); !status.ok()) return done(status);
  const bool is_new =
      change.kind == MemberChange::Kind::add || change.kind == MemberChange::Kind::replace;
  if (!is_new) return propose(next.value(), std::move(done));
  introduction_ = {{change.id, change.address},
                   next.take(),
                   std::move(done),
                   executor_.now() + introduced_within};
  follow();
  callbacks_.schedule();
}

// Who was removed is spoken with for a while after: it has to learn that it may go, and who is
// behind may need it.
void Members::drop_old_links() {
  const consensus::Round latest_from = node_.configurations().latest_from();
  if (no_links_before_ >= latest_from) return;
  const bool passed = node_.executed_end() > latest_from + options_.tuning.window_rounds;
  if (!passed) {
    passed_since_.reset();
  } else if (!passed_since_) {
    passed_since_ = now_;
  } else if (now_ - *passed_since_ >= links_stay_for) {
    passed_since_.reset();
    no_links_before_ = latest_from;
    follow();
  }
}

// Whether the voters that are connected and take part now would be a quorum.
Status Members::safe_now(const Membership& next) const {
  const consensus::Configuration voters = next.voters();
  const auto count = [&](auto counts) {
    return static_cast<std::size_t>(
        std::count_if(voters.members().begin(), voters.members().end(), counts));
  };
  const std::size_t up = count([this](ReplicaId id) {
    return id == options_.self ? node_.executed_end() >= node_.floor() : takes_part(id);
  });
  const std::size_t quorum = voters.quorums().quorum();
  if (up >= quorum) return {};
  const std::size_t not_heard =
      count([this](ReplicaId id) { return transport_->up(id) && node_.last_beat(id) == nullptr; });
  if (up + not_heard >= quorum) {
    return {Code::unavailable, "some members have just connected: try again in a moment"};
  }
  return {Code::failed_precondition,
          "it would leave " + std::to_string(up) + " voters that take part of " +
              std::to_string(voters.size()) + ", which is no quorum: bring members back first"};
}

void Members::propose(const Membership& next, Done done) {
  changing_ = true;
  callbacks_.propose(consensus::batch_of(next), [this, done = std::move(done)](Status status) {
    changing_ = false;
    if (done) done(std::move(status));
  });
}

void Members::log_change() const {
  const Membership& now = node_.configurations().latest();
  std::string members;
  for (const MemberEntry& member : now.members) {
    if (!members.empty()) members += ' ';
    members += std::to_string(member.id.value) + (member.votes ? "" : "(learner)");
  }
  io::log(io::Level::info, "replica", "members changed",
          {{"number", now.number},
           {"members", members},
           {"in_force_from_round", node_.configurations().latest_from().value}});
}

bool Members::in_force() const {
  return node_.configurations().latest_from() <= node_.executed_end();
}

// ---- in every step

void Members::tick(base::Instant now, bool available) {
  now_ = now;
  introduce();
  drop_old_links();
  promote_who_is_near(available);
  leave_when_done();
}

// It is added when it is reached.
void Members::stop(const Status& why) {
  if (!introduction_) return;
  const auto done = std::move(introduction_->done);
  introduction_.reset();
  done(why);
}

void Members::introduce() {
  if (!introduction_) return;
  if (transport_->up(introduction_->member.id)) {
    Introduction reached = std::move(*introduction_);
    introduction_.reset();
    propose(reached.next, std::move(reached.done));
  } else if (now_ >= introduction_->until) {
    const auto done = std::move(introduction_->done);
    const Member member = introduction_->member;
    introduction_.reset();
    follow();
    done({Code::failed_precondition,
          member_name(member.id) + " cannot be reached at " + io::to_string(member.peer_address) +
              ": start it there with --rejoin and this cluster's members, then try again"});
  }
}

bool Members::takes_part(ReplicaId member) const {
  const consensus::message::Beat* beat = node_.last_beat(member);
  return beat != nullptr && beat->executed_end >= beat->floor;
}

bool Members::is_near(ReplicaId learner) const {
  return takes_part(learner) &&
         node_.last_beat(learner)->executed_end + options_.tuning.window_rounds / 4 >=
             node_.executed_end();
}

// Of the voters that are connected the one with the lowest number sees to it.
void Members::promote_who_is_near(bool available) {
  if (!available || changing_ || introduction_ || now_ < promote_again_at_) return;
  const Membership& now = node_.configurations().latest();
  const auto waits = [](const MemberEntry& member) { return !member.votes && member.promote; };
  const auto learner = std::find_if(now.members.begin(), now.members.end(), waits);
  if (learner == now.members.end() || !in_force()) return;
  promote_again_at_ = now_ + promote_again_after;
  const consensus::Configuration voters = now.voters();
  for (const ReplicaId voter : voters.members()) {
    if (voter == options_.self) break;
    if (transport_->up(voter)) return;
  }
  const auto near = std::find_if(now.members.begin(), now.members.end(), [&](const auto& member) {
    return waits(member) && is_near(member.id);
  });
  if (near == now.members.end()) return;
  const Membership next = after_promotion(now, near->id);
  if (safe_now(next).ok()) propose(next, nullptr);
}

bool Members::removed() const {
  const Membership& now = node_.configurations().latest();
  return std::binary_search(now.retired.begin(), now.retired.end(), options_.self);
}

// Section 5: a removed member takes part in its last rounds, also after a restart, until Q members
// of the new configuration have come to where that is in force. Others may need it until then; when
// they have all gone on and dropped their links to it, the operator stops it.
void Members::leave_when_done() {
  if (!removed()) return;
  const auto& configurations = node_.configurations();
  const consensus::Configuration voters = configurations.latest().voters();
  const auto arrived =
      std::count_if(voters.members().begin(), voters.members().end(), [&](ReplicaId voter) {
        return node_.peer_executed_end(voter) >= configurations.latest_from();
      });
  if (static_cast<std::size_t>(arrived) < voters.quorums().quorum()) return;
  // It ends for good, with code 0: the one line that says why must not go with `log-level`.
  io::log(io::Level::warning, "replica", "removed from the cluster, and done with it",
          {{"replica", options_.self}, {"round", node_.executed_end().value}});
  callbacks_.left();
}

// ---- what can be seen

io::Endpoint Members::own_address() const {
  const auto self = std::find_if(options_.members.begin(), options_.members.end(),
                                 [this](const Member& m) { return m.id == options_.self; });
  return self->peer_address;
}

void Members::describe(ReplicaStatus& status) const {
  const auto& configurations = node_.configurations();
  const Membership& now = configurations.latest();
  status.self.id = options_.self;
  status.membership_number = now.number;
  status.membership_in_force = in_force();
  status.removed = removed();
  status.rejoining = node_.stage() == consensus::Node::Stage::rejoining;
  status.rejoins = node_.counters().rejoins;
  std::vector<transport::Transport::PeerStats> stats;
  if (transport_ != nullptr) stats = transport_->stats();
  for (const MemberEntry& member : now.members) {
    PeerStatus peer{
        .id = member.id, .address = {}, .role = member.votes ? Role::voter : Role::learner};
    if (member.id == options_.self) {
      peer.address = own_address();
      peer.connected = true;
      peer.executed_round = status.executed_round;
      status.self = peer;
      continue;
    }
    if (transport_ != nullptr) {
      peer.address = transport_->address_of(member.id).value_or(io::Endpoint{});
    }
    for (const auto& stat : stats) {
      if (stat.id != member.id) continue;
      peer.connected = stat.up;
      peer.round_trip = stat.round_trip;
      peer.bytes_sent = stat.bytes_sent;
      peer.bytes_received = stat.bytes_received;
      peer.frames_dropped = stat.frames_dropped;
      peer.connects = stat.connects;
    }
    peer.executed_round = node_.peer_executed_end(member.id).value;
    status.peers.push_back(std::move(peer));
  }
}

}  // namespace rabia::replica
