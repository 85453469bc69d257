// Breadth first through all states of a model, so that what is found is found by a shortest path.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/explore/state_table.h"

namespace rabia::sim::explore {

struct Step {
  Key to;
  bool leaf = false;      // Only the rules look at what it leads to: nothing follows from it.
  std::uint64_t how = 0;  // The model's own word for what happens: for describe().
};

// What can happen, state by state. Equal states must have equal steps, in equal order.
class Model {
 public:
  virtual ~Model() = default;
  [[nodiscard]] virtual Key start() = 0;
  // Appends everything that can happen next; also in a state that is no representative.
  virtual void steps(Key state, std::vector<Step>& out) = 0;
  // The state that stands for all that are the same but for the names of members.
  [[nodiscard]] virtual Key representative(Key state) const { return state; }
  // The rule of protocol.md, section 13, that the state breaks, and how.
  [[nodiscard]] virtual std::optional<std::string> broken(Key state) = 0;
  // One step, for people: appends a line or more.
  virtual void describe(Key from, const Step& step, std::vector<std::string>& lines) = 0;

  // How many different states one member was seen in, and how many times a Node was run.
  [[nodiscard]] virtual std::uint64_t local_states() const = 0;
  [[nodiscard]] virtual std::uint64_t node_runs() const = 0;
};

struct Violation {
  std::string rule;
  std::vector<std::string> path;  // From the start; the last step breaks the rule.
};

struct Outcome {
  std::uint64_t states = 0;
  std::uint64_t transitions = 0;
  std::uint64_t depth = 0;  // Steps of the longest of the shortest paths.
  bool complete = false;    // False: the limit was reached, or a violation ended it.
  std::optional<Violation> violation;
};

// Explores until everything was seen, a rule is broken, or there are `states_max` states.
[[nodiscard]] Outcome search(Model& model, std::uint64_t states_max);

}  // namespace rabia::sim::explore
