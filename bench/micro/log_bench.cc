// Records of the protocol as bytes, records of the log, and the log itself over files that forget.
// An item is a record.
#include <memory>
#include <string>

#include "bench/micro/account.h"
#include "bench/micro/forgetting_files.h"
#include "consensus/codec.h"
#include "storage/record.h"
#include "storage/wal.h"

namespace rabia::micro {
namespace {

// A State 1 with its batch: what each member writes of each batch.
consensus::Record a_state(std::size_t batch_bytes) {
  const consensus::Round round{1'000'000};
  return consensus::record::State{{2},
                                  {round, round + 1},
                                  consensus::first_phase,
                                  consensus::Bit::one,
                                  base::SharedBytes(std::string(batch_bytes, 'b'))};
}

void RecordEncode(benchmark::State& state) {
  const consensus::Record record = a_state(static_cast<std::size_t>(state.range(0)));
  std::string out;
  const Account account(state);
  for (auto _ : state) {
    out.clear();
    consensus::encode(record, out);
    benchmark::DoNotOptimize(out.data());
  }
  account.report(1);
}
BENCHMARK(RecordEncode)->ArgName("batch_bytes")->Arg(100)->Arg(2 << 10)->Arg(64 << 10);

void RecordDecode(benchmark::State& state) {
  std::string bytes;
  consensus::encode(a_state(static_cast<std::size_t>(state.range(0))), bytes);
  const Account account(state);
  for (auto _ : state) benchmark::DoNotOptimize(consensus::decode_record(bytes).ok());
  account.report(1);
}
BENCHMARK(RecordDecode)->ArgName("batch_bytes")->Arg(100)->Arg(2 << 10)->Arg(64 << 10);

// Header, checksums and padding around a payload.
void LogRecordAppend(benchmark::State& state) {
  const std::string payload(static_cast<std::size_t>(state.range(0)), 'p');
  std::string out;
  const Account account(state);
  for (auto _ : state) {
    out.clear();
    storage::append_record(1, {.lsn = 7, .group_first = 5}, payload, out);
    benchmark::DoNotOptimize(out.data());
  }
  account.report(1);
}
BENCHMARK(LogRecordAppend)->ArgName("payload_bytes")->Arg(16)->Arg(2 << 10)->Arg(64 << 10);

void LogRecordParse(benchmark::State& state) {
  std::string segment;
  storage::append_record(1, {.lsn = 7, .group_first = 5},
                         std::string(static_cast<std::size_t>(state.range(0)), 'p'), segment);
  const Account account(state);
  for (auto _ : state) {
    benchmark::DoNotOptimize(storage::parse_record(1, segment, 0).payload.data());
  }
  account.report(1);
}
BENCHMARK(LogRecordParse)->ArgName("payload_bytes")->Arg(16)->Arg(2 << 10)->Arg(64 << 10);

constexpr const char* directory = "log";

// A log whose worker does what it was given when it is told to.
class BenchLog {
 public:
  BenchLog() {
    (void)files_.create_directories(directory);
    storage::Wal::Callbacks callbacks;
    callbacks.recovered = [](const storage::Wal::Recovered&) { return Status(); };
    callbacks.durable = [this](storage::Lsn lsn) { durable_ = lsn; };
    callbacks.failed = [](const Status&) {};
    auto opened = storage::Wal::open(files_, directory, {}, worker_, std::move(callbacks));
    if (opened.ok()) wal_ = opened.take();
    files_.forget();
  }
  // Null when it could not be opened.
  [[nodiscard]] storage::Wal* wal() { return wal_.get(); }
  // Whether everything up to `last` is durable, after all of it was written as one group. Old
  // segments are removed, as behind a snapshot.
  bool write_group(storage::Wal::Appended last) {
    wal_->commit(true);
    worker_.run_all();
    if (last.location.segment != segment_) {
      segment_ = last.location.segment;
      wal_->remove_segments_before(segment_);
    }
    return durable_ == last.lsn;
  }

 private:
  ForgettingFiles files_;
  WaitingWorker worker_;
  std::unique_ptr<storage::Wal> wal_;
  storage::Lsn durable_ = 0;
  std::uint32_t segment_ = 1;
};

// So many records of so many bytes are appended, written as one group and reported durable: the
// work of both threads, without the disk's.
void LogAppendGroup(benchmark::State& state) {
  const auto records = static_cast<std::uint64_t>(state.range(0));
  const std::string payload(static_cast<std::size_t>(state.range(1)), 'p');
  BenchLog log;
  if (log.wal() == nullptr) return state.SkipWithError("the log cannot be opened");
  bool durable = true;
  const Account account(state);
  for (auto _ : state) {
    storage::Wal::Appended last{};
    for (std::uint64_t i = 0; i < records; ++i) last = log.wal()->append(payload);
    durable = log.write_group(last) && durable;
  }
  account.report(records);
  if (!durable) state.SkipWithError("a group did not become durable");
}
BENCHMARK(LogAppendGroup)
    ->ArgNames({"group", "payload_bytes"})
    ->ArgsProduct({{1, 3, 32}, {16, 2 << 10}});

}  // namespace
}  // namespace rabia::micro
