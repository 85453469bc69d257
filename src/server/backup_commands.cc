// RABIA.BACKUP: a snapshot of this replica, read part by part. What `rabia-ctl backup` asks.
#include <cinttypes>
#include <cstdio>
#include <optional>
#include <string>

#include "base/number.h"
#include "server/command.h"
#include "server/help.h"
#include "server/server_state.h"
#include "server/text.h"

namespace rabia::server {
namespace {

std::string hexadecimal(std::uint64_t number) {
  char text[17];
  std::snprintf(text, sizeof text, "%016" PRIx64, number);
  return text;
}

void write_error(const Status& status, resp::ReplyWriter& writer) {
  writer.error("ERR " + status.message());
}

void write_backup(const replica::Backup& backup, resp::ReplyWriter& writer) {
  const replica::SnapshotInfo& snapshot = backup.snapshot;
  const auto number = [&](std::string_view name, std::uint64_t value) {
    writer.bulk(name);
    writer.integer(static_cast<std::int64_t>(value));
  };
  writer.map(7);
  number("id", backup.id);
  number("round", snapshot.round);
  number("position", snapshot.position.value);
  number("bytes", snapshot.bytes);
  number("part-bytes-max", replica::backup_part_bytes_max);
  writer.bulk("checksum");
  writer.bulk(hexadecimal(snapshot.checksum));
  writer.bulk("digest");
  writer.bulk(hexadecimal(snapshot.digest.high) + hexadecimal(snapshot.digest.low));
}

void run_begin(DeferredCall& call) {
  call.server.replica.begin_backup([reply = call.reply](const Result<replica::Backup>& backup) {
    reply([&](resp::ReplyWriter& writer) {
      if (backup.ok()) return write_backup(backup.value(), writer);
      write_error(backup.status(), writer);
    });
  });
}

std::optional<std::uint64_t> natural(std::string_view text) {
  const std::optional<std::int64_t> number = base::parse_integer(text);
  if (!number || *number < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

void run_read(DeferredCall& call) {
  const auto id = natural(call.arguments[2]);
  const auto offset = natural(call.arguments[3]);
  const auto count = natural(call.arguments[4]);
  if (!id || !offset || !count) {
    return call.reply([](resp::ReplyWriter& writer) { writer.error(message::not_an_integer); });
  }
  call.server.replica.read_backup(*id, {*offset, *count},
                                  [reply = call.reply](const Result<std::string>& bytes) {
                                    reply([&](resp::ReplyWriter& writer) {
                                      if (bytes.ok()) return writer.bulk(bytes.value());
                                      write_error(bytes.status(), writer);
                                    });
                                  });
}

void run_end(LocalCall& call) {
  const auto id = natural(call.arguments[2]);
  if (!id) return call.reply.error(message::not_an_integer);
  const Status ended = call.server.replica.end_backup(*id);
  if (!ended.ok()) return write_error(ended, call.reply);
  call.reply.ok();
}

void run_help(LocalCall& call) {
  write_help("rabia.backup", backup_subcommands(), call.reply);
}

constexpr Command rows[] = {
    {.name = "rabia.backup|begin",
     .arity = 2,
     .flags = flag::admin | flag::noscript,
     .group = "server",
     .since = "0.2.0",
     .summary =
         "Takes a snapshot, and keeps it until END, or until nothing was read of it for 30 s.",
     .complexity = "O(N) where N is the number of keys; other clients are served meanwhile.",
     .deferred = run_begin},
    {.name = "rabia.backup|end",
     .syntax = "id",
     .arity = 3,
     .flags = flag::admin | flag::noscript,
     .group = "server",
     .since = "0.2.0",
     .summary = "The snapshot need not be kept any longer.",
     .complexity = "O(1)",
     .local = run_end},
    {.name = "rabia.backup|help",
     .arity = 2,
     .flags = flag::loading | flag::stale,
     .group = "server",
     .since = "0.2.0",
     .summary = "Prints this help.",
     .complexity = "O(1)",
     .local = run_help},
    {.name = "rabia.backup|read",
     .syntax = "id offset count",
     .arity = 5,
     .flags = flag::admin | flag::noscript,
     .group = "server",
     .since = "0.2.0",
     .summary = "Answers bytes of the snapshot's file: fewer than asked for only at its end.",
     .complexity = "O(N) where N is the number of bytes.",
     .deferred = run_read},
};

}  // namespace

std::span<const Command> backup_subcommands() {
  return rows;
}

}  // namespace rabia::server
