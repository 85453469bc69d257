#include "rabia/replica.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>

#include "base/check.h"
#include "io/real_runtime.h"
#include "library/core_thread.h"
#include "library/line.h"
#include "library/log_quietly.h"
#include "library/once_machine.h"
#include "library/patience.h"
#include "replica/replica.h"

namespace rabia {
namespace {

using library::Item;
using library::Line;

constexpr std::chrono::milliseconds look_again_after(10);

// Waits for a Status that is given by a callback, which is destroyed without a call when the
// replica is closed before.
class Answer {
 public:
  using Give = std::function<void(Status)>;

  [[nodiscard]] Give take() {
    return
        [owed = std::make_shared<Owed>(promise_)](Status status) { owed->give(std::move(status)); };
  }
  [[nodiscard]] Status wait() { return promise_->get_future().get(); }

 private:
  using Promise = std::shared_ptr<std::promise<Status>>;
  class Owed {
   public:
    explicit Owed(Promise promise) : promise_(std::move(promise)) {}
    ~Owed() {
      if (!given_) promise_->set_value({Code::unavailable, "the replica was closed"});
    }
    Owed(const Owed&) = delete;
    Owed& operator=(const Owed&) = delete;
    void give(Status status) {
      given_ = true;
      promise_->set_value(std::move(status));
    }

   private:
    Promise promise_;
    bool given_ = false;
  };

  Promise promise_ = std::make_shared<std::promise<Status>>();
};

Status waits_for_itself() {
  return {Code::failed_precondition,
          "this waits for the replica's thread, and was called from it: from a callback ask by a "
          "callback"};
}

replica::ReplicaOptions internal(const ReplicaOptions& options) {
  replica::ReplicaOptions out;
  out.cluster_id = options.cluster_id;
  out.self = options.self;
  for (const MemberAddress& member : options.members) {
    out.members.push_back({member.id, {member.host, member.port}});
  }
  if (out.members.empty()) out.members.push_back({options.self, {"127.0.0.1", 0}});
  std::ranges::sort(out.members, {}, &replica::Member::id);
  out.data_directory = options.data_directory;
  out.durability = options.durability;
  out.bootstrap = options.bootstrap;
  out.rejoin = options.rejoin;
  out.snapshots.log_bytes = options.snapshot_log_bytes;
  if (!options.compress_snapshots) out.snapshots.zstd_level = 0;
  return out;
}

Status check(const ReplicaOptions& options) {
  const auto refuse = [](const char* why) { return Status(Code::invalid_argument, why); };
  if (!is_valid_cluster_id(options.cluster_id)) {
    return refuse("cluster_id: 1 to 64 letters, digits, '.', '_' or '-'");
  }
  if (options.self.value == 0) return refuse("self: an id from 1 to 65535");
  if (options.data_directory.empty()) return refuse("data_directory: a path is needed");
  const bool listed =
      options.members.empty() ||
      std::ranges::find(options.members, options.self, &MemberAddress::id) != options.members.end();
  return listed ? Status() : refuse("members: self is not among them");
}

}  // namespace

class Replica::Impl {
 public:
  static Result<std::unique_ptr<Impl>> open(const ReplicaOptions& options, StateMachine& machine) {
    if (Status checked = check(options); !checked.ok()) return checked;
    library::log_quietly_unless_told();
    auto impl = std::make_unique<Impl>(machine);
    replica::Replica::Callbacks callbacks;
    callbacks.stopped = [raw = impl.get()](Status why) {
      const std::lock_guard lock(raw->mutex_);
      raw->failure_ = std::move(why);
    };
    auto opened =
        replica::Replica::open({impl->core_.runtime().executor(), impl->core_.runtime().network(),
                                *impl->files_, *impl->log_worker_, *impl->snapshot_worker_},
                               internal(options), impl->machine_, std::move(callbacks));
    if (!opened.ok()) return opened.status();
    impl->replica_ = opened.take();
    for (auto& line : impl->lines_) {
      line = std::make_unique<Line>(*impl->replica_, impl->waiting_bytes_);
    }
    impl->core_.start();
    return impl;
  }

  explicit Impl(StateMachine& machine) : machine_(machine) {}
  ~Impl() { static_cast<void>(close()); }

