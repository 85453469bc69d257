#include "rabia/check_deterministic.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace rabia {
namespace {

// How many commands lie between two snapshots: few, so that a short test has some.
constexpr std::size_t snapshot_every = 16;
constexpr std::size_t piece_bytes = 7;

std::string snapshot_of(StateMachine& machine) {
  const std::unique_ptr<SnapshotReader> reader = machine.begin_snapshot();
  std::string state;
  while (reader->read(piece_bytes, state)) {
  }
  return state;
}

Status load(StateMachine& machine, std::string_view state) {
  const std::unique_ptr<SnapshotLoader> loader = machine.begin_load();
  for (; !state.empty(); state.remove_prefix(std::min(piece_bytes, state.size()))) {
    if (Status added = loader->add(state.substr(0, piece_bytes)); !added.ok()) return added;
  }
  return loader->finish();
}

// Longer than a clock of whole seconds stands still.
constexpr std::chrono::milliseconds later_by(1'100);

// Bytes for people, and not too many.
std::string shown(std::string_view bytes) {
  constexpr std::size_t shown_max = 60;
  std::string out = "'";
  for (const char each : bytes.substr(0, shown_max)) {
    out += each >= ' ' && each <= '~' ? each : '?';
  }
  return out + (bytes.size() > shown_max ? "…'" : "'");
}

// Where two snapshots part.
std::string parting(std::string_view one, std::string_view other) {
  const auto at = static_cast<std::size_t>(std::ranges::mismatch(one, other).in1 - one.begin());
  const std::size_t from = at - std::min<std::size_t>(at, 20);
  return ": from byte " + std::to_string(at) + " on, " + shown(one.substr(from)) + " and " +
         shown(other.substr(from));
}

class Check {
 public:
  Check(const MakeStateMachine& make, std::span<const std::string> commands)
      : make_(make), commands_(commands), first_(make()), unwatched_(make()), restored_(make()) {}

  Status step(std::size_t number) {
    std::string first;
    std::string restored;
    run(*first_, number, &first);
    run(*unwatched_, number, nullptr);
    run(*restored_, number, &restored);
    if (first != restored) {
      return differ(number, "it is answered " + shown(first) + ", and " + shown(restored) +
                                " by another machine" + loaded());
    }
    if (!(first_->digest() == restored_->digest())) {
      return differ(number, "the digests of two machines differ" + loaded());
    }
    if (!(first_->digest() == unwatched_->digest())) {
      return differ(number, "the digest is another one where nobody waits for the answer");
    }
    answers_.push_back(std::move(first));
    return number % snapshot_every == 0 ? replace(number) : Status();
  }

  // Another machine executes all of it, when clocks of seconds show another time.
  Status again_later(std::chrono::steady_clock::time_point began) {
    std::this_thread::sleep_until(began + later_by);
    const std::unique_ptr<StateMachine> later = make_();
    for (std::size_t number = 0; number < commands_.size(); ++number) {
      std::string answer;
      run(*later, number, &answer);
      if (answer != answers_[number]) {
        return differ(number, "it is answered " + shown(answers_[number]) + ", and " +
                                  shown(answer) + " a second later: is there a clock?");
      }
    }
    const std::string state = snapshot_of(*first_);
    const std::string state_later = snapshot_of(*later);
    if (state == state_later) return {};
    return differ(commands_.size() - 1,
                  "the snapshot is another one when all is executed a second "
                  "later (is there a clock?)" +
                      parting(state, state_later));
  }

  Status replace(std::size_t number) {
    const std::string state = snapshot_of(*first_);
    if (const std::string other = snapshot_of(*unwatched_); state != other) {
      return differ(number, "the snapshots of two machines differ" + parting(state, other));
    }
    if (const std::string other = snapshot_of(*restored_); state != other) {
      return differ(number,
                    "the snapshots of two machines differ" + loaded() + parting(state, other));
    }
    // Over a state that it has, too.
    if (number % (2 * snapshot_every) == 0) restored_ = make_();
    if (Status loaded = load(*restored_, state); !loaded.ok()) {
      return differ(number, "its own snapshot is refused: " + loaded.message());
    }
    if (!(first_->digest() == restored_->digest())) {
      return differ(number, "the digest is another one after the snapshot was loaded");
    }
    if (const std::string other = snapshot_of(*restored_); state != other) {
      return differ(number,
                    "the snapshot is another one after it was loaded" + parting(state, other));
    }
    loaded_after_ = number + 1;
    return {};
  }

 private:
  void run(StateMachine& machine, std::size_t number, std::string* reply) const {
    // Times and origins as a log may have them: time stands still now and then.
    const ApplyContext context{.position = {number},
                               .origin = {static_cast<std::uint16_t>(1 + number % 3)},
                               .time = {1'700'000'000'000 + number / 3 * 250}};
    machine.begin_batch(context);
    machine.apply(context, commands_[number], reply);
  }
  [[nodiscard]] Status differ(std::size_t number, const std::string& what) const {
    return {Code::failed_precondition, "command " + std::to_string(number + 1) + ", " +
                                           shown(commands_[number]) + ": " + what};
  }
  // What is special about restored_.
  [[nodiscard]] std::string loaded() const {
    if (!loaded_after_) return {};
    return ", of which one has loaded a snapshot after command " + std::to_string(*loaded_after_);
  }

  const MakeStateMachine& make_;
  std::span<const std::string> commands_;
  std::vector<std::string> answers_;
  std::optional<std::size_t> loaded_after_;
  std::unique_ptr<StateMachine> first_;
  std::unique_ptr<StateMachine> unwatched_;  // Nobody waits for its answers.
  std::unique_ptr<StateMachine> restored_;
};

}  // namespace

Status check_deterministic(const MakeStateMachine& make, std::span<const std::string> commands) {
  if (commands.empty()) return {};
  const auto began = std::chrono::steady_clock::now();
  Check check(make, commands);
  for (std::size_t i = 0; i < commands.size(); ++i) {
    if (Status step = check.step(i); !step.ok()) return step;
  }
  if (Status last = check.replace(commands.size() - 1); !last.ok()) return last;
  return check.again_later(began);
}

}  // namespace rabia
