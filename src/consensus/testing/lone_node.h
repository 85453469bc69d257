// One Node with a test in the place of its disk and of all other members.
#pragma once

#include <string>
#include <vector>

#include "base/check.h"
#include "consensus/node.h"

namespace rabia::consensus::testing {

// The incarnation of a LoneNode's cluster: V as its members founded it.
[[nodiscard]] inline FoundingVector lone_vector(std::size_t members = 3) {
  FoundingVector vector;
  for (std::size_t i = 1; i <= members; ++i) {
    vector.push_back({{static_cast<std::uint16_t>(i)}, {i, i}});
  }
  return vector;
}

// Options of member 1 of a cluster of `members`, as a running member would have them.
[[nodiscard]] inline NodeOptions lone_options(std::size_t members) {
  NodeOptions options;
  options.cluster_id = "lone";
  options.self = {1};
  for (std::size_t i = 1; i <= members; ++i) {
    options.members.push_back({static_cast<std::uint16_t>(i)});
  }
  options.boot_id = "machine";
  options.window_rounds = 64;
  options.ahead_rounds = 16;
  options.lane_watch.interval_max = 16;
  return options;
}

[[nodiscard]] inline record::Boot lone_boot(Mode mode = Mode::always, std::size_t members = 3) {
  return {"lone", lone_vector(members), {1}, mode, "machine"};
}

class LoneNode {
 public:
  explicit LoneNode(NodeOptions options) : node_(std::move(options)) {}

  // Replays a log; the first error, if any.
  Status replay(const std::vector<Record>& log) {
    for (const Record& record : log) {
      if (Status status = node_.restore(record, ++written_); !status.ok()) return status;
    }
    return node_.start(now_);
  }
  // A founded member whose log holds only its Boot, running and connected to all.
  void run() { run({lone_boot(Mode::always, node_.configurations().at({}).size())}); }
  void run(const std::vector<Record>& log) {
    RABIA_CHECK(replay(log).ok());
    settle();
    for (const ReplicaId peer : node_.configurations().at({}).members()) {
      if (peer != ReplicaId{1}) node_.peer_up(peer, now_);
    }
    settle();
  }
  // Ticks, and makes durable what was written, until nothing more is written.
  void settle() {
    do {
      tick();
    } while (sync());
  }
  void tick() {
    node_.tick(now_);
    take();
  }
  // True when there was something to make durable.
  bool sync() {
    if (durable_ == written_) return false;
    durable_ = written_;
    node_.durable(durable_, now_);
    take();
    return true;
  }
  void wait(base::Duration span) { now_ += span; }
  void receive(std::uint16_t from, const Message& message) {
    node_.receive({from}, node_.incarnation(), message, now_);
  }

  Node& node() { return node_; }
  [[nodiscard]] base::Instant now() const { return now_; }
  // What was sent, written and executed since the last forget().
  std::vector<Message> sent;
  std::vector<Record> written;
  std::vector<Execution> executed;
  void forget() {
    sent.clear();
    written.clear();
    executed.clear();
  }
  // Those of one kind.
  template <typename Kind>
  [[nodiscard]] std::vector<Kind> sent_of() const {
    return of<Kind>(sent);
  }
  template <typename Kind>
  [[nodiscard]] std::vector<Kind> written_of() const {
    return of<Kind>(written);
  }

 private:
  template <typename Kind, typename Variant>
  static std::vector<Kind> of(const std::vector<Variant>& all) {
    std::vector<Kind> found;
    for (const Variant& one : all) {
      if (const auto* kind = std::get_if<Kind>(&one)) found.push_back(*kind);
    }
    return found;
  }
  void take() {
    Ready& ready = node_.ready();
    written_ += ready.records.size();
    for (const Outgoing& outgoing : ready.messages) sent.push_back(outgoing.message);
    written.insert(written.end(), ready.records.begin(), ready.records.end());
    executed.insert(executed.end(), ready.executions.begin(), ready.executions.end());
    ready.clear();
  }

  Node node_;
  base::Instant now_{std::chrono::seconds(1)};
  RecordNumber written_ = 0;
  RecordNumber durable_ = 0;
};

}  // namespace rabia::consensus::testing
