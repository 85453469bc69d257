// A depth-first search that goes from return to return. It is the just-in-time variant (Lowe,
// "Testing for linearizability", 2017) of the algorithm of Wing and Gong ("Testing and verifying
// concurrent objects", 1993): an operation takes effect at its return at the latest, and before
// that return other open operations may be pulled forward. No such operation is tried first, then
// one, then two.
//
// What keeps it small, and why nothing is lost. Call what is left of a linearization a rest.
//
// 1. A read that fits is taken at once. It changes nothing: wherever it stands in a rest, it may
//    as well stand at the front.
// 2. Only what is useful is pulled forward: what makes a difference to the returning operation,
//    over any number of others. Whatever else a rest has before the return may stand behind it.
// 3. Two ways to one state that took the same done operations differ in the unknown ones. Nothing
//    forces an unknown operation to happen, so the way that took fewer can do all that the other
//    can. Only ways that took the least are followed.
// 4. Of unknown operations with one command the first is taken first: it may stand wherever a
//    later one may.
// 5. An unknown operation that is overwritten before anybody could see it is not taken: the rest
//    without it is as good.
// 6. A way is left when somebody is yet to see what is gone for good (outlook.h).
//
// Each of 1 to 5 turns a rest into one that is not longer and starts with an operation that the
// search tries, so a shortest rest is always found.
#include "sim/history/search.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "sim/history/model.h"
#include "sim/history/outlook.h"
#include "sim/history/timeline.h"

namespace rabia::sim::history {
namespace {

using StateId = std::uint32_t;

// All states that were met, each once.
class States {
 public:
  StateId number_of(Contents contents) {
    const auto [first, last] = by_hash_.equal_range(contents.hash());
    for (auto each = first; each != last; ++each) {
      if (states_[each->second] == contents) return each->second;
    }
    const auto number = static_cast<StateId>(states_.size());
    by_hash_.emplace(contents.hash(), number);
    states_.push_back(std::move(contents));
    return number;
  }
  const Contents& operator[](StateId number) const { return states_[number]; }

 private:
  std::deque<Contents> states_;
  std::unordered_multimap<std::uint64_t, StateId> by_hash_;
};

// A way that the search may go: what was linearized up to here.
struct Node {
  Ids ahead = {};  // Those that are done and have not returned yet.
  Ids used = {};   // Unknown ones.
  StateId state = 0;
  std::vector<Id> order = {};  // All that was linearized since the event before, in that order.
};

void insert_sorted(Ids& ids, Id id) {
  ids.insert(std::ranges::lower_bound(ids, id), id);
}

bool contains(const Ids& ids, Id id) {
  return std::ranges::binary_search(ids, id);
}

class Search {
 public:
  Search(const Part& part, std::uint64_t steps_max) : timeline_(part), steps_max_(steps_max) {}

  SearchResult run();

 private:
  // The ways to one event, those that pull fewer operations forward first.
  struct Level {
    std::vector<Node> nodes;
    std::size_t current = 0;
    bool was_passed = false;  // The way from the current node past the event was followed.
  };
  using MemoKey = std::tuple<Id, StateId, Ids>;  // The event, the state, what is ahead.
  struct MemoHash {
    std::size_t operator()(const MemoKey& key) const;
  };

  [[nodiscard]] Id event() const { return static_cast<Id>(levels_.size() - 1); }
  // Of an operation that is open at the event.
  [[nodiscard]] static bool has_taken(const Node& node, Id id) {
    return contains(node.ahead, id) || contains(node.used, id);
  }

  bool follow();
  std::optional<Node> pass(const Node& node);
  [[nodiscard]] Ids useful(const Node& node) const;
  void pull_forward(const Node& node);
  [[nodiscard]] bool may_be_next(const Node& node, Id id) const;
  bool take(Node& node, Id id);
  void take_reads(Id event, Node& node);
  bool is_promising(Id event, Node& node, StateId before, Id last);
  bool is_new(Id event, const Node& node);
  [[nodiscard]] std::vector<const Operation*> order() const;

