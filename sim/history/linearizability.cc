#include "sim/history/linearizability.h"

#include <utility>
#include <vector>

#include "sim/history/diagnose.h"
#include "sim/history/explain.h"
#include "sim/history/one_key.h"
#include "sim/history/parts.h"
#include "sim/history/search.h"

namespace rabia::sim::history {
namespace {

// For each of the dozen searches that find out where a history stops being linearizable. It decides
// how exact the explanation is, and nothing else.
constexpr std::uint64_t diagnosis_steps_max = 50'000;

class Check {
 public:
  explicit Check(const CheckOptions& options) : options_(options) {}

  Verdict of(const History& history) {
    const std::vector<Part> parts = split_into_parts(history);
    verdict_.parts = parts.size();
    for (const Part& part : parts) {
      if (is_bad_for_one_key(part) || is_bad(part)) break;
    }
    return std::move(verdict_);
  }

 private:
  using Kind = SearchResult::Kind;

  // Keys by themselves are checked first: this takes little, and finds most of what is wrong.
  bool is_bad_for_one_key(const Part& part) {
    if (part.keys.size() < 2) return false;
    History operations;
    for (const std::string& key : part.keys) {
      const Part alone = only_about(key, part, operations);
      if (search_in(alone).kind != Kind::none) continue;
      fail(alone);
      return true;
    }
    return false;
  }

  bool is_bad(const Part& part) {
    const SearchResult result = search_in(part);
    if (result.kind == Kind::none) fail(part);
    if (result.kind == Kind::gave_up) {
      verdict_.kind = Verdict::Kind::undecided;
      verdict_.explanation += explain_giving_up(part, result.steps);
    }
    return result.kind == Kind::none;
  }

  SearchResult search_in(const Part& part) {
    SearchResult result = search(part, options_.steps_max);
    verdict_.steps += result.steps;
    return result;
  }

  void fail(const Part& part) {
    verdict_.kind = Verdict::Kind::not_linearizable;
    verdict_.explanation = explain_failure(part, diagnose(part, diagnosis_steps_max));
  }

  const CheckOptions& options_;
  Verdict verdict_;
};

}  // namespace

Verdict check(const History& history, const CheckOptions& options) {
  return Check(options).of(history);
}

}  // namespace rabia::sim::history
