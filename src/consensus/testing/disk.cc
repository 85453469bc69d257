#include "consensus/testing/disk.h"

#include <algorithm>

#include "base/check.h"
#include "consensus/codec.h"

namespace rabia::consensus::testing {

void Disk::append(const Record& record) {
  std::string bytes;
  encode(record, bytes);
  records_.push_back(std::move(bytes));
}

void Disk::crash(base::Random& random) {
  durable_ += random.below(records_.size() - durable_ + 1);
  records_.resize(durable_);
}

Record Disk::read(RecordNumber number) const {
  Result<Record> record = decode_record(records_.at(number - 1));
  RABIA_CHECK(record.ok());
  return record.take();
}

void SlotLog::add(const Record& record) {
  if (const auto* state = std::get_if<record::State>(&record)) {
    if (state->batch) batches_[{state->rounds.first, state->lane}] = state->batch;
  } else if (const auto* batch = std::get_if<record::Batch>(&record)) {
    batches_[batch->slot] = batch->bytes;
  } else if (const auto* decided = std::get_if<record::Decided>(&record)) {
    for (Round round = decided->rounds.first; round < decided->rounds.end; ++round) {
      decisions_[{round, decided->lane}] = decided->value;
    }
  }
}

std::optional<Bit> SlotLog::decision(SlotId slot) const {
  const auto found = decisions_.find(slot);
  return found == decisions_.end() ? std::nullopt : std::optional(found->second);
}

base::SharedBytes SlotLog::batch(SlotId slot) const {
  const auto found = batches_.find(slot);
  return found == batches_.end() ? base::SharedBytes() : found->second;
}

}  // namespace rabia::consensus::testing
