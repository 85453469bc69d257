#include "client/caller.h"

#include <optional>
#include <utility>

namespace rabia::client {
namespace {

Pool::End end_of(Verdict verdict, bool lost) {
  if (lost) return Pool::End::lost;
  return verdict == Verdict::answered ? Pool::End::answered : Pool::End::refused;
}

}  // namespace

// The reply is the first that is an error, or that of the last command.
Caller::Sent Caller::send_all(Connection& connection, Instant deadline,
                              std::span<const Words> commands, bool harmless) {
  std::vector<Reply> replies;
  replies.reserve(commands.size());
  const Status said = connection.exchange(commands, deadline, replies);
  // What was answered counts, also when the connection broke behind it.
  for (Reply& reply : replies) {
    const Verdict verdict = judge(reply);
    if (verdict != Verdict::answered) {
      return {.verdict = verdict, .why = std::move(reply.text), .lost = !said.ok()};
    }
  }
  if (!said.ok()) {
    return {.verdict = harmless ? Verdict::refused : Verdict::unknown,
            .why = said.message(),
            .lost = true};
  }
  for (Reply& reply : replies) {
    if (reply.kind == Reply::Kind::error) return {.reply = std::move(reply)};
  }
  return {.reply = std::move(replies.back())};
}

Result<Reply> Caller::call(const Words& words, Repeat repeat) {
  return run(repeat, [&](Connection& connection, Instant deadline) {
    if (repeat == Repeat::never) {
      // A connection that was left alone may be dead since: better to see it before than behind.
      const Words ping{"PING"};
      Sent alive = send_all(connection, deadline, std::span(&ping, 1), true);
      if (alive.verdict != Verdict::answered) return alive;
    }
    return send_all(connection, deadline, std::span(&words, 1), false);
  });
}

Result<std::vector<Reply>> Caller::transact(std::span<const Words> commands) {
  std::vector<Words> queued{Words{"MULTI"}};
  queued.insert(queued.end(), commands.begin(), commands.end());
  auto executed = run(Repeat::never, [&](Connection& connection, Instant deadline) {
    // Nothing happens before EXEC, so a connection that is lost before it does no harm.
    Sent taken = send_all(connection, deadline, queued, true);
    if (taken.lost) return taken;
    const bool good = taken.verdict == Verdict::answered && taken.reply.kind != Reply::Kind::error;
    const Words last{good ? "EXEC" : "DISCARD"};
    Sent ended = send_all(connection, deadline, std::span(&last, 1), !good);
    taken.lost = ended.lost;
    return good ? ended : taken;
  });
  if (!executed.ok()) return executed.status();
  if (executed.value().kind != Reply::Kind::list ||
      executed.value().list.size() != commands.size()) {
    return {Code::unknown_outcome, "EXEC was answered by something of another shape"};
  }
  return std::move(executed.value().list);
}

Result<Reply> Caller::run(Repeat repeat, const Send& send) {
  ++calls_;
  const Instant deadline = Clock::now() + options_.retry_within;
  Attempts attempts(repeat);
  std::optional<std::size_t> avoid;
  for (bool first = true;; first = false) {
    auto taken = pool_.take(deadline, avoid);
    if (!taken.ok()) {
      const Status& why = taken.status();
      if (first && why.code() == Code::failed_precondition) return why;
      if (first) attempts.refused(why.message());
      return count(attempts.failure());
    }
    if (!first) ++retries_;
    Pool::Lease lease = taken.take();
    avoid = lease.replica;
    Sent sent = send(*lease.connection, Clock::now() + options_.answer_within);
    pool_.give_back(std::move(lease), end_of(sent.verdict, sent.lost));
    switch (sent.verdict) {
      case Verdict::answered: {
        Status status = attempts.answered(sent.reply);
        if (!status.ok()) return count(std::move(status));
        return std::move(sent.reply);
      }
      case Verdict::refused:
        attempts.refused(std::move(sent.why));
        break;
      case Verdict::unknown:
        attempts.lost(std::move(sent.why));
        break;
    }
    if (!attempts.may_send_again() || Clock::now() >= deadline) return count(attempts.failure());
  }
}

Status Caller::count(Status failure) {
  if (failure.code() == Code::unavailable) ++unavailable_;
  if (failure.code() == Code::unknown_outcome) ++unknown_outcome_;
  return failure;
}

CallCounts Caller::counts() const {
  return {.calls = calls_,
          .retries = retries_,
          .unavailable = unavailable_,
          .unknown_outcome = unknown_outcome_};
}

}  // namespace rabia::client