  // Any thread. Answered by the replica's, unless it was closed.
  void submit(Item item) {
    if (!item.done) item.done = [](const Reply&) {};
    const std::uint64_t waiting = waiting_bytes_ += item.bytes();
    if (!item.refused && waiting > waiting_bytes_max) {
      item.refused =
          Status(Code::exhausted, "more than 256 MiB wait for their answers here already");
    }
    bool wake = false;
    bool closed = false;
    {
      const std::lock_guard lock(mutex_);
      closed = closed_;
      wake = !closed && incoming_.empty();
      if (!closed) incoming_.push_back(std::move(item));
    }
    if (closed) return item.done(Status(Code::unavailable, "the replica was closed"));
    if (wake) core_.post([this] { take_incoming(); });
  }

  void post(std::function<void()> job) { core_.post(std::move(job)); }
  void run(const std::function<void()>& job) { core_.run(job); }

  Status close() {
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return {};
      closed_ = true;
    }
    Status closed;
    core_.end([&] {
      take_incoming();
      closed = replica_->close();
      for (auto& line : lines_) {
        line->fail_all();
        line.reset();
      }
      replica_.reset();
    });
    return closed;
  }

  [[nodiscard]] Status failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
  }
  // Calls `ask` with the replica and how it is to answer, and waits for the answer.
  template <typename Ask>
  Status ask(const Ask& ask) {
    if (core_.is_this()) return waits_for_itself();
    Answer answer;
    run([&] {
      const Answer::Give give = answer.take();
      if (replica_) ask(*replica_, give);
    });
    return answer.wait();
  }
  [[nodiscard]] bool is_own_thread() const { return core_.is_this(); }
  [[nodiscard]] bool replicates(const StateMachine& machine) const {
    return machine_.is_around(machine);
  }
  // Replica's thread. Null: it was closed.
  [[nodiscard]] replica::Replica* replica() { return replica_.get(); }

 private:
  static constexpr std::uint64_t waiting_bytes_max = 256ULL << 20;

  void take_incoming() {
    std::deque<Item> items;
    {
      const std::lock_guard lock(mutex_);
      items.swap(incoming_);
    }
    for (Item& item : items) {
      if (item.refused) {
        waiting_bytes_ -= item.bytes();
        item.done(std::move(*item.refused));
      } else {
        lines_[next_line_]->submit(std::move(item));
        next_line_ = (next_line_ + 1) % lines_.size();
      }
    }
  }

  library::OnceMachine machine_;
  library::CoreThread core_;
  std::unique_ptr<io::FileSystem> files_ = io::make_real_file_system();
  std::unique_ptr<io::Worker> log_worker_ = core_.runtime().make_worker();
  std::unique_ptr<io::Worker> snapshot_worker_ =
      core_.runtime().make_worker(io::Urgency::background);
  std::unique_ptr<replica::Replica> replica_;
  // As many as can be useful: so many batches of one replica are under way at once.
  std::array<std::unique_ptr<Line>, 16> lines_;
  std::size_t next_line_ = 0;
  std::atomic<std::uint64_t> waiting_bytes_ = 0;  // Submitted, and not answered.

  mutable std::mutex mutex_;  // Guards what follows.
  std::deque<Item> incoming_;
  Status failure_;
  bool closed_ = false;
};

