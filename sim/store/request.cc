#include "sim/store/request.h"

#include <utility>

#include "sim/history/transaction.h"

namespace rabia::sim {

using history::Outcome;

namespace {

constexpr std::string_view ok = "+OK\r\n";
constexpr std::string_view queued = "+QUEUED\r\n";

Outcome outcome_of(std::string_view reply) {
  if (reply.starts_with("-CLUSTERDOWN")) return Outcome::not_executed;
  if (reply.starts_with("-DISKFULL")) return Outcome::not_executed;
  if (reply.starts_with("-ERR outcome unknown")) return Outcome::unknown;
  return Outcome::done;
}

}  // namespace

std::string encode(const history::Arguments& args) {
  std::string bytes = "*" + std::to_string(args.size()) + "\r\n";
  for (const std::string& arg : args) {
    bytes += "$" + std::to_string(arg.size()) + "\r\n" + arg + "\r\n";
  }
  return bytes;
}

Request::Request(const history::Arguments& operation) {
  if (!history::is_transaction(operation)) {
    bytes_ = encode(operation);
    return;
  }
  bytes_ = encode({"MULTI"});
  expected_.push_back(ok);
  for (const history::Arguments& command : history::transaction_of(operation).commands) {
    bytes_ += encode(command);
    expected_.push_back(queued);
  }
  bytes_ += encode({"EXEC"});
}

void Request::put_first(const history::Arguments& command) {
  bytes_.insert(0, encode(command));
  expected_.insert(expected_.begin(), ok);
}

bool Request::take(std::string_view reply) {
  if (taken_ == expected_.size()) {
    conclude(reply);
    return true;
  }
  const bool is_as_expected = reply == expected_[taken_++];
  if (!is_as_expected && refusal_.empty()) refusal_ = reply;
  return false;
}

// A command that a full disk keeps out of a transaction makes EXEC execute nothing.
void Request::conclude(std::string_view last) {
  const bool is_excused = outcome_of(refusal_) == Outcome::not_executed;
  if (!refusal_.empty() && !is_excused) {
    outcome_ = Outcome::done;
    reply_ = refusal_;
    return;
  }
  outcome_ =
      is_excused && last.starts_with("-EXECABORT") ? Outcome::not_executed : outcome_of(last);
  reply_ = last;
}

}  // namespace rabia::sim
