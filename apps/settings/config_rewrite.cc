#include "settings/config_rewrite.h"

#include <algorithm>
#include <vector>

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include "settings/config_file.h"
#include "settings/text_file.h"

namespace rabia::apps {
namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

bool same(const SettingRow& row, const Settings& a, const Settings& b) {
  return row.type.print(a) == row.type.print(b);
}

// Where a line and a column lie in the text; columns count characters, not bytes.
std::size_t offset_of(std::string_view text, const toml::source_position& position) {
  std::size_t offset = text.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
  for (toml::source_index line = 1; line < position.line; ++line) {
    offset = text.find('\n', offset) + 1;
  }
  for (toml::source_index column = 1; column < position.column && offset < text.size(); ++column) {
    ++offset;
    while (offset < text.size() && (static_cast<unsigned char>(text[offset]) & 0xc0) == 0x80) {
      ++offset;
    }
  }
  return offset;
}

// The library can write a table too, but without its comments, and in an order of its own.
struct Edit {
  std::size_t begin;
  std::size_t end;
  std::string value;
};

Edit edit_for(std::string_view text, const toml::table& table, const SettingRow& row,
              const Settings& settings) {
  const std::string value = toml_value(row, settings);
  for (const auto& [key, node] : table) {
    if (find_setting(key.str()) != &row) continue;
    return {offset_of(text, node.source().begin), offset_of(text, node.source().end), value};
  }
  const bool line_is_open = !text.empty() && !text.ends_with('\n');
  std::string line = line_is_open ? "\n" : "";
  line.append(row.name).append(" = ").append(value).append("\n");
  return {text.size(), text.size(), line};
}

}  // namespace

Result<std::string> rewrite_toml(std::string_view text, const Settings& settings,
                                 std::span<const SettingRow* const> changed,
                                 std::string_view source) {
  Settings in_file;
  if (Status status = assign_from_toml(in_file, text, source); !status.ok()) return status;
  std::string out(text);
  for (const SettingRow* const row : changed) {
    if (same(*row, in_file, settings)) continue;
    const toml::parse_result parsed = toml::parse(out);
    const Edit edit = edit_for(out, parsed.table(), *row, settings);
    out.replace(edit.begin, edit.end - edit.begin, edit.value);
  }
  // The library says where values lie: better no new file than one that no start would take.
  Settings read;
  const Status status = assign_from_toml(read, out, source);
  const bool right = std::ranges::all_of(
      changed, [&](const SettingRow* row) { return same(*row, read, settings); });
  if (status.ok() && right) return out;
  return {Code::failed_precondition, std::string(source) +
                                         ": its values are written in a way that cannot be "
                                         "replaced; nothing was changed, do it by hand"};
}

Status rewrite_file(const std::string& path, const Settings& settings,
                    std::span<const SettingRow* const> changed) {
  const Result<std::string> old = read_text_file(path);
  // CONFIG REWRITE takes not_found for a server that was started without a file.
  if (!old.ok()) return {Code::io_error, old.status().message()};
  const Result<std::string> text = rewrite_toml(old.value(), settings, changed, path);
  if (!text.ok()) return text.status();
  return text.value() == old.value() ? Status() : replace_text_file(path, text.value());
}

}  // namespace rabia::apps
