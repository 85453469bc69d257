// RABIA.MEMBER: who belongs to the cluster. The rows, and the handlers.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "base/number.h"
#include "server/command.h"
#include "server/help.h"
#include "server/server_state.h"
#include "server/text.h"

namespace rabia::server {
namespace {

using replica::MemberChange;

std::string_view code_of(const Status& status) {
  switch (status.code()) {
    case Code::unavailable:
      return "TRYAGAIN ";
    case Code::unknown_outcome:
      return "UNKNOWN ";
    default:
      return "ERR ";
  }
}

// An id, or nothing, after an error was given.
std::optional<ReplicaId> id_in(const DeferredCall& call, std::string_view text) {
  const std::optional<std::int64_t> number = base::parse_integer(text);
  if (number && *number >= 1 && *number <= 0xffff) {
    return ReplicaId{static_cast<std::uint16_t>(*number)};
  }
  call.reply([](resp::ReplyWriter& writer) {
    writer.error("ERR the id of a member is a number from 1 to 65535");
  });
  return std::nullopt;
}

bool address_in(const DeferredCall& call, std::string_view text, io::Endpoint& address) {
  Result<io::Endpoint> parsed = io::parse_endpoint(text);
  if (parsed.ok()) {
    address = parsed.take();
    return true;
  }
  call.reply([&](resp::ReplyWriter& writer) { writer.error("ERR " + parsed.status().message()); });
  return false;
}

void change(const DeferredCall& call, const MemberChange& change) {
  call.server.replica.change_members(change, [reply = call.reply](const Status& status) {
    reply([&](resp::ReplyWriter& writer) {
      if (status.ok()) return writer.ok();
      writer.error(std::string(code_of(status)) + status.message());
    });
  });
}

void run_add(DeferredCall& call) {
  MemberChange asked{.kind = MemberChange::Kind::add};
  const bool option = call.arguments.size() > 4;
  const bool known =
      call.arguments.size() == 5 && equals_ignoring_case(call.arguments[4], "learner");
  if (option && !known) {
    return call.reply([](resp::ReplyWriter& writer) { writer.error(message::syntax_error); });
  }
  asked.stays_learner = option;
  const auto id = id_in(call, call.arguments[2]);
  if (!id || !address_in(call, call.arguments[3], asked.address)) return;
  asked.id = *id;
  change(call, asked);
}

void run_of_one(DeferredCall& call, MemberChange::Kind kind) {
  if (const auto id = id_in(call, call.arguments[2])) change(call, {.kind = kind, .id = *id});
}
void run_promote(DeferredCall& call) {
  run_of_one(call, MemberChange::Kind::promote);
}
void run_remove(DeferredCall& call) {
  run_of_one(call, MemberChange::Kind::remove);
}

void run_replace(DeferredCall& call) {
  MemberChange asked{.kind = MemberChange::Kind::replace};
  const auto replaced = id_in(call, call.arguments[2]);
  if (!replaced) return;
  const auto id = id_in(call, call.arguments[3]);
  if (!id || !address_in(call, call.arguments[4], asked.address)) return;
  asked.id = *id;
  asked.replaced = *replaced;
  change(call, asked);
}

void write_member(resp::ReplyWriter& reply, const replica::PeerStatus& member, bool self) {
  reply.map(6);
  reply.bulk("id");
  reply.integer(member.id.value);
  reply.bulk("address");
  reply.bulk(member.address.port == 0 ? std::string() : io::to_string(member.address));
  reply.bulk("role");
  reply.bulk(name_of(member.role));
  reply.bulk("self");
  reply.integer(self ? 1 : 0);
  reply.bulk("connected");
  reply.integer(member.connected ? 1 : 0);
  reply.bulk("executed_round");
  reply.integer(static_cast<std::int64_t>(member.executed_round));
}

// As this replica knows it, also without a quorum.
void run_list(LocalCall& call) {
  const replica::ReplicaStatus status = call.server.replica.status();
  std::vector<replica::PeerStatus> members = status.peers;
  if (!status.removed) members.push_back(status.self);
  std::ranges::sort(members, {}, &replica::PeerStatus::id);
  call.reply.array(members.size());
  for (const replica::PeerStatus& member : members) {
    write_member(call.reply, member, member.id == status.self.id);
  }
}

void run_help_on_members(LocalCall& call) {
  write_help("rabia.member", member_subcommands(), call.reply);
}

}  // namespace

std::span<const Command> member_subcommands() {
  static constexpr Command rows[] = {
      {.name = "rabia.member|add",
       .syntax = "id host:port [LEARNER]",
       .arity = -4,
       .flags = flag::admin | flag::noscript | flag::no_multi,
       .group = "server",
       .since = "7.0.0",
       .summary = "Adds a member, which becomes a voter when it has caught up, or stays a LEARNER.",
       .complexity = "O(1)",
       .deferred = run_add},
      {.name = "rabia.member|promote",
       .syntax = "id",
       .arity = 3,
       .flags = flag::admin | flag::noscript | flag::no_multi,
       .group = "server",
       .since = "7.0.0",
       .summary = "Makes a learner that has caught up a voter.",
       .complexity = "O(1)",
       .deferred = run_promote},
      {.name = "rabia.member|remove",
       .syntax = "id",
       .arity = 3,
       .flags = flag::admin | flag::noscript | flag::no_multi,
       .group = "server",
       .since = "7.0.0",
       .summary = "Removes a member for ever: its id is not given again.",
       .complexity = "O(1)",
       .deferred = run_remove},
      {.name = "rabia.member|replace",
       .syntax = "old-id new-id host:port",
       .arity = 5,
       .flags = flag::admin | flag::noscript | flag::no_multi,
       .group = "server",
       .since = "7.0.0",
       .summary = "Adds a member that takes the place of another when it has caught up.",
       .complexity = "O(1)",
       .deferred = run_replace},
      {.name = "rabia.member|list",
       .arity = 2,
       .flags = flag::admin | flag::noscript | flag::loading | flag::stale,
       .group = "server",
       .since = "7.0.0",
       .summary = "Who belongs to the cluster, as this replica knows it.",
       .complexity = "O(N) where N is the number of members.",
       .local = run_list},
      {.name = "rabia.member|help",
       .arity = 2,
       .flags = flag::loading | flag::stale,
       .group = "server",
       .since = "7.0.0",
       .summary = "Lists the subcommands.",
       .complexity = "O(1)",
       .local = run_help_on_members},
  };
  return rows;
}

}  // namespace rabia::server
