// Agreement: one slot by itself, and rounds of three Nodes that hear each other at once and whose
// records are durable at once: what the protocol computes, and nothing else. An item is a slot that
// is decided, or a batch that all three have executed.
#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "bench/micro/account.h"
#include "consensus/codec.h"
#include "consensus/node.h"
#include "consensus/weak_mvc.h"

namespace rabia::micro {
namespace {

using consensus::Bit;
using consensus::Message;
using consensus::WeakMvc;

// The batch comes, the own State is written and counted, one more comes: decided, in a cluster of
// three.
void SlotDecides(benchmark::State& state) {
  const base::SharedBytes batch(std::string("batch"));
  WeakMvc slot;
  consensus::StepContext context;
  context.quorums = {3};
  context.self = 0;
  bool decided = true;
  const Account account(state);
  for (auto _ : state) {
    slot.reset();
    slot.hold(batch);
    const consensus::Step first = slot.next(context);
    if (const auto* own = std::get_if<consensus::WriteState>(&first)) {
      slot.set_own_state(own->phase, own->value);
      slot.add_state(0, own->phase, own->value);
    }
    slot.add_state(1, consensus::first_phase, Bit::one);
    const consensus::Step last = slot.next(context);
    decided = decided && std::holds_alternative<consensus::Decide>(last);
  }
  account.report(1);
  if (!decided) state.SkipWithError("a slot was not decided");
}
BENCHMARK(SlotDecides);

constexpr std::size_t members = 3;

consensus::FoundingVector founders() {
  consensus::FoundingVector vector;
  for (std::uint16_t i = 1; i <= members; ++i) vector.push_back({{i}, {i, i}});
  return vector;
}

consensus::NodeOptions options_of(std::size_t index) {
  consensus::NodeOptions options;
  options.cluster_id = "bench";
  options.self = {static_cast<std::uint16_t>(index + 1)};
  for (std::uint16_t i = 1; i <= members; ++i) options.members.push_back({i});
  options.boot_id = "machine";
  return options;
}

// A cluster that was founded before, without disks and links.
class ThreeNodes {
 public:
  // `as_bytes`: messages and records go through their codecs, as between real replicas.
  explicit ThreeNodes(bool as_bytes) : as_bytes_(as_bytes) {
    for (std::size_t i = 0; i < members; ++i) start(nodes_[i]);
    settle();
    for (Member& member : nodes_) {
      for (const Member& other : nodes_) {
        if (&other != &member) member.node.peer_up(other.id, now_);
      }
    }
    settle();
  }

  // Every one of the first `proposers` proposes a batch of these bytes; ends when all is executed.
  void round(std::size_t proposers, const std::string& batch) {
    now_ += std::chrono::microseconds(200);
    for (std::size_t i = 0; i < proposers; ++i) {
      if (nodes_[i].node.can_propose()) {
        nodes_[i].node.propose(base::SharedBytes(batch), now_);
      }
    }
    settle();
  }
  // By the member that has executed the fewest.
  [[nodiscard]] std::uint64_t executed() const {
    std::uint64_t least = nodes_[0].executed;
    for (const Member& member : nodes_) least = std::min(least, member.executed);
    return least;
  }

 private:
  struct Member {
    explicit Member(std::size_t index) : id(options_of(index).self), node(options_of(index)) {}
    ReplicaId id;
    consensus::Node node;
    std::vector<std::pair<ReplicaId, Message>> inbox;
    std::vector<std::pair<ReplicaId, Message>> taken;  // Of the inbox, to be received.
    consensus::RecordNumber written = 0;
    std::uint64_t executed = 0;
  };

  void start(Member& member) {
    const consensus::record::Boot boot{"bench", founders(), member.id, consensus::Mode::always,
                                       "machine"};
    (void)member.node.restore(boot, ++member.written);
    (void)member.node.start(now_);
  }
  // Until nobody has anything to do.
  void settle() {
    bool happened = true;
    while (happened) {
      happened = false;
      for (Member& member : nodes_) happened = step(member) || happened;
    }
  }
  bool step(Member& member) {
    std::swap(member.taken, member.inbox);
    for (const auto& [from, message] : member.taken) {
      member.node.receive(from, member.node.incarnation(), message, now_);
    }
    member.taken.clear();
    member.node.tick(now_);
    consensus::Ready& ready = member.node.ready();
    if (ready.empty()) return false;
    const bool wrote = !ready.records.empty();
    for (const consensus::Record& record : ready.records) write(member, record);
    member.executed += ready.executions.size();
    for (const consensus::Outgoing& outgoing : ready.messages) send(member, outgoing);
    ready.clear();
    if (wrote) member.node.durable(member.written, now_);
    return true;
  }
  void write(Member& member, const consensus::Record& record) {
    ++member.written;
    if (!as_bytes_) return;
    bytes_.clear();
    consensus::encode(record, bytes_);
  }
  void send(const Member& from, const consensus::Outgoing& outgoing) {
    if (as_bytes_) {
      bytes_.clear();
      consensus::encode(outgoing.message, bytes_);
    }
    for (Member& member : nodes_) {
      if (member.id == from.id || (outgoing.to && *outgoing.to != member.id)) continue;
      if (as_bytes_) {
        base::Decoder in(bytes_);
        member.inbox.emplace_back(from.id, consensus::decode_message(in).take());
      } else {
        member.inbox.emplace_back(from.id, outgoing.message);
      }
    }
  }

  bool as_bytes_;
  base::Instant now_{std::chrono::seconds(1)};
  std::array<Member, members> nodes_{Member(0), Member(1), Member(2)};
  std::string bytes_;  // Of the record or message at hand.
};

void ThreeNodesRound(benchmark::State& state) {
  const auto proposers = static_cast<std::size_t>(state.range(0));
  const std::string batch(static_cast<std::size_t>(state.range(1)), 'b');
  ThreeNodes cluster(state.range(2) != 0);
  for (int i = 0; i < 2'000; ++i) cluster.round(proposers, batch);  // Through the whole window.
  const std::uint64_t before = cluster.executed();
  const Account account(state);
  for (auto _ : state) cluster.round(proposers, batch);
  account.report(proposers);
  const std::uint64_t executed = cluster.executed() - before;
  if (executed + members < state.iterations() * proposers) {
    state.SkipWithError("not every batch was executed");
  }
}
BENCHMARK(ThreeNodesRound)
    ->ArgNames({"proposers", "batch_bytes", "as_bytes"})
    ->ArgsProduct({{1, 3}, {100, 2 << 10}, {0, 1}});

}  // namespace
}  // namespace rabia::micro
