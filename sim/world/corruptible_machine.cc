#include "sim/world/corruptible_machine.h"

#include <algorithm>
#include <utility>

#include "base/codec.h"

namespace rabia::sim {

namespace {

constexpr std::size_t flaw_bytes = sizeof(std::uint64_t);

}  // namespace

class CorruptibleMachine::Reader final : public SnapshotReader {
 public:
  Reader(std::uint64_t flaw, std::unique_ptr<SnapshotReader> store) : store_(std::move(store)) {
    base::Encoder(flaw_).fixed(flaw);
  }
  [[nodiscard]] bool read(std::size_t bytes_about, std::string& out) override {
    if (flaw_.empty()) return store_->read(bytes_about, out);
    out.append(std::exchange(flaw_, {}));
    return true;
  }

 private:
  std::string flaw_;  // Until it is read.
  std::unique_ptr<SnapshotReader> store_;
};

class CorruptibleMachine::Loader final : public SnapshotLoader {
 public:
  Loader(CorruptibleMachine& machine, std::unique_ptr<SnapshotLoader> store)
      : machine_(machine), store_(std::move(store)) {}
  Status add(std::string_view bytes) override {
    const std::size_t missing = std::min(flaw_bytes - flaw_.size(), bytes.size());
    flaw_.append(bytes.substr(0, missing));
    return store_->add(bytes.substr(missing));
  }
  Status finish() override {
    base::Decoder in(flaw_);
    const auto flaw = in.fixed<std::uint64_t>();
    if (!in.complete()) return {Code::corrupted, "the flaw is missing"};
    if (Status status = store_->finish(); !status.ok()) return status;
    machine_.set_flaw(flaw);
    return {};
  }

 private:
  CorruptibleMachine& machine_;
  std::string flaw_;
  std::unique_ptr<SnapshotLoader> store_;
};

std::unique_ptr<SnapshotReader> CorruptibleMachine::begin_snapshot() {
  return std::make_unique<Reader>(flaw_, store_.begin_snapshot());
}

std::unique_ptr<SnapshotLoader> CorruptibleMachine::begin_load() {
  return std::make_unique<Loader>(*this, store_.begin_load());
}

}  // namespace rabia::sim
