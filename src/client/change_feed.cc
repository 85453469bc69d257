#include "client/change_feed.h"

#include <array>
#include <utility>

#include "client/judgement.h"

namespace rabia::client {
namespace {

bool is_revision(const Reply& reply) {
  return reply.kind == Reply::Kind::integer && reply.integer >= 0;
}
bool is_text(const Reply& reply) {
  return reply.kind == Reply::Kind::text;
}

// Of a replica that does not answer what was asked.
Status not_now(const Reply& reply) {
  if (reply.kind != Reply::Kind::error) return {Code::unavailable, "an answer of another shape"};
  const bool for_now = judge(reply) != Verdict::answered;
  return {for_now ? Code::unavailable : Code::failed_precondition, reply.text};
}

}  // namespace

Status ChangeFeed::ask(Connection& connection) {
  if (!told_) {
    if (Status begun = begin(connection); !begun.ok()) return begun;
  }
  const std::string from = std::to_string(*told_);
  const std::string wait = std::to_string(options_.wait.count());
  Words events{"RABIA.EVENTS", "FROM", from, "COUNT", "1000", "BLOCK", wait};
  if (!options_.prefix.empty()) events.insert(events.end(), {"PREFIX", options_.prefix});
  const std::array<Words, 2> question{Words{"RABIA.REVISION"}, std::move(events)};
  const Instant asked = Clock::now();
  std::vector<Reply> answer;
  Status said =
      connection.exchange(question, asked + options_.wait + options_.answer_within, answer);
  if (!said.ok()) return said;
  if (!is_revision(answer[0])) return not_now(answer[0]);
  if (answer[1].kind == Reply::Kind::error) {
    // COMPACTED; or it has fewer changes than there were, so it is not the cluster that it was.
    const bool missed = answer[1].text.starts_with("COMPACTED") ||
                        answer[1].text.find("has not come yet") != std::string::npos;
    return missed ? miss(answer[1].text) : not_now(answer[1]);
  }
  if (!tell(answer[1])) return miss("an answer of another shape");
  // What was answered to anybody before the question is no later than that revision.
  if (*told_ >= static_cast<std::uint64_t>(answer[0].integer)) cache_.follow(asked);
  return {};
}

Status ChangeFeed::begin(Connection& connection) {
  const Words question{"RABIA.REVISION"};
  std::vector<Reply> answer;
  Status said =
      connection.exchange(std::span(&question, 1), Clock::now() + options_.answer_within, answer);
  if (!said.ok()) return said;
  if (!is_revision(answer[0])) return not_now(answer[0]);
  told_ = static_cast<std::uint64_t>(answer[0].integer);
  cache_.begin();
  return {};
}

Status ChangeFeed::miss(std::string why) {
  told_.reset();
  cache_.reset();
  return {Code::unavailable, std::move(why)};
}

bool ChangeFeed::tell(const Reply& events) {
  if (events.kind != Reply::Kind::list || events.list.size() != 2) return false;
  const Reply& looked = events.list[0];
  const Reply& changes = events.list[1];
  if (!is_revision(looked) || changes.kind != Reply::Kind::list) return false;
  if (static_cast<std::uint64_t>(looked.integer) < *told_) return false;
  for (const Reply& event : changes.list) {
    if (!tell_one(event)) return false;
  }
  told_ = static_cast<std::uint64_t>(looked.integer);
  return true;
}

// Revision, kind, key, and then pairs of a name and what it is.
bool ChangeFeed::tell_one(const Reply& event) {
  const std::vector<Reply>& words = event.list;
  if (words.size() < 3 || !is_revision(words[0]) || !is_text(words[1])) return false;
  const auto revision = static_cast<std::uint64_t>(words[0].integer);
  if (words[1].text == "cleared") {
    cache_.cleared(revision);
    return true;
  }
  if (!is_text(words[2])) return false;
  cache_.changed(words[2].text, revision);
  for (std::size_t i = 3; i + 1 < words.size(); i += 2) {
    if (words[i].text == "to") cache_.changed(words[i + 1].text, revision);
  }
  return true;
}

}  // namespace rabia::client
