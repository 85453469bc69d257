// Who belongs to the cluster: changed by commands of the log, followed by links to peers.
// protocol.md, section 5.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "base/shared_bytes.h"
#include "base/time.h"
#include "consensus/node.h"
#include "io/executor.h"
#include "replica/replica.h"
#include "transport/transport.h"

namespace rabia::replica {

// What the log says of the members is the node's. Here is what one replica does about it: it judges
// and proposes changes, keeps links to all that it may have to speak with, promotes learners, and
// notices that it may go. Core thread only.
class Members {
 public:
  using Done = std::function<void(Status)>;
  struct Callbacks {
    // Puts this batch into the log. Its `done` is told what became of it.
    std::function<void(base::SharedBytes batch, Done done)> propose;
    std::function<void()> schedule;
    // This replica was removed, and nobody needs it any more.
    std::function<void()> left;
  };

  // All references outlive it.
  Members(const ReplicaOptions& options, io::Executor& executor, consensus::Engine& node,
          Callbacks callbacks)
      : options_(options), executor_(executor), node_(node), callbacks_(std::move(callbacks)) {}

  // The links are this transport's from now on; null (as before the first call): there are none.
  void link_by(transport::Transport* transport);
  // The members are others now: a batch, or a snapshot, says so.
  void follow();
  void log_change() const;

  // See Replica::change_members(). While this replica is available. It needs links, as tick() does.
  void change(const MemberChange& change, Done done);
  // The replica stops: whoever waits for a change that was not proposed is told `why`.
  void stop(const Status& why);
  // Once a step. `available`: this replica may propose.
  void tick(base::Instant now, bool available);

  [[nodiscard]] bool removed() const;
  // Fills in what is known of them.
  void describe(ReplicaStatus& status) const;

 private:
  // A new member that must be reached before it is added.
  struct Introduction {
    Member member;
    consensus::Membership next;
    Done done;
    base::Instant until;
  };

  [[nodiscard]] std::vector<Member> everyone() const;
  void drop_old_links();
  void introduce();
  void promote_who_is_near(bool available);
  void leave_when_done();
  void propose(const consensus::Membership& next, Done done);
  [[nodiscard]] Status safe_now(const consensus::Membership& next) const;
  [[nodiscard]] bool takes_part(ReplicaId member) const;
  [[nodiscard]] bool is_near(ReplicaId learner) const;
  [[nodiscard]] bool in_force() const;
  [[nodiscard]] io::Endpoint own_address() const;

  const ReplicaOptions& options_;
  io::Executor& executor_;
  consensus::Engine& node_;
  Callbacks callbacks_;

  transport::Transport* transport_ = nullptr;
  base::Instant now_{};  // Of the last tick.
  std::optional<Introduction> introduction_;
  bool changing_ = false;  // A change of this replica's is under way.
  base::Instant promote_again_at_{};
  consensus::Round no_links_before_;  // To members of configurations that were in force before.
  std::optional<base::Instant> passed_since_;
};

}  // namespace rabia::replica
