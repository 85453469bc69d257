// Histories for the tests: written by hand, or made by running commands in a random order.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/random.h"
#include "sim/history/history.h"

namespace rabia::sim::history {

// Replies, as RESP2 bytes.
inline const std::string ok = "+OK\r\n";
inline const std::string nil = "$-1\r\n";
[[nodiscard]] std::string integer(std::int64_t value);
[[nodiscard]] std::string bulk(std::string_view value);
[[nodiscard]] std::string array(std::initializer_list<std::string> items);

// The words of a command, with single spaces between them.
[[nodiscard]] Arguments words_of(std::string_view text);

// Operations; instants in milliseconds, commands as words with single spaces between them.
[[nodiscard]] Operation done(std::uint32_t client, std::string_view command, int invoked_ms,
                             int returned_ms, std::string reply);
[[nodiscard]] Operation unknown(std::uint32_t client, std::string_view command, int invoked_ms);
[[nodiscard]] Operation not_executed(std::uint32_t client, std::string_view command,
                                     int invoked_ms);

struct RandomOptions {
  std::size_t operations = 0;
  std::uint32_t clients = 0;
  std::size_t keys = 0;
  std::uint64_t unknown_percent = 0;
  // How many values there are for SET and the like; 0: each write has its own.
  std::uint64_t values = 0;
  // Names, with single spaces between them; one that is named twice is twice as frequent.
  std::string_view commands =
      "APPEND DBSIZE DECR DECRBY DEL EXEC EXISTS EXPIRED FLUSHALL GET GETDEL GETSET INCR INCRBY "
      "MGET MSET MSETNX PERSIST PEXPIRE SET SETNX STRLEN UNLINK";
};

// Linearizable: the clients run commands at instants between their invocations and returns. Half of
// the unknown ones are executed at some time, some of them long after their client gave up.
[[nodiscard]] History random_history(const RandomOptions& options, base::Random& random);

}  // namespace rabia::sim::history
