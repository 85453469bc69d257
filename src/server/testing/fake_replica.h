// A replica of one, in memory: for tests of the server and for comparing it with Redis.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kv/operations.h"
#include "replica/replica.h"

namespace rabia::server::testing {

// Keeps what is submitted until it is told to go on, in the two steps of a real replica:
//   cut()      puts what waits into a batch: its clients are no longer accepted;
//   execute()  executes the batch, answers, accepts again, and ends the step.
// One thread.
class FakeReplica final : public replica::Replica {
 public:
  explicit FakeReplica(kv::StoreMachine& machine) : machine_(machine) {}

  // Called when something was submitted and nothing waited before.
  std::function<void()> on_work;
  std::string backup_file;
  // Called when a snapshot was asked for.
  std::function<void()> on_snapshot_request;
  std::size_t peers_holding = 0;
  replica::ReplicaStatus reported;  // But for requests for a snapshot, which are those that wait.
  replica::DiskStatus disk_status;

  void cut();
  void execute();
  // cut() and execute() until nothing is left.
  void run();
  // The next `count` items fail so instead of being executed.
  void fail_next(std::size_t count, replica::Failure failure);
  // From now on requests for a snapshot are refused so, inside the call; else they wait.
  void refuse_snapshots(Status why) { snapshots_refused_ = std::move(why); }
  // Answers all requests for a snapshot.
  void end_snapshot(const Result<replica::SnapshotInfo>& taken);
  // Nothing is accepted any more, or everything again (then on_accepting() is called).
  void set_accepting(bool accepting);

  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
  [[nodiscard]] std::size_t clients() const { return clients_.size(); }
  [[nodiscard]] std::uint64_t writes_submitted() const { return writes_submitted_; }
  [[nodiscard]] std::size_t snapshot_requests() const { return snapshot_requests_.size(); }

  replica::ClientId add_client(replica::Client& client) override;
  void remove_client(replica::ClientId client) override;
  [[nodiscard]] bool accepts(replica::ClientId client) const override;
  [[nodiscard]] bool idle(replica::ClientId client) const override;
  void submit_write(replica::ClientId client, std::uint64_t token,
                    std::string_view command) override;
  void submit_read(replica::ClientId client, std::uint64_t token,
                   std::string_view operation) override;
  void take_snapshot(replica::OnSnapshot done) override;
  // Remembers the change, and answers `member_change_outcome` inside the call.
  void change_members(const replica::MemberChange& change,
                      std::function<void(Status)> done) override {
    member_change = change;
    done(member_change_outcome);
  }
  std::optional<replica::MemberChange> member_change;
  Status member_change_outcome;
  // The backup 7 of `backup_file`: one of any other number has ended.
  void begin_backup(replica::OnBackup done) override;
  void read_backup(std::uint64_t backup, replica::BackupPart part,
                   replica::OnBackupPart done) override;
  Status end_backup(std::uint64_t backup) override;
  [[nodiscard]] std::size_t peers_holding_everything() const override { return peers_holding; }
  [[nodiscard]] replica::ReplicaStatus status() const override;
  [[nodiscard]] LogTime log_time() const override { return log_clock; }
  [[nodiscard]] const replica::StageTimes& stage_times() const override { return times; }
  replica::StageTimes times;
  [[nodiscard]] const replica::DiskStatus& disk() const override { return disk_status; }
  void set_disk_reserve(std::uint64_t bytes) override { disk_status.reserve_bytes = bytes; }
  void set_snapshot_rule(const replica::SnapshotRule&) override {}
  Status close() override { return {}; }

  LogTime log_clock;  // The machine's, too, from the next batch on.

 private:
  struct Item {
    std::uint32_t client;
    std::uint64_t token;
    bool is_write;
    std::string bytes;
  };
  struct ClientEntry {
    replica::Client* client = nullptr;
    std::size_t unanswered = 0;
    bool in_batch = false;
  };

  void submit(replica::ClientId client, Item item);
  void answer(const Item& item);
  void tell_accepting();

  kv::StoreMachine& machine_;
  std::map<std::uint32_t, ClientEntry> clients_;
  std::deque<Item> waiting_;
  std::deque<Item> batch_;
  std::vector<replica::OnSnapshot> snapshot_requests_;
  Status snapshots_refused_;
  std::uint32_t last_index_ = 0;
  std::uint64_t position_ = 0;
  std::uint64_t writes_submitted_ = 0;
  std::size_t failing_ = 0;
  replica::Failure failure_ = replica::Failure::not_executed;
  bool accepting_ = true;
};

}  // namespace rabia::server::testing
