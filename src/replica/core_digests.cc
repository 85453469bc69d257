// Says the digest of this replica's state, compares it with the others', and stops the replica when
// no majority can agree with it. docs/architecture.md, "Digests".
#include <algorithm>
#include <chrono>
#include <ctime>
#include <utility>

#include "io/log.h"
#include "replica/core.h"
#include "storage/divergence.h"

namespace rabia::replica {

namespace {

constexpr const char* what_to_do =
    "Start it with --rejoin: it then fetches everything from the others, and its data is removed "
    "when it is back (\"A replica that differs\" in docs/operations.md)";

std::string in_utc(base::WallTime time) {
  const std::time_t seconds =
      std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
  std::tm parts{};
  char text[32] = "";
  if (gmtime_r(&seconds, &parts) != nullptr) {
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  }
  return text;
}

// "member 2 since batch 1234 (equal at 1200)"
std::string text_of(ReplicaId peer, const DigestWatch::Standing& standing) {
  return "member " + std::to_string(peer.value) + " since batch " +
         std::to_string(standing.differs->position.value) + " (equal at " +
         std::to_string(standing.agrees.value) + ")";
}

}  // namespace

const consensus::Configuration& Core::members_in_force() const {
  return node_->configurations().at(node_->executed_end());
}

// After each batch: a few nanoseconds, as long as nobody differs.
void Core::note_digest() {
  digests_.executed(position_, machine_.digest());
  claim_owed_ = true;
  if (digests_.changed() || digests_.any_differs()) judge_digests();
}

// Before a step answers anybody.
void Core::compare_digests(const std::vector<consensus::DigestClaim>& claims) {
  for (const consensus::DigestClaim& claim : claims) digests_.claimed(claim.from, claim.digest);
  if (digests_.changed()) judge_digests();
}

void Core::judge_digests() {
  for (const ReplicaId peer : digests_.take_changed()) {
    const DigestWatch::Standing standing = digests_.standing(peer);
    if (!standing.differs) {
      io::log(io::Level::info, "replica", "the state is equal to a peer's again",
              {{"peer", peer}, {"batch", standing.agrees.value}});
      continue;
    }
    const DigestWatch::Difference& difference = *standing.differs;
    io::log(io::Level::error, "replica", "the state differs from a peer's",
            {{"peer", peer},
             {"differs_since_batch", difference.position.value},
             {"equal_at_batch", standing.agrees.value},
             {"digest", to_string(difference.own)},
             {"peer_digest", to_string(difference.theirs)}});
    // So that the peer knows as well, also when this replica stops now.
    send({peer, nullptr, consensus::message::Digest{difference.position, difference.own}});
  }
  if (digests_.outvoted(members_in_force())) stop_as_diverged();
}

// To all, at an interval, when something was executed or somebody connected since the last time.
void Core::claim_digest() {
  if (!claims_digest() || now_ < claim_at_) return;
  claim_owed_ = false;
  claim_at_ = now_ + options_.tuning.digest_every;
  const consensus::Configuration& members = members_in_force();
  if (members.size() == 1) return;
  send({std::nullopt, &members, digests_.newest()});
}

bool Core::claims_digest() const {
  return claim_owed_ && position_ > LogPosition{} &&
         node_->stage() == consensus::Node::Stage::running;
}

// Nobody is answered any more from here on. The process ends when the directory is marked, so that
// the next one does not serve from it.
void Core::stop_as_diverged() {
  const consensus::Configuration& members = members_in_force();
  std::string who;
  for (const ReplicaId member : members.members()) {
    const DigestWatch::Standing standing = digests_.standing(member);
    if (standing.differs) who += (who.empty() ? "" : ", ") + text_of(member, standing);
  }
  Status why{Code::failed_precondition,
             "the state of this replica differs from that of " +
                 std::to_string(digests_.differing(members)) + " of the " +
                 std::to_string(members.size() - 1) +
                 " other members, so that no majority agrees with it: " + who +
                 ". It serves no more, since what it would answer may be wrong. " + what_to_do};
  io::log(io::Level::error, "replica", "stopping", {{"reason", why.message()}});
  outbox_->flush();
  halt();
  schedule();
  if (!directory_) {
    if (callbacks_.stopped) callbacks_.stopped(std::move(why));
    return;
  }
  snapshot_jobs_ = std::make_unique<Jobs>(environment_.snapshot_worker);
  snapshot_jobs_->run(
      [&files = environment_.files, path = directory_->path(), note = divergence_note()] {
        return storage::mark_diverged(files, path, note);
      },
      [this, why = std::move(why)](const Status& marked) mutable {
        if (!marked.ok()) {
          io::log(io::Level::error, "replica", "the data directory could not be marked",
                  {{"reason", marked.message()}});
        }
        if (callbacks_.stopped) callbacks_.stopped(std::move(why));
      });
}

// For people.
std::string Core::divergence_note() const {
  std::string note = "found " + in_utc(environment_.executor.wall_now()) + "\nposition " +
                     std::to_string(position_.value) + "\ndigest " + to_string(machine_.digest()) +
                     "\n";
  for (const ReplicaId member : members_in_force().members()) {
    if (member == options_.self) continue;
    const DigestWatch::Standing standing = digests_.standing(member);
    note += "member " + std::to_string(member.value) + ": equal at position " +
            std::to_string(standing.agrees.value);
    if (standing.differs) {
      note += ", differs since " + std::to_string(standing.differs->position.value) + ": here " +
              to_string(standing.differs->own) + ", there " + to_string(standing.differs->theirs);
    }
    note += "\n";
  }
  return note;
}

Status Core::refuse_if_diverged() const {
  const std::string& path = directory_->path();
  const Result<bool> diverged = storage::has_diverged(environment_.files, path);
  if (!diverged.ok()) return diverged.status();
  if (!diverged.value()) return {};
  return {Code::corrupted,
          "the data directory '" + path + "' holds a state that differs from that of the other " +
              "members (" + storage::divergence_path(path) + " says since when). " + what_to_do};
}

void Core::status_of_digests(ReplicaStatus& status) const {
  status.digest = machine_.digest();
  status.digest_differs = digests_.any_differs();
  for (PeerStatus& peer : status.peers) {
    const DigestWatch::Standing standing = digests_.standing(peer.id);
    peer.digest_agrees = standing.agrees;
    if (standing.differs) peer.digest_differs = standing.differs->position;
    status.digest_agrees = std::max(status.digest_agrees, standing.agrees);
  }
}

}  // namespace rabia::replica