  Timeline timeline_;
  Outlook outlook_{timeline_};
  std::uint64_t steps_max_;
  std::uint64_t steps_ = 0;
  States states_;
  std::vector<Level> levels_;  // One for each event, up to where the search is.
  // For each situation the least sets of unknown operations that led to it.
  std::unordered_map<MemoKey, std::vector<Ids>, MemoHash> memo_;
};

std::size_t Search::MemoHash::operator()(const MemoKey& key) const {
  const auto& [event, state, ahead] = key;
  std::uint64_t hash = (std::uint64_t{event} << 32) | state;
  for (const Id id : ahead) hash = (hash ^ id) * 0x9e3779b97f4a7c15;
  return hash ^ (hash >> 32);
}

// Lets one more operation take effect in `node`. False when its reply is another one there.
bool Search::take(Node& node, Id id) {
  ++steps_;
  Contents contents = states_[node.state];
  const Operation& operation = timeline_.operation(id);
  const std::string reply = execute(contents, operation.args);
  if (timeline_.is_done(id) && reply != operation.reply) return false;
  node.state = states_.number_of(std::move(contents));
  node.order.push_back(id);
  return true;
}

// Takes every open read that fits.
void Search::take_reads(Id event, Node& node) {
  for (const Id id : timeline_.open(event)) {
    if (!timeline_.is_done(id)) break;
    if (!timeline_.footprint(id).reads_only || contains(node.ahead, id)) continue;
    const Operation& read = timeline_.operation(id);
    ++steps_;
    if (look(states_[node.state], read.args) != read.reply) continue;
    insert_sorted(node.ahead, id);
    node.order.push_back(id);
  }
}

// False when the search was here before, with these unknown operations or fewer.
bool Search::is_new(Id event, const Node& node) {
  std::vector<Ids>& known = memo_[{event, node.state, node.ahead}];
  steps_ += known.size();
  const auto covers = [](const Ids& few, const Ids& many) {
    return std::ranges::includes(many, few);
  };
  if (std::ranges::any_of(known, [&](const Ids& used) { return covers(used, node.used); })) {
    return false;
  }
  std::erase_if(known, [&](const Ids& used) { return covers(node.used, used); });
  known.push_back(node.used);
  return true;
}

// Whether the way to `node`, by a last operation from the state `before`, is worth following.
bool Search::is_promising(Id event, Node& node, StateId before, Id last) {
  take_reads(event, node);
  if (node.state != before) {
    const Judgement judgement = outlook_.judge(
        {.event = event, .ahead = node.ahead, .used = node.used, .contents = states_[node.state]},
        states_[before], last);
    steps_ += judgement.steps;
    if (judgement.is_hopeless) return false;
  }
  return is_new(event, node);
}

// The way past the event: its operation takes effect at last, unless it did already.
std::optional<Node> Search::pass(const Node& node) {
  const Id id = event();
  const Id next = id + 1;
  Node after{.ahead = node.ahead, .used = node.used, .state = node.state};
  if (has_taken(node, id)) {
    after.ahead.erase(after.ahead.begin());
  } else if (!take(after, id)) {
    return std::nullopt;
  }
  if (next == timeline_.returns()) return after;
  if (!is_promising(next, after, node.state, id)) return std::nullopt;
  return after;
}

bool Search::may_be_next(const Node& node, Id id) const {
  if (!timeline_.is_done(id)) {
    const auto twin = timeline_.twin(id);
    if (twin && !contains(node.used, *twin)) return false;
  }
  for (auto each = node.order.begin(); each != node.order.end(); ++each) {
    if (timeline_.is_done(*each) || !timeline_.is_lost_in(*each, id)) continue;
    const auto sees = [&](Id later) { return timeline_.may_share_keys(*each, later); };
    if (std::none_of(each + 1, node.order.end(), sees)) return false;
  }
  return true;
}

// What is open and not taken in `node`, and can make a difference to the event's operation,
// directly or by others. Without that one.
Ids Search::useful(const Node& node) const {
  Ids rest = timeline_.open(event());
  std::erase_if(rest, [&](Id id) { return has_taken(node, id) || id == event(); });
  std::vector<Id> useful = {event()};
  for (std::size_t i = 0; i < useful.size(); ++i) {
    const Id later = useful[i];
    std::erase_if(rest, [&](Id id) {
      const bool is_seen = timeline_.are_tied(id, later) &&
                           (timeline_.is_done(id) || !timeline_.is_lost_in(id, later));
      if (is_seen) useful.push_back(id);
      return is_seen;
    });
  }
  useful.erase(useful.begin());
  std::ranges::sort(useful);
  return useful;
}

// Adds the ways on which one more operation takes effect before the event's.
void Search::pull_forward(const Node& node) {
  for (const Id id : useful(node)) {
    if (timeline_.footprint(id).reads_only || !may_be_next(node, id)) continue;
    Node longer = node;
    if (!take(longer, id)) continue;
    insert_sorted(timeline_.is_done(id) ? longer.ahead : longer.used, id);
    if (!is_promising(event(), longer, node.state, id)) continue;
    levels_.back().nodes.push_back(std::move(longer));
  }
}

// One move of the search. True when every operation that is done was linearized.
bool Search::follow() {
  Level& level = levels_.back();
  if (level.current == level.nodes.size()) {
    levels_.pop_back();
    return false;
  }
  if (level.was_passed) {
    level.was_passed = false;
    const Node node = level.nodes[level.current++];  // A copy: the list grows.
    if (!has_taken(node, event())) pull_forward(node);
    return false;
  }
  level.was_passed = true;
  std::optional<Node> after = pass(level.nodes[level.current]);
  if (!after) return false;
  const bool is_last = event() + 1 == timeline_.returns();
  levels_.push_back({.nodes = {std::move(*after)}});
  return is_last;
}

std::vector<const Operation*> Search::order() const {
  std::vector<const Operation*> order;
  for (const Level& level : levels_) {
    for (const Id id : level.nodes[level.current].order) order.push_back(&timeline_.operation(id));
  }
  return order;
}

SearchResult Search::run() {
  if (timeline_.returns() == 0) return {};
  const Judgement judgement = outlook_.judge_start();
  steps_ += judgement.steps;
  if (judgement.is_hopeless) return {.kind = SearchResult::Kind::none, .steps = steps_};
  Node start{.state = states_.number_of({})};
  take_reads(0, start);
  levels_.push_back({.nodes = {std::move(start)}});
  while (!levels_.empty()) {
    if (steps_ > steps_max_) return {.kind = SearchResult::Kind::gave_up, .steps = steps_};
    if (follow()) return {.steps = steps_, .order = order()};
  }
  return {.kind = SearchResult::Kind::none, .steps = steps_};
}

}  // namespace

SearchResult search(const Part& part, std::uint64_t steps_max) {
  return Search(part, steps_max).run();
}

}  // namespace rabia::sim::history
