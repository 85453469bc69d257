// The command of one write of a batch.
#pragma once

#include <string>

#include "client/connection.h"
#include "rabia/kv/client.h"

namespace rabia::client {

// Ok, or what is wrong with it.
[[nodiscard]] Status check(const kv::ClientWrite& write);

// Of a write that is well, which outlives it.
class WriteWords {
 public:
  explicit WriteWords(const kv::ClientWrite& write);
  // Good while this is.
  [[nodiscard]] Words words() const;

 private:
  const kv::ClientWrite* write_;
  std::string number_;  // How much, or how long.
};

}  // namespace rabia::client
