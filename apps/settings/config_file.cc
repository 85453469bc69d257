#include "settings/config_file.h"

#include <algorithm>
#include <optional>
#include <set>

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

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

// What a parser of the table takes: the elements of a list with spaces between them.
Result<std::string> text_for(const SettingRow& row, const toml::node& node,
                             std::string_view source) {
  const toml::array* const list = row.type.kind == Kind::list ? node.as_array() : nullptr;
  std::string out;
  const auto add = [&](const toml::node& each) {
    const std::optional<std::string> text = text_of(each);
    if (text) out.append(out.empty() ? "" : " ").append(*text);
    return text.has_value();
  };
  const bool good = list == nullptr ? add(node) : std::ranges::all_of(*list, add);
  if (good) return out;
  return at(source, node.source(),
            std::string(row.name) + (row.type.kind == Kind::list
                                         ? " must be a list of texts"
                                         : " must be a text, a number or a boolean"));
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

std::string quoted_list(std::string_view words) {
  std::string out = "[";
  std::size_t end = 0;
  for (std::size_t begin = 0; begin < words.size(); begin = end + 1) {
    end = std::min(words.find(' ', begin), words.size());
    if (begin > 0) out += ", ";
    out += quoted(words.substr(begin, end - begin));
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
  std::set<const SettingRow*> given;
  for (const auto& [key, node] : parsed.table()) {
    const SettingRow* row = find_setting(key.str());
    if (row == nullptr) return at(source, key.source(), unknown_setting(key.str()).message());
    if (row->change == Change::never) return at(source, key.source(), for_one_start_only(*row));
    if (!given.insert(row).second) {
      return at(source, key.source(), std::string(row->name) + " is given twice");
    }
    const Result<std::string> value = text_for(*row, node, source);
    if (!value.ok()) return value.status();
    const Status status = assign(settings, *row, value.value());
    if (!status.ok()) return at(source, node.source(), status.message());
  }
  return {};
}

Status assign_from_file(Settings& settings, const std::string& path) {
  const Result<std::string> text = read_text_file(path);
  return text.ok() ? assign_from_toml(settings, text.value(), path) : text.status();
}

std::string toml_value(const SettingRow& row, const Settings& settings) {
  const std::string value = row.type.print(settings);
  if (row.type.numeric() || row.type.kind == Kind::boolean) return value;
  return row.type.kind == Kind::list ? quoted_list(value) : quoted(value);
}

std::string to_toml(const Settings& settings) {
  const Settings defaults;
  std::string out;
  for (const SettingRow& row : setting_rows()) {
    if (row.change == Change::never || row.type.print(settings) == row.type.print(defaults)) {
      continue;
    }
    out.append(row.name).append(" = ").append(toml_value(row, settings)).append("\n");
  }
  return out;
}

}  // namespace rabia::apps