Replica::Replica(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Replica::~Replica() = default;

Result<std::unique_ptr<Replica>> Replica::open(const ReplicaOptions& options,
                                               StateMachine& machine) {
  auto impl = Impl::open(options, machine);
  if (!impl.ok()) return impl.status();
  return std::unique_ptr<Replica>(new Replica(impl.take()));
}

namespace {

std::optional<Status> too_long(const std::string& command) {
  if (command.size() <= command_bytes_max) return std::nullopt;
  return Status(Code::invalid_argument, "a command of " + std::to_string(command.size()) +
                                            " bytes: at most " + std::to_string(command_bytes_max));
}

}  // namespace

void Replica::submit(std::string command, Done done) {
  Item item{.command = {}, .look = {}, .done = std::move(done), .refused = too_long(command)};
  if (!item.refused) {
    item.command.reserve(command.size() + 1);
    library::encode_plain(item.command, command);
  }
  impl_->submit(std::move(item));
}

void Replica::submit(const NamedCommand& command, Done done) {
  Item item{
      .command = {}, .look = {}, .done = std::move(done), .refused = too_long(command.command)};
  if (command.session.empty() || command.session.size() > NamedCommand::session_bytes_max) {
    item.refused = Status(Code::invalid_argument, "a session has a name of 1 to 256 bytes");
  }
  if (!item.refused) library::encode_named(item.command, command);
  impl_->submit(std::move(item));
}

namespace {

template <typename Command>
std::future<Replica::Reply> submit_for_a_future(Replica& replica, Command command) {
  const auto promise = std::make_shared<std::promise<Replica::Reply>>();
  replica.submit(std::move(command),
                 [promise](Replica::Reply reply) { promise->set_value(std::move(reply)); });
  return promise->get_future();
}

}  // namespace

std::future<Replica::Reply> Replica::submit(std::string command) {
  return submit_for_a_future(*this, std::move(command));
}

std::future<Replica::Reply> Replica::submit(const NamedCommand& command) {
  return submit_for_a_future(*this, command);
}

void Replica::read(std::function<void()> look, std::function<void(Status)> done) {
  impl_->submit({.command = {},
                 .look = std::move(look),
                 .done = [done = std::move(done)](const Reply& reply) {
                   if (done) done(reply.status());
                 }});
}

Status Replica::read(std::function<void()> look) {
  if (is_own_thread()) return waits_for_itself();
  const auto promise = std::make_shared<std::promise<Status>>();
  read(std::move(look), [promise](Status status) { promise->set_value(std::move(status)); });
  return promise->get_future().get();
}

void Replica::peek(const std::function<void()>& look) {
  impl_->run(look);
}

ReplicaStatus Replica::status() {
  ReplicaStatus out;
  impl_->run([&] {
    if (impl_->replica() == nullptr) {
      out.not_serving_because = "it was closed";
      return;
    }
    const replica::ReplicaStatus now = impl_->replica()->status();
    out = {.serving = now.serving,
           .not_serving_because = now.not_serving_because,
           .position = now.position,
           .time = now.log_time,
           .digest = now.digest,
           .members = {}};
    const auto add = [&](const replica::PeerStatus& member, bool connected) {
      out.members.push_back({member.id, member.role == replica::Role::voter, connected});
    };
    add(now.self, true);
    for (const replica::PeerStatus& peer : now.peers) add(peer, peer.connected);
  });
  std::ranges::sort(out.members, {}, &MemberStatus::id);
  return out;
}

bool Replica::is_own_thread() const {
  return impl_->is_own_thread();
}

bool Replica::replicates(const StateMachine& machine) const {
  return impl_->replicates(machine);
}

bool Replica::wait_until_serving(std::chrono::milliseconds patience) {
  const auto end = library::end_of(patience);
  while (!status().serving) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(look_again_after);
  }
  return true;
}

namespace {

replica::MemberChange joining(const MemberAddress& member) {
  return {.kind = replica::MemberChange::Kind::add,
          .id = member.id,
          .address = {member.host, member.port},
          .replaced = {}};
}

auto change_by(const replica::MemberChange& change) {
  return [change](replica::Replica& replica, const Answer::Give& give) {
    replica.change_members(change, give);
  };
}

}  // namespace

Status Replica::add_member(const MemberAddress& member) {
  return impl_->ask(change_by(joining(member)));
}

Status Replica::remove_member(ReplicaId id) {
  return impl_->ask(change_by({.kind = replica::MemberChange::Kind::remove, .id = id}));
}

Status Replica::replace_member(ReplicaId old, const MemberAddress& member) {
  replica::MemberChange change = joining(member);
  change.kind = replica::MemberChange::Kind::replace;
  change.replaced = old;
  return impl_->ask(change_by(change));
}

void Replica::post(std::function<void()> job) {
  impl_->post(std::move(job));
}

Status Replica::take_snapshot() {
  return impl_->ask([](replica::Replica& replica, const Answer::Give& give) {
    replica.take_snapshot([give](const auto& taken) { give(taken.status()); });
  });
}

Status Replica::failure() const {
  return impl_->failure();
}

Status Replica::close() {
  return impl_->close();
}

}  // namespace rabia
