#include "rabia/check_deterministic.h"

#include <cstddef>
#include <string_view>
#include <utility>

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

Status differ(std::size_t command, std::string_view what) {
  return {Code::failed_precondition,
          "after command " + std::to_string(command) + ": " + std::string(what)};
}

class Check {
 public:
  explicit Check(const MakeStateMachine& make)
      : make_(make), first_(make()), unwatched_(make()), restored_(make()) {}

  Status step(std::size_t number, std::string_view command) {
    // Times and origins as a log may have them: time stands still now and then.
    const ApplyContext context{.position = {number},
                               .origin = {static_cast<std::uint16_t>(1 + number % 3)},
                               .time = {1'700'000'000'000 + number / 3 * 250}};
    std::string first;
    std::string restored;
    run(*first_, context, command, &first);
    run(*unwatched_, context, command, nullptr);
    run(*restored_, context, command, &restored);
    if (first != restored) {
      return differ(number, "the answers are '" + first + "' and '" + restored + "'");
    }
    if (!(first_->digest() == restored_->digest())) return differ(number, "the digests differ");
    if (!(first_->digest() == unwatched_->digest())) {
      return differ(number, "the digest is another one where nobody waits for the answer");
    }
    return number % snapshot_every == 0 ? replace(number) : Status();
  }

  Status replace(std::size_t number) {
    const std::string state = snapshot_of(*first_);
    if (state != snapshot_of(*unwatched_)) return differ(number, "the snapshots differ");
    if (state != snapshot_of(*restored_)) {
      return differ(number, "the snapshot is another one where an earlier one was loaded");
    }
    // Over a state that it has, too.
    if (number % (2 * snapshot_every) == 0) restored_ = make_();
    if (Status loaded = load(*restored_, state); !loaded.ok()) {
      return differ(number, "its own snapshot is refused: " + loaded.message());
    }
    if (!(first_->digest() == restored_->digest())) {
      return differ(number, "the digest is another one after the snapshot was loaded");
    }
    if (state != snapshot_of(*restored_)) {
      return differ(number, "the snapshot is another one after it was loaded");
    }
    return {};
  }

 private:
  static void run(StateMachine& machine, const ApplyContext& context, std::string_view command,
                  std::string* reply) {
    machine.begin_batch(context);
    machine.apply(context, command, reply);
  }

  const MakeStateMachine& make_;
  std::unique_ptr<StateMachine> first_;
  std::unique_ptr<StateMachine> unwatched_;  // Nobody waits for its answers.
  std::unique_ptr<StateMachine> restored_;
};

}  // namespace

Status check_deterministic(const MakeStateMachine& make, std::span<const std::string> commands) {
  Check check(make);
  for (std::size_t i = 0; i < commands.size(); ++i) {
    if (Status step = check.step(i, commands[i]); !step.ok()) return step;
  }
  return check.replace(commands.size());
}

}  // namespace rabia
