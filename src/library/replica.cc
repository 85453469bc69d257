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
#include "library/log_quietly.h"
#include "library/once_machine.h"
#include "replica/replica.h"

namespace rabia {
namespace {

constexpr std::chrono::milliseconds look_again_after(10);

// What is submitted from outside.
struct Item {
  std::string command;         // Of a write.
  std::function<void()> look;  // Of a read.
  Replica::Done done;
};

// One of the replica's clients: its items are answered in order, and all that are undecided are in
// one batch. Core thread only.
class Line final : public replica::Client {
 public:
  explicit Line(replica::Replica& replica) : replica_(replica), id_(replica.add_client(*this)) {}
  ~Line() override { replica_.remove_client(id_); }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  void submit(Item item) {
    items_.push_back(std::move(item));
    submit_waiting();
  }
  // Answers what waits: the replica is gone, or will be.
  void fail_all() {
    while (!items_.empty()) answer(Status(Code::unavailable, "the replica was closed"));
  }

  void on_executed(std::uint64_t /*token*/, std::string_view reply) override {
    answer(std::string(reply));
  }
  void on_readable(std::uint64_t /*token*/, std::string_view /*operation*/) override {
    items_.front().look();
    answer(std::string());
  }
  void on_failed(std::uint64_t /*token*/, replica::Failure failure) override {
    if (failure == replica::Failure::outcome_unknown && !items_.front().look) {
      return answer(Status(Code::unknown_outcome,
                           "no quorum answered in time: the command may have been executed"));
    }
    answer(Status(Code::unavailable, "the cluster has no quorum: nothing was executed"));
  }
  void on_accepting() override { submit_waiting(); }
  void on_step_end() override {}

 private:
  void submit_waiting() {
    while (submitted_ < items_.size() && replica_.accepts(id_)) {
      const Item& item = items_[submitted_++];
      if (item.look) {
        replica_.submit_read(id_, 0, {});
      } else {
        replica_.submit_write(id_, 0, item.command);
      }
    }
  }
  void answer(Replica::Reply reply) {
    const Replica::Done done = std::move(items_.front().done);
    items_.pop_front();
    if (submitted_ > 0) --submitted_;
    done(std::move(reply));
  }

  replica::Replica& replica_;
  replica::ClientId id_;
  std::deque<Item> items_;     // Answered from the front.
  std::size_t submitted_ = 0;  // Of these.
};

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
        replica::Replica::open({impl->runtime_.executor(), impl->runtime_.network(), *impl->files_,
                                *impl->log_worker_, *impl->snapshot_worker_},
                               internal(options), impl->machine_, std::move(callbacks));
    if (!opened.ok()) return opened.status();
    impl->replica_ = opened.take();
    for (auto& line : impl->lines_) line = std::make_unique<Line>(*impl->replica_);
    impl->thread_ = std::thread([raw = impl.get()] { raw->runtime_.run(); });
    return impl;
  }

  explicit Impl(StateMachine& machine) : machine_(machine) {}
  ~Impl() { static_cast<void>(close()); }

  // Any thread.
  void submit(Item item) {
    if (item.command.size() > command_bytes_max) {
      return item.done(Status(Code::invalid_argument,
                              "a command of " + std::to_string(item.command.size()) +
                                  " bytes: at most " + std::to_string(command_bytes_max)));
    }
    bool wake = false;
    {
      const std::lock_guard lock(mutex_);
      if (!closed_) {
        wake = incoming_.empty();
        incoming_.push_back(std::move(item));
        item.done = nullptr;
      }
    }
    if (item.done) return item.done(Status(Code::unavailable, "the replica was closed"));
    if (wake) executor().post([this] { take_incoming(); });
  }

  void post(std::function<void()> job) { executor().post(std::move(job)); }

