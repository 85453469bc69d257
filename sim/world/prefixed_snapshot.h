// Snapshots with a few bytes in front, for machines that stand before another one and have a little
// state of their own.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "rabia/state_machine.h"

namespace rabia::sim {

// The prefix, and then what `rest` reads.
class PrefixedReader final : public SnapshotReader {
 public:
  PrefixedReader(std::string prefix, std::unique_ptr<SnapshotReader> rest)
      : prefix_(std::move(prefix)), rest_(std::move(rest)) {}
  [[nodiscard]] bool read(std::size_t bytes_about, std::string& out) override;

 private:
  std::string prefix_;  // Until it is read.
  std::unique_ptr<SnapshotReader> rest_;
};

// So many bytes, and then those of `rest`.
class PrefixedLoader final : public SnapshotLoader {
 public:
  // `loaded` is called with the prefix when the rest has replaced its machine's state.
  using Loaded = std::function<Status(std::string_view prefix)>;
  PrefixedLoader(std::size_t prefix_bytes, std::unique_ptr<SnapshotLoader> rest, Loaded loaded)
      : prefix_bytes_(prefix_bytes), rest_(std::move(rest)), loaded_(std::move(loaded)) {}
  Status add(std::string_view bytes) override;
  Status finish() override;

 private:
  std::size_t prefix_bytes_;
  std::string prefix_;
  std::unique_ptr<SnapshotLoader> rest_;
  Loaded loaded_;
};

}  // namespace rabia::sim
