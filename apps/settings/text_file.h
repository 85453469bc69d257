// Small text files: configuration, pid files, notes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "rabia/result.h"

namespace rabia::apps {

inline constexpr std::size_t text_file_bytes_max = std::size_t{1} << 20;

// Everything in the file. Code::not_found when there is none; refuses more than
// text_file_bytes_max.
Result<std::string> read_text_file(const std::string& path);

enum class Readers : std::uint8_t { everyone, owner };

// Replaces the file: readers see all of the old text or all of the new one. Not synced to disk.
Status write_text_file(const std::string& path, std::string_view text,
                       Readers readers = Readers::everyone);

// The same for a file that must exist, and durable when it returns ok. It keeps its permissions
// and, if the process may say so, its owner. Behind a symbolic link, what that names is replaced.
Status replace_text_file(const std::string& path, std::string_view text);

}  // namespace rabia::apps
