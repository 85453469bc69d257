#include "sim/machine/logged_machine.h"

#include <utility>
#include <vector>

#include "base/check.h"
#include "base/codec.h"
#include "sim/world/prefixed_snapshot.h"

namespace rabia::sim {

namespace {

constexpr std::size_t number_bytes = sizeof(std::uint64_t);
constexpr std::size_t place_bytes = 2 * sizeof(std::uint64_t);

}  // namespace

std::string numbered(std::uint64_t operation, std::string_view command) {
  std::string bytes;
  base::Encoder encoder(bytes);
  encoder.fixed(operation);
  encoder.raw(command);
  return bytes;
}

// ---- execution

void LoggedMachine::begin_batch(const ApplyContext& context) {
  machine_->begin_batch(context);
  if (lives_()) log_.begun(executor(), context);
  ++place_.batches;
}

void LoggedMachine::apply(const ApplyContext& context, std::string_view command,
                          std::string* reply) {
  base::Decoder decoder(command);
  const auto operation = decoder.fixed<std::uint64_t>();
  RABIA_CHECK(decoder.ok());  // Nobody but our clients sends any.
  machine_->apply(context, decoder.rest(), reply);
  if (lives_()) log_.executed(executor(), context, operation, decoder.rest(), reply);
  ++place_.commands;
}

void LoggedMachine::prefetch(std::span<const std::string_view> commands) const {
  std::vector<std::string_view> bare(commands.begin(), commands.end());
  for (std::string_view& each : bare) each.remove_prefix(number_bytes);
  machine_->prefetch(bare);
}

// ---- snapshots

class LoggedMachine::Reader final : public SnapshotReader {
 public:
  Reader(int& cuts, std::string prefix, std::unique_ptr<SnapshotReader> machine)
      : cuts_(cuts), all_(std::move(prefix), std::move(machine)) {
    ++cuts_;
  }
  ~Reader() override { --cuts_; }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  [[nodiscard]] bool read(std::size_t bytes_about, std::string& out) override {
    return all_.read(bytes_about, out);
  }

 private:
  int& cuts_;
  PrefixedReader all_;
};

std::unique_ptr<SnapshotReader> LoggedMachine::begin_snapshot() {
  std::string prefix;
  base::Encoder encoder(prefix);
  encoder.fixed(place_.batches);
  encoder.fixed(place_.commands);
  return std::make_unique<Reader>(cuts_, std::move(prefix), machine_->begin_snapshot());
}

std::unique_ptr<SnapshotLoader> LoggedMachine::begin_load() {
  return std::make_unique<PrefixedLoader>(
      place_bytes, machine_->begin_load(),
      [this](std::string_view prefix) { return loaded(prefix); });
}

Status LoggedMachine::loaded(std::string_view prefix) {
  base::Decoder decoder(prefix);
  place_.batches = decoder.fixed<std::uint64_t>();
  place_.commands = decoder.fixed<std::uint64_t>();
  loaded_ = place_;
  if (lives_()) log_.loaded(executor());
  return {};
}

std::optional<std::string> LoggedMachine::snapshot() {
  if (cuts_ > 0) return std::nullopt;
  return snapshot_of(*machine_);
}

}  // namespace rabia::sim
