// What the commands mean, one after the other: the specification that histories are held against.
//
// Written from the documentation of Redis 7.0 and docs/commands.md. It shares nothing with src/kv
// or src/server on purpose, so that it does not share their mistakes. Knows no limits of sizes.
//
// Commands: APPEND DBSIZE DECR DECRBY DEL EXISTS FLUSHALL GET GETDEL GETSET INCR INCRBY MGET MSET
// MSETNX PERSIST PEXPIRE SET SETNX STRLEN UNLINK, and EXEC with all of its commands
// (transaction.h). Any other is a mistake of the caller and ends the process; wrong arguments are
// answered with an error, as a server does.
//
// It knows which keys expire, and not when. That a key has done so is an operation of its own:
// EXPIRED key value removes it, if it expires and has this value, and answers 1. EVICTED is the
// same for any key.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/history/contents.h"
#include "sim/history/history.h"

namespace rabia::sim::history {

struct SetOptions {
  bool if_absent = false;
  bool if_present = false;
  bool get = false;
  bool expires = false;  // PX with a number above 0.
};
// Of a SET, from its third argument on. Nothing when they are wrong.
[[nodiscard]] std::optional<SetOptions> set_options_of(const Arguments& args);

// What a command has to do with keys, whatever is in them.
struct Footprint {
  std::vector<std::string> keys = {};  // Sorted, each once.
  bool all_keys = false;               // Every key there may be; `keys` is empty.
  bool reads_only = false;             // Changes nothing, ever.
  // The command leaves its keys in a state that does not depend on what was in them before …
  bool overwrites = false;
  // … and its reply does not depend on it either.
  bool is_blind = false;
};
[[nodiscard]] Footprint footprint_of(const Arguments& args);
// Of a transaction that is known to have executed nothing: that of a look at what it watched.
[[nodiscard]] Footprint footprint_of(const Operation& operation);

// Executes a command. Returns its reply as RESP2 bytes.
std::string execute(Contents& contents, const Arguments& args);

// The reply of a command that only reads, or of any transaction.
[[nodiscard]] std::string look(const Contents& contents, const Arguments& args);

}  // namespace rabia::sim::history
