// The log of one simulated replica: encoded records with a durable mark, and what they say.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "consensus/record.h"

namespace rabia::consensus::testing {

class Disk {
 public:
  // Encodes the record, so that what a restart reads went through the codec.
  void append(const Record& record);
  // Everything up to this number survives a crash from now on.
  void make_durable(RecordNumber up_to) { durable_ = std::max(durable_, up_to); }
  // Of the records that were not durable a prefix of random length survives, and is durable then.
  void crash(base::Random& random);

  [[nodiscard]] RecordNumber written() const { return records_.size(); }
  [[nodiscard]] RecordNumber durable() const { return durable_; }
  // Numbers start at 1.
  [[nodiscard]] Record read(RecordNumber number) const;

 private:
  std::vector<std::string> records_;
  RecordNumber durable_ = 0;
};

// What a log knows of slots: answers a peer that asks for history.
class SlotLog {
 public:
  void add(const Record& record);
  [[nodiscard]] std::optional<Bit> decision(SlotId slot) const;
  [[nodiscard]] base::SharedBytes batch(SlotId slot) const;

 private:
  std::map<SlotId, Bit> decisions_;
  std::map<SlotId, base::SharedBytes> batches_;
};

}  // namespace rabia::consensus::testing
