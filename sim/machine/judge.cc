#include "sim/machine/judge.h"

#include <algorithm>
#include <limits>
#include <map>
#include <vector>

#include "sim/machine/quoted.h"

namespace rabia::sim {

using Kind = Operation::Kind;
using Outcome = Operation::Outcome;

namespace {

constexpr std::uint64_t nowhere = std::numeric_limits<std::uint64_t>::max();

class Judge {
 public:
  Judge(const Operations& operations, const ExecutedLog& log)
      : operations_(operations), log_(log), places_(operations.size(), nowhere) {}

  std::string verdict() {
    if (std::string wrong = find_places(); !wrong.empty()) return wrong;
    for (std::uint64_t number = 0; number < operations_.size(); ++number) {
      if (std::string wrong = judge_answer(number); !wrong.empty()) return wrong;
    }
    return judge_order();
  }

 private:
  [[nodiscard]] std::string describe(std::uint64_t number) const {
    const Operation& operation = operations_[number];
    return (operation.kind == Kind::read ? "the read " : "the command ") + std::to_string(number) +
           (operation.kind == Kind::read ? "" : " " + quoted(operation.command));
  }

  std::string find_places() {
    for (std::uint64_t at = 0; at < log_.entries().size(); ++at) {
      const ExecutedLog::Entry& entry = log_.entries()[at];
      const bool is_known = entry.operation < operations_.size() &&
                            operations_[entry.operation].command == entry.command;
      if (!is_known) return describe_command(at + 1, entry.command) + " was sent by nobody";
      std::uint64_t& place = places_[entry.operation];
      if (place != nowhere) return describe(entry.operation) + " was executed twice";
      place = at;
    }
    return {};
  }

  [[nodiscard]] std::string judge_answer(std::uint64_t number) const {
    const Operation& operation = operations_[number];
    if (operation.outcome == Outcome::unknown) return {};
    const bool is_done = operation.outcome == Outcome::done;
    if (operation.kind == Kind::read) {
      if (is_done && log_.digest_at(operation.seen) != operation.digest) {
        return describe(number) + " saw another state than that after command " +
               std::to_string(operation.seen.commands) + " of the log";
      }
      return {};
    }
    const bool is_in_log = places_[number] != nowhere;
    if (is_in_log && !is_done) return describe(number) + " was executed, and its client refused";
    if (is_done && !is_in_log) return describe(number) + " was answered, and not executed";
    if (!is_done || operation.answer == log_.entries()[places_[number]].answer) return {};
    return describe(number) + " was answered " + quoted(operation.answer) + ", and " +
           quoted(log_.entries()[places_[number]].answer) + " is what its place in the log gives";
  }

  // So much of the log must lie before what comes behind this operation; for one that may be in
  // the log, so much does lie before it.
  [[nodiscard]] std::uint64_t end_of(std::uint64_t number) const {
    const bool is_read = operations_[number].kind == Kind::read;
    return is_read ? operations_[number].seen.commands : places_[number] + 1;
  }
  [[nodiscard]] std::uint64_t begin_of(std::uint64_t number) const {
    const bool is_read = operations_[number].kind == Kind::read;
    return is_read ? operations_[number].seen.commands : places_[number];
  }
  // It has its place, though its client may not know it.
  [[nodiscard]] bool has_place(std::uint64_t number) const {
    const Operation& operation = operations_[number];
    return operation.kind == Kind::read ? operation.outcome == Outcome::done
                                        : places_[number] != nowhere;
  }

  // What was asked after something was answered lies behind it, and so does what was asked behind
  // it on one connection.
  [[nodiscard]] std::string judge_order() const {
    std::vector<std::uint64_t> answered;
    for (std::uint64_t number = 0; number < operations_.size(); ++number) {
      if (operations_[number].outcome == Outcome::done) answered.push_back(number);
    }
    std::ranges::sort(answered, {},
                      [this](std::uint64_t number) { return operations_[number].answered; });
    auto next = answered.begin();
    std::uint64_t least = 0;
    std::map<std::uint64_t, std::uint64_t> least_of_line;
    for (std::uint64_t number = 0; number < operations_.size(); ++number) {
      const Operation& operation = operations_[number];
      for (; next != answered.end() && operations_[*next].answered < operation.asked; ++next) {
        least = std::max(least, end_of(*next));
      }
      if (!has_place(number)) continue;
      std::uint64_t& of_line = least_of_line[operation.line];
      if (begin_of(number) < std::max(least, of_line)) return behind(number, least);
      of_line = end_of(number);
    }
    return {};
  }

  [[nodiscard]] std::string behind(std::uint64_t number, std::uint64_t least) const {
    const std::string begin = std::to_string(begin_of(number));
    return describe(number) + " lies behind " + begin +
           " commands of the log, and not behind what " +
           (begin_of(number) < least ? "was answered before it was asked"
                                     : "was asked before it on its connection");
  }

  const Operations& operations_;
  const ExecutedLog& log_;
  std::vector<std::uint64_t> places_;  // Of each operation, in the log.
};

}  // namespace

std::string judge(const Operations& operations, const ExecutedLog& log) {
  const std::string wrong = Judge(operations, log).verdict();
  return wrong.empty() ? "" : "section 13, 10: " + wrong;
}

}  // namespace rabia::sim
