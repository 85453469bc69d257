// The mark of a replica whose state was found to differ from the others': the file DIVERGED in its
// data directory. Nothing may be served from such a directory; what counts is that the file is
// there, what it says is for people.
//
// Durable when they return ok. They block; the directory must be locked by this process.
#pragma once

#include <string>
#include <string_view>

#include "io/files.h"
#include "rabia/result.h"

namespace rabia::storage {

[[nodiscard]] std::string divergence_path(const std::string& directory);
// `note`: lines of text. An earlier mark is replaced.
[[nodiscard]] Status mark_diverged(io::FileSystem& files, const std::string& directory,
                                   std::string_view note);
[[nodiscard]] Result<bool> has_diverged(io::FileSystem& files, const std::string& directory);
// For who has put aside what the directory holds, as the last step of it: a crash before it leaves
// a directory that is refused. No effect without a mark.
[[nodiscard]] Status clear_divergence(io::FileSystem& files, const std::string& directory);

}  // namespace rabia::storage
