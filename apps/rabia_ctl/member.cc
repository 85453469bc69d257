// rabia-ctl member: who belongs to the cluster.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "rabia_ctl/command.h"
#include "rabia_ctl/connection.h"

namespace rabia::apps {
namespace {

using namespace std::chrono_literals;

constexpr base::Duration look_again_after = 200ms;
constexpr base::Duration try_for = 20s;

struct MemberOptions {
  Target target;
  std::uint16_t id = 0;
  std::uint16_t replaced = 0;
  std::string address;
  bool learner = false;
  std::uint32_t within_seconds = 600;
};

struct Listed {
  std::int64_t id = 0;
  std::string address;
  std::string role;
  bool connected = false;
  std::int64_t executed_round = 0;
};

std::optional<std::int64_t> integer_in(const Reply& reply, std::string_view name) {
  const Reply* const value = reply.find(name);
  if (value == nullptr || value->kind != Reply::Kind::integer) return std::nullopt;
  return value->integer;
}

Result<std::vector<Listed>> list_of(Connection& replica) {
  const Result<Reply> reply = replica.call({"RABIA.MEMBER", "LIST"});
  if (!reply.ok()) return reply.status();
  std::vector<Listed> members;
  for (const Reply& each : reply.value().list) {
    const auto id = integer_in(each, "id");
    const auto connected = integer_in(each, "connected");
    const auto round = integer_in(each, "executed_round");
    const Reply* const address = each.find("address");
    const Reply* const role = each.find("role");
    if (!id || !connected || !round || address == nullptr || role == nullptr) {
      return {Code::corrupted,
              "the replica's answer to RABIA.MEMBER LIST cannot be read: is it of this version?"};
    }
    members.push_back({*id, address->text, role->text, *connected != 0, *round});
  }
  return members;
}

Status print_list(Connection& replica) {
  const auto members = list_of(replica);
  if (!members.ok()) return members.status();
  std::printf("%-6s %-8s %-10s %-16s %s\n", "id", "role", "connected", "executed round", "address");
  for (const Listed& member : members.value()) {
    std::printf("%-6lld %-8s %-10s %-16lld %s\n", static_cast<long long>(member.id),
                member.role.c_str(), member.connected ? "yes" : "no",
                static_cast<long long>(member.executed_round), member.address.c_str());
  }
  return {};
}

// Until the new member is a voter; how far it is is printed when it changes.
Status wait_for_voter(Connection& replica, std::uint16_t id, std::uint32_t within_seconds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(within_seconds);
  std::int64_t told = -1;
  while (std::chrono::steady_clock::now() < until) {
    const auto members = list_of(replica);
    if (!members.ok()) return members.status();
    std::int64_t most = 0;
    const Listed* wanted = nullptr;
    for (const Listed& member : members.value()) {
      most = std::max(most, member.executed_round);
      if (member.id == id) wanted = &member;
    }
    if (wanted == nullptr) {
      return {Code::failed_precondition, "member " + std::to_string(id) + " was removed meanwhile"};
    }
    if (wanted->role == "voter") {
      std::printf("member %u is a voter\n", id);
      return {};
    }
    const std::int64_t percent = most > 0 ? 100 * wanted->executed_round / most : 100;
    if (percent != told) {
      std::printf("member %u catches up: %lld%%\n", id, static_cast<long long>(percent));
      std::fflush(stdout);
      told = percent;
    }
    std::this_thread::sleep_for(look_again_after);
  }
  return {Code::unavailable, "member " + std::to_string(id) +
                                 " has not caught up yet: it becomes a voter by itself " +
                                 "when it has (rabia-ctl member list shows how far it is)"};
}

// One change at a time: the last one may need a moment until it is in force.
Result<Reply> call_patiently(Connection& replica, const std::vector<std::string>& command) {
  const auto until = std::chrono::steady_clock::now() + try_for;
  while (true) {
    Result<Reply> reply = replica.call(command);
    const bool try_again =
        !reply.ok() && reply.status().message().find("TRYAGAIN") != std::string::npos;
    if (!try_again || std::chrono::steady_clock::now() >= until) return reply;
    std::this_thread::sleep_for(look_again_after);
  }
}

Status change(const MemberOptions& options, const std::vector<std::string>& words, bool waits) {
  Result<Connection> replica = Connection::open(options.target);
  if (!replica.ok()) return replica.status();
  std::vector<std::string> command = {"RABIA.MEMBER"};
  command.insert(command.end(), words.begin(), words.end());
  const Result<Reply> reply = call_patiently(replica.value(), command);
  if (!reply.ok()) return reply.status();
  if (waits) return wait_for_voter(replica.value(), options.id, options.within_seconds);
  std::printf("done\n");
  return {};
}

Status add(const MemberOptions& options) {
  std::vector<std::string> words = {"ADD", std::to_string(options.id), options.address};
  if (options.learner) words.emplace_back("LEARNER");
  return change(options, words, !options.learner);
}

Status promote(const MemberOptions& options) {
  return change(options, {"PROMOTE", std::to_string(options.id)}, false);
}

Status remove(const MemberOptions& options) {
  return change(options, {"REMOVE", std::to_string(options.id)}, false);
}

Status replace(const MemberOptions& options) {
  return change(
      options,
      {"REPLACE", std::to_string(options.replaced), std::to_string(options.id), options.address},
      true);
}

Status list(const MemberOptions& options) {
  Result<Connection> replica = Connection::open(options.target);
  if (!replica.ok()) return replica.status();
  return print_list(replica.value());
}

}  // namespace

void add_member(CLI::App& program, Run& chosen) {
  const auto options = std::make_shared<MemberOptions>();
  CLI::App* const member =
      program.add_subcommand("member", "Shows and changes who belongs to the cluster");
  member->require_subcommand(1);
  const auto command = [&](const char* name, const char* help,
                           Status (*run)(const MemberOptions&)) {
    CLI::App* const sub = member->add_subcommand(name, help);
    add_target(*sub, options->target);
    sub->callback([options, &chosen, run] { chosen = [options, run] { return run(*options); }; });
    return sub;
  };
  const CLI::Range ids(1, 65535);
  // The same for all, with or without its name.
  const auto takes_id = [&](CLI::App* sub, const char* help) {
    sub->add_option("id,--id", options->id, help)->required()->check(ids);
  };
  const auto takes_new_one = [&](CLI::App* sub) {
    sub->add_option("--address", options->address,
                    "HOST:PORT at which the new member listens for the other replicas")
        ->required();
    sub->add_option("--within", options->within_seconds,
                    "Seconds to wait until it has caught up and votes [default 600]");
  };
  command("list", "Who belongs to the cluster, as this replica knows it", list);
  CLI::App* const adds =
      command("add", "Adds a member, which votes as soon as it has caught up", add);
  takes_id(adds, "Its number, which no member has ever had");
  adds->add_flag("--learner", options->learner, "It stays a learner until it is promoted");
  takes_new_one(adds);
  takes_id(command("promote", "Makes a learner that has caught up a voter", promote),
           "The learner");
  takes_id(command("remove", "Removes a member for ever: its number is not given again", remove),
           "The member");
  CLI::App* const replaces = command(
      "replace", "Adds a member that takes the place of another when it has caught up", replace);
  replaces->add_option("old", options->replaced, "The voter that leaves then")
      ->required()
      ->check(ids);
  replaces->add_option("new", options->id, "The number of the new one")->required()->check(ids);
  takes_new_one(replaces);
}

}  // namespace rabia::apps
