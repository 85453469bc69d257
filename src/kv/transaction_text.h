// What a transaction is answered that was refused as a whole.
#pragma once

#include <string_view>

namespace rabia::kv {

// In front of the error of what it would have done.
inline constexpr std::string_view aborted_error = "EXECABORT Transaction discarded because of: ";

}  // namespace rabia::kv
