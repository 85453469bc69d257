#include "server/testing/fake_replica.h"

#include <utility>

#include "base/check.h"

namespace rabia::server::testing {

replica::ClientId FakeReplica::add_client(replica::Client& client) {
  clients_[++last_index_].client = &client;
  return {.index = last_index_, .generation = 1};
}

void FakeReplica::remove_client(replica::ClientId client) {
  clients_.erase(client.index);
}

bool FakeReplica::accepts(replica::ClientId client) const {
  return accepting_ && !clients_.at(client.index).in_batch;
}

bool FakeReplica::idle(replica::ClientId client) const {
  return clients_.at(client.index).unanswered == 0;
}

void FakeReplica::submit_write(replica::ClientId client, std::uint64_t token,
                               std::string_view command) {
  ++writes_submitted_;
  submit(client,
         {.client = client.index, .token = token, .is_write = true, .bytes = std::string(command)});
}

void FakeReplica::submit_read(replica::ClientId client, std::uint64_t token,
                              std::string_view operation) {
  submit(
      client,
      {.client = client.index, .token = token, .is_write = false, .bytes = std::string(operation)});
}

void FakeReplica::submit(replica::ClientId client, Item item) {
  RABIA_CHECK(accepts(client));
  ++clients_.at(client.index).unanswered;
  waiting_.push_back(std::move(item));
  if (waiting_.size() == 1 && on_work) on_work();
}

void FakeReplica::cut() {
  for (const Item& item : waiting_) {
    const auto found = clients_.find(item.client);
    if (found != clients_.end()) found->second.in_batch = true;
  }
  batch_.insert(batch_.end(), waiting_.begin(), waiting_.end());
  waiting_.clear();
}

void FakeReplica::execute() {
  ++position_;
  machine_.begin_batch({.position = {position_}, .origin = {1}, .time = log_clock});
  std::vector<std::uint32_t> answered;
  for (const Item& item : std::exchange(batch_, {})) {
    answer(item);
    if (answered.empty() || answered.back() != item.client) answered.push_back(item.client);
  }
  tell_accepting();
  for (const std::uint32_t index : answered) {
    const auto found = clients_.find(index);
    if (found != clients_.end()) found->second.client->on_step_end();
  }
}

void FakeReplica::answer(const Item& item) {
  const auto found = clients_.find(item.client);
  const bool fails = failing_ > 0;
  if (fails) --failing_;
  std::string reply;
  if (item.is_write && !fails) {
    machine_.apply({.position = {position_}, .origin = {1}, .time = log_clock}, item.bytes, &reply);
  }
  if (found == clients_.end()) return;
  --found->second.unanswered;
  replica::Client& client = *found->second.client;
  if (fails) {
    client.on_failed(item.token, failure_);
  } else if (item.is_write) {
    client.on_executed(item.token, reply);
  } else {
    client.on_readable(item.token, item.bytes);
  }
}

void FakeReplica::tell_accepting() {
  std::vector<std::uint32_t> told;
  for (auto& [index, entry] : clients_) {
    if (std::exchange(entry.in_batch, false)) told.push_back(index);
  }
  if (!accepting_) return;
  for (const std::uint32_t index : told) {
    const auto found = clients_.find(index);
    if (found != clients_.end()) found->second.client->on_accepting();
  }
}

void FakeReplica::run() {
  while (!waiting_.empty() || !batch_.empty()) {
    cut();
    execute();
  }
}

void FakeReplica::fail_next(std::size_t count, replica::Failure failure) {
  failing_ = count;
  failure_ = failure;
}

void FakeReplica::take_snapshot(replica::OnSnapshot done) {
  if (!snapshots_refused_.ok()) return done(snapshots_refused_);
  snapshot_requests_.push_back(std::move(done));
  if (on_snapshot_request) on_snapshot_request();
}

void FakeReplica::begin_backup(replica::OnBackup done) {
  take_snapshot([done = std::move(done)](const Result<replica::SnapshotInfo>& taken) {
    if (!taken.ok()) return done(taken.status());
    done(replica::Backup{7, taken.value()});
  });
}

void FakeReplica::read_backup(std::uint64_t backup, replica::BackupPart part,
                              replica::OnBackupPart done) {
  if (backup != 7) return done({Code::not_found, "no such backup"});
  done(backup_file.substr(part.offset, part.bytes));
}

Status FakeReplica::end_backup(std::uint64_t backup) {
  return backup == 7 ? Status() : Status(Code::not_found, "no such backup");
}

replica::ReplicaStatus FakeReplica::status() const {
  replica::ReplicaStatus status = reported;
  status.snapshot_requested = !snapshot_requests_.empty();
  return status;
}

void FakeReplica::end_snapshot(const Result<replica::SnapshotInfo>& taken) {
  for (const auto& done : std::exchange(snapshot_requests_, {})) done(taken);
}

void FakeReplica::set_accepting(bool accepting) {
  accepting_ = accepting;
  if (!accepting) return;
  for (auto& [index, entry] : clients_) entry.client->on_accepting();
}

}  // namespace rabia::server::testing