  // Runs `job` on the replica's thread, and waits for it.
  void run(const std::function<void()>& job) {
    if (std::this_thread::get_id() == thread_.get_id() || !thread_.joinable()) return job();
    // Shared: set_value() may still be at work when the wait has ended.
    const auto done = std::make_shared<std::promise<void>>();
    executor().post([&job, done] {
      job();
      done->set_value();
    });
    done->get_future().wait();
  }

  Status close() {
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return {};
      closed_ = true;
    }
    if (!thread_.joinable()) return {};
    Status closed;
    run([&] {
      take_incoming();
      closed = replica_->close();
      for (auto& line : lines_) {
        line->fail_all();
        line.reset();
      }
      replica_.reset();
      runtime_.stop();
    });
    thread_.join();
    return closed;
  }

  [[nodiscard]] Status failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
  }
  [[nodiscard]] replica::Replica& replica() { return *replica_; }
  // Waits until it is in the log.
  Status change_members(const replica::MemberChange& change) {
    Answer answer;
    run([&] { replica_->change_members(change, answer.take()); });
    return answer.wait();
  }

 private:
  [[nodiscard]] io::Executor& executor() { return runtime_.executor(); }

  void take_incoming() {
    std::deque<Item> items;
    {
      const std::lock_guard lock(mutex_);
      items.swap(incoming_);
    }
    for (Item& item : items) {
      lines_[next_line_]->submit(std::move(item));
      next_line_ = (next_line_ + 1) % lines_.size();
    }
  }

  library::OnceMachine machine_;
  io::RealRuntime runtime_;
  std::unique_ptr<io::FileSystem> files_ = io::make_real_file_system();
  std::unique_ptr<io::Worker> log_worker_ = runtime_.make_worker();
  std::unique_ptr<io::Worker> snapshot_worker_ = runtime_.make_worker(io::Urgency::background);
  std::unique_ptr<replica::Replica> replica_;
  // As many as can be useful: so many batches of one replica are under way at once.
  std::array<std::unique_ptr<Line>, 16> lines_;
  std::size_t next_line_ = 0;
  std::thread thread_;

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

void Replica::submit(std::string command, Done done) {
  std::string encoded;
  encoded.reserve(command.size() + 1);
  library::encode_plain(encoded, command);
  impl_->submit({.command = std::move(encoded), .look = {}, .done = std::move(done)});
}

void Replica::submit(const NamedCommand& command, Done done) {
  if (command.session.empty() || command.session.size() > NamedCommand::session_bytes_max) {
    return done(Status(Code::invalid_argument, "a session has a name of 1 to 256 bytes"));
  }
  std::string encoded;
  library::encode_named(encoded, command);
  impl_->submit({.command = std::move(encoded), .look = {}, .done = std::move(done)});
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
                 .done = [done = std::move(done)](const Reply& reply) { done(reply.status()); }});
}

Status Replica::read(std::function<void()> look) {
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
    const replica::ReplicaStatus now = impl_->replica().status();
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

bool Replica::wait_until_serving(std::chrono::milliseconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
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

}  // namespace

Status Replica::add_member(const MemberAddress& member) {
  return impl_->change_members(joining(member));
}

Status Replica::remove_member(ReplicaId id) {
  return impl_->change_members({.kind = replica::MemberChange::Kind::remove, .id = id});
}

Status Replica::replace_member(ReplicaId old, const MemberAddress& member) {
  replica::MemberChange change = joining(member);
  change.kind = replica::MemberChange::Kind::replace;
  change.replaced = old;
  return impl_->change_members(change);
}

void Replica::post(std::function<void()> job) {
  impl_->post(std::move(job));
}

Status Replica::take_snapshot() {
  Answer answer;
  impl_->run([&] {
    impl_->replica().take_snapshot(
        [give = answer.take()](const auto& taken) { give(taken.status()); });
  });
  return answer.wait();
}

Status Replica::failure() const {
  return impl_->failure();
}

Status Replica::close() {
  return impl_->close();
}

}  // namespace rabia
