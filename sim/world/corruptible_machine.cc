#include "sim/world/corruptible_machine.h"

#include "base/codec.h"
#include "sim/world/prefixed_snapshot.h"

namespace rabia::sim {

std::unique_ptr<SnapshotReader> CorruptibleMachine::begin_snapshot() {
  std::string prefix;
  base::Encoder(prefix).fixed(flaw_);
  return std::make_unique<PrefixedReader>(std::move(prefix), machine_.begin_snapshot());
}

std::unique_ptr<SnapshotLoader> CorruptibleMachine::begin_load() {
  return std::make_unique<PrefixedLoader>(sizeof flaw_, machine_.begin_load(),
                                          [this](std::string_view prefix) {
                                            set_flaw(base::Decoder(prefix).fixed<std::uint64_t>());
                                            return Status();
                                          });
}

}  // namespace rabia::sim
