// One replica's log on a disk in memory, through the lives of its process and machine. For tests.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "io/testing/manual_executor.h"
#include "io/testing/memory_files.h"
#include "storage/segment.h"
#include "storage/testing/halting_files.h"
#include "storage/wal.h"

namespace rabia::storage::testing {

inline constexpr const char* directory = "data";

class LogWorld {
 public:
  LogWorld() {
    (void)disk.create_directories(directory);
    disk.sync_all();
  }
  ~LogWorld() { end_life(); }
  LogWorld(const LogWorld&) = delete;
  LogWorld& operator=(const LogWorld&) = delete;

  // Begins a life: recovers the log.
  Status start() {
    end_life();
    recovered.clear();
    first_recovered = 0;
    durable = 0;
    failures.clear();
    executor = std::make_unique<io::testing::ManualExecutor>();
    worker = executor->make_worker();
    Wal::Callbacks callbacks;
    callbacks.recovered = [this](const Wal::Recovered& record) {
      if (recovered.empty()) first_recovered = record.lsn;
      recovered.emplace_back(record.payload);
      locations.resize(record.lsn);
      locations.back() = record.location;
      return Status();
    };
    callbacks.durable = [this](Lsn lsn) {
      ++durable_calls;
      durable = lsn;
    };
    callbacks.failed = [this](Status status) { failures.push_back(std::move(status)); };
    auto opened = Wal::open(files, directory, options, *worker, std::move(callbacks));
    ++options.salt;  // As a replica, which draws another one for each life.
    if (!opened.ok()) return opened.status();
    wal = opened.take();
    return {};
  }
  // The process dies; what it wrote stays.
  void kill() {
    end_life();
    disk.kill_process();
  }
  // The machine dies; what was not synced stays or goes, sector by sector.
  void power_cut(base::Random& random) {
    end_life();
    disk.crash(random);
    files.run();
  }

  Wal::Appended append(std::string_view payload) {
    const Wal::Appended appended = wal->append(payload);
    locations.resize(appended.lsn);
    locations.back() = appended.location;
    return appended;
  }
  // Appends and commits as a group of its own, and waits until it is durable.
  Wal::Appended write(std::string_view payload) {
    const Wal::Appended appended = append(payload);
    wal->commit(true);
    executor->run_ready();
    return appended;
  }
  Result<std::string> read(const RecordLocation& location) {
    Result<std::string> answer(Code::unavailable, "not called");
    wal->read({location}, [&answer](Result<std::vector<std::string>> result) {
      if (result.ok()) {
        answer = std::move(result.value().front());
      } else {
        answer = result.status();
      }
    });
    executor->run_ready();
    return answer;
  }

  static std::string path(std::uint32_t segment) {
    return io::join_path(directory, segment_name(segment));
  }
  // The bytes of a segment as a reader sees them.
  std::string content(std::uint32_t segment) {
    std::string bytes;
    auto file = disk.open(path(segment), io::OpenMode::read);
    if (file.ok()) (void)file.value()->read_at(0, 1U << 30, bytes);
    return bytes;
  }
  // Numbers of the segments that are there.
  std::vector<std::uint32_t> segments() {
    std::vector<std::uint32_t> numbers;
    for (const std::string& name : disk.list(directory).take()) {
      if (const auto number = parse_segment_name(name)) numbers.push_back(*number);
    }
    return numbers;
  }
  // Of the log, whatever the options of the present life are.
  std::uint64_t salt() { return decode_segment_header(content(segments().front())).value().salt; }
  // Asks for a removal, and waits for it.
  void remove_before(std::uint32_t segment) {
    wal->remove_segments_before(segment);
    executor->run_ready();
  }
  // Changes bytes of a segment behind the log's back, durably.
  void overwrite(std::uint32_t segment, std::uint64_t offset, std::string_view bytes) {
    auto file = disk.open(path(segment), io::OpenMode::read_write);
    if (file.ok()) (void)file.value()->write_at(offset, bytes);
    disk.sync_all();
  }

  io::testing::MemoryFileSystem disk;
  HaltingFiles files{disk};
  WalOptions options{Durability::always, 4096, 0x0123456789abcdef};

  // Of the present life.
  std::unique_ptr<io::testing::ManualExecutor> executor;
  std::unique_ptr<io::Worker> worker;
  std::unique_ptr<Wal> wal;
  std::vector<std::string> recovered;     // Payloads, in order,
  Lsn first_recovered = 0;                // from this one on; 0: none.
  std::vector<RecordLocation> locations;  // Of lsn 1, 2, …
  Lsn durable = 0;                        // As last reported.
  std::uint64_t durable_calls = 0;        // In all lives.
  std::vector<Status> failures;

 private:
  void end_life() {
    wal.reset();
    worker.reset();
    executor.reset();
  }
};

}  // namespace rabia::storage::testing
