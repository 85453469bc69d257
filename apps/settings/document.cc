#include "settings/document.h"

#include "settings/table.h"

namespace rabia::apps {
namespace {

std::string code(std::string_view text) {
  return "`" + std::string(text) + "`";
}

std::string_view shown_change(Change change) {
  switch (change) {
    case Change::never:
      return "command line only";
    case Change::at_start:
      return "at start";
    case Change::on_this_replica:
      return "`CONFIG SET`";
    case Change::replicated:
      return "`CONFIG SET`, for all replicas";
  }
  return "";
}

}  // namespace

std::string settings_document() {
  std::string out =
      "| Name | Default | Accepts | Changed | |\n"
      "|---|---|---|---|---|\n";
  for (const SettingRow& row : setting_rows()) {
    const std::string value = shown_default(row);
    out += "| " + code(row.name);
    if (!row.redis_name.empty()) out += ", " + code(row.redis_name);
    out += row.required ? " | required" : (value.empty() ? " | none" : " | " + code(value));
    out += " | " + accepted(row);
    out.append(" | ").append(shown_change(row.change)).append(" | ").append(row.help);
    if (!row.more.empty()) out.append(". ").append(row.more);
    out += " |\n";
  }
  return out;
}

}  // namespace rabia::apps
