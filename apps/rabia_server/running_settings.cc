#include "rabia_server/running_settings.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "io/log.h"
#include "settings/config_rewrite.h"

namespace rabia::apps {
namespace {

using Refusal = server::Configuration::Refusal;

// What is wrong with a value, in the words of Redis.
std::string why_not(const SettingRow& row, std::string_view text) {
  const ValueType& type = row.type;
  if (!type.refused.empty()) return std::string(type.refused);
  const bool parses =
      type.kind == Kind::bytes ? parse_byte_count(text).ok() : parse_number(text).ok();
  switch (type.kind) {
    case Kind::number:
    case Kind::seconds:
      if (!parses) return "argument couldn't be parsed into an integer";
      break;
    case Kind::bytes:
      if (!parses) return "argument must be a memory value";
      break;
    case Kind::boolean:
      return "argument must be 'yes' or 'no'";
    case Kind::choice: {
      std::string why = "argument(s) must be one of the following: ";
      for (const std::string_view each : type.choices) {
        why.append(each == type.choices.front() ? "" : ", ").append(each);
      }
      return why;
    }
    case Kind::text:
    case Kind::list:
      return "argument must be " + accepted(row);
  }
  return "argument must be between " + std::to_string(type.least) + " and " +
         std::to_string(type.most) + " inclusive";
}

bool is_replicated(const SettingRow& row) {
  return row.change == Change::replicated;
}

bool changes_at_run_time(const SettingRow& row) {
  return row.change == Change::on_this_replica || is_replicated(row);
}

// What clients of Redis ask about the log, which is here what `durability` says.
std::vector<server::Setting> append_only_settings(Durability durability) {
  return {{.name = "appendonly", .value = durability == Durability::memory ? "no" : "yes"},
          {.name = "appendfsync", .value = durability == Durability::always ? "always" : "no"}};
}

}  // namespace

RunningSettings::RunningSettings(Settings settings, std::string file, std::uint64_t clients_most,
                                 Environment environment)
    : current_(std::move(settings)),
      file_(std::move(file)),
      clients_most_(clients_most),
      environment_(std::move(environment)) {}

std::vector<server::Setting> RunningSettings::settings() const {
  std::vector<server::Setting> shown = append_only_settings(current_.durability);
  Settings current = current_;
  put(current, environment_.limits());
  for (const SettingRow& row : setting_rows()) {
    shown.push_back({.name = std::string(row.name),
                     .value = row.type.print(current),
                     .other_name = std::string(row.redis_name),
                     .can_change = changes_at_run_time(row),
                     .replicated = is_replicated(row)});
  }
  return shown;
}

std::optional<Refusal> RunningSettings::set(std::span<const Change> changes) {
  Settings wanted = current_;
  std::vector<const SettingRow*> rows;
  for (const Change& change : changes) {
    const SettingRow* const row = find_setting(change.name);
    if (!assign(wanted, *row, change.value).ok()) {
      return Refusal{rows.size(), why_not(*row, change.value)};
    }
    rows.push_back(row);
  }
  if (auto refusal = contradiction(wanted, changes)) return refusal;
  for (const SettingRow* const row : rows) {
    const std::string value = row->type.print(wanted);
    io::log(io::Level::info, "server", "setting changed",
            {{"name", row->name}, {"value", row->secret ? std::string("(hidden)") : value}});
    if (std::ranges::find(changed_, row) == changed_.end()) changed_.push_back(row);
  }
  current_ = std::move(wanted);
  environment_.put_into_force(current_);
  return std::nullopt;
}

std::optional<Refusal> RunningSettings::read_limits(std::span<const Change> changes,
                                                    std::vector<kv::LimitChange>& limits) const {
  Settings wanted = current_;
  for (const Change& change : changes) {
    const SettingRow* const row = find_setting(change.name);
    if (!assign(wanted, *row, change.value).ok()) {
      return Refusal{limits.size(), why_not(*row, change.value)};
    }
    limits.push_back({*row->limit, get(limits_of(wanted), *row->limit)});
  }
  return std::nullopt;
}

std::vector<kv::LimitChange> RunningSettings::limits_given() const {
  return changes_of(limits_of(current_));
}

std::optional<Refusal> RunningSettings::contradiction(const Settings& wanted,
                                                      std::span<const Change> changes) const {
  const auto refuse = [&](std::string_view name, std::string why) {
    const auto found = std::ranges::find(changes, name, &Change::name);
    const bool named = found != changes.end();
    return Refusal{named ? static_cast<std::size_t>(found - changes.begin()) : 0, std::move(why)};
  };
  if (wanted.clients_max > clients_most_) {
    return refuse("maxclients",
                  "The operating system is not able to handle the specified number of clients, try "
                  "with " +
                      std::to_string(clients_most_));
  }
  if (auto found = find_contradiction(wanted)) return refuse(found->setting, std::move(found->why));
  return std::nullopt;
}

void RunningSettings::rewrite(std::function<void(const Status&)> done) {
  if (file_.empty()) return done({Code::not_found, "started without a configuration file"});
  const auto written = std::make_shared<Status>();
  environment_.worker.run(
      [written, file = file_, settings = current_, changed = changed_] {
        *written = rewrite_file(file, settings, changed);
      },
      [written, file = file_, done = std::move(done)] {
        io::log(written->ok() ? io::Level::info : io::Level::warning, "server",
                written->ok() ? "configuration file rewritten" : "configuration file not rewritten",
                {{"file", file}, {"reason", written->message()}});
        done(*written);
      });
}

}  // namespace rabia::apps
