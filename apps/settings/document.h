// The table of settings for people: docs/configuration.md has it between two marks, and
// tests/settings_document_test.py sees that it is this one.
#pragma once

#include <string>

namespace rabia::apps {

[[nodiscard]] std::string settings_document();

}  // namespace rabia::apps
