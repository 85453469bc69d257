#include "settings/config_file.h"

#include <optional>
#include <vector>

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include "settings/parse.h"
#include "settings/text_file.h"

namespace rabia::apps {
namespace {

Status at(std::string_view source, const toml::source_region& where, std::string_view message) {
  return {Code::invalid_argument, std::string(source) + ":" + std::to_string(where.begin.line) +
                                      ": " + std::string(message)};
}

// The text that a parser of the table takes; nothing for a kind of value that no setting has.
std::optional<std::string> text_of(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* boolean = node.as_boolean()) return boolean->get() ? "true" : "false";
  return std::nullopt;
}

Status assign_value(Settings& settings, std::string_view name, const toml::node& node,
                    std::string_view source) {
  const std::optional<std::string> text = text_of(node);
  if (!text) {
    return at(source, node.source(), std::string(name) + " must be a text, a number or a boolean");
  }
  const Status status = assign(settings, name, *text);
  return status.ok() ? status : at(source, node.source(), status.message());
}

Status assign_values(Settings& settings, const SettingRow& row, const toml::node& node,
                     std::string_view source) {
  const toml::array* values = row.repeated ? node.as_array() : nullptr;
  if (values == nullptr) return assign_value(settings, row.name, node, source);
  for (const toml::node& each : *values) {
    if (Status status = assign_value(settings, row.name, each, source); !status.ok()) return status;
  }
  return {};
}

// A TOML basic string. Paths and passwords may hold any byte but NUL.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      constexpr std::string_view digits = "0123456789abcdef";
      out += "\\u00";
      out += digits[static_cast<unsigned char>(c) >> 4];
      out += digits[static_cast<unsigned char>(c) & 15];
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string quoted_members(const std::vector<replica::Member>& members) {
  std::string out = "[";
  for (const replica::Member& each : members) {
    if (out.size() > 1) out += ", ";
    out += quoted(print_member(each));
  }
  return out + "]";
}

// A file stays, and would give the word again when the disk was lost and nobody means it.
std::string for_one_start_only(const SettingRow& row) {
  const std::string name(row.name);
  return name + " is given on the command line only (--" + name +
         "), for the start that founds the cluster: remove it from the file";
}

}  // namespace

Status assign_from_toml(Settings& settings, std::string_view text, std::string_view source) {
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) return at(source, parsed.error().source(), parsed.error().description());
  for (const auto& [key, node] : parsed.table()) {
    const SettingRow* row = find_setting(key.str());
    if (row == nullptr) return at(source, key.source(), unknown_setting(key.str()).message());
    if (row->flag_only) return at(source, key.source(), for_one_start_only(*row));
    if (Status status = assign_values(settings, *row, node, source); !status.ok()) return status;
  }
  return {};
}

Status assign_from_file(Settings& settings, const std::string& path) {
  const Result<std::string> text = read_text_file(path);
  return text.ok() ? assign_from_toml(settings, text.value(), path) : text.status();
}

std::string to_toml(const Settings& settings) {
  const Settings defaults;
  std::string out;
  for (const SettingRow& row : setting_rows()) {
    const std::string value = row.print(settings);
    if (row.flag_only || value == row.print(defaults)) continue;
    out += std::string(row.name) + " = ";
    if (row.repeated) {
      out += quoted_members(settings.members);
    } else {
      out += row.numeric ? value : quoted(value);
    }
    out += '\n';
  }
  return out;
}

}  // namespace rabia::apps
