// A transaction as one operation of a history: the commands between MULTI and EXEC, executed as
// one, on the condition that a key is what it was when it was watched.
//
// As arguments: "EXEC", and then lists of words, each behind their number. The first list is what
// was watched: nothing, a key that was absent, or a key and its value. Each other one is a command:
// {"EXEC", "2", "k", "v", "2", "INCR", "n"}.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/history/history.h"

namespace rabia::sim::history {

// What EXEC answers when it executes nothing.
inline constexpr std::string_view nil_array = "*-1\r\n";

struct Transaction {
  struct Watched {
    std::string key;
    std::optional<std::string> value;  // Nothing: it was absent.
  };
  std::optional<Watched> watched;
  // No EXEC; and no MSETNX, since what that does to one key hangs on others (one_key.h).
  std::vector<Arguments> commands;
};

[[nodiscard]] bool is_transaction(const Arguments& args);
[[nodiscard]] Arguments arguments_of(const Transaction& transaction);
// Of arguments that are one; others end the process.
[[nodiscard]] Transaction transaction_of(const Arguments& args);

// Whether it is one that is known to have executed nothing, for what it watched.
[[nodiscard]] bool was_refused(const Operation& operation);
// Its commands as operations of their own, each with its reply when that is known. None when the
// reply is not that of so many commands.
[[nodiscard]] std::vector<Operation> operations_in(const Operation& transaction);

}  // namespace rabia::sim::history
