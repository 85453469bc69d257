// A log on a disk that holds anything. With records whose checksums are right and whose contents
// are anybody's: it is refused with a reason, or recovered, and then the next recovery gives the
// same, and the log goes on from there. A log that was written as it should be, and damaged
// afterwards, never gives a record that is not the one of that number.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/random.h"
#include "io/testing/manual_executor.h"
#include "io/testing/memory_files.h"
#include "storage/record.h"
#include "storage/segment.h"
#include "storage/wal.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/target.h"

namespace rabia::fuzz {
namespace {

using storage::Lsn;
using storage::RecordHeader;
using storage::RecordKind;
using storage::Wal;

constexpr const char* directory = "data";
constexpr std::uint64_t salt = 0x0123456789abcdef;
constexpr std::uint64_t segment_bytes = storage::segment_bytes_min;

struct Record {
  Lsn lsn = 0;
  std::string payload;
  friend bool operator==(const Record&, const Record&) = default;
};

std::string path_of(std::uint32_t segment) {
  return io::join_path(directory, storage::segment_name(segment));
}

// One life of a log.
class Life {
 public:
  Life(io::testing::MemoryFileSystem& disk, Durability durability) : disk_(disk) {
    Wal::Callbacks callbacks;
    callbacks.recovered = [this](const Wal::Recovered& record) {
      recovered.push_back({record.lsn, std::string(record.payload)});
      return Status();
    };
    callbacks.durable = [this](Lsn lsn) { durable = lsn; };
    callbacks.failed = [](const Status& /*status*/) { RABIA_CHECK(false); };
    auto opened = Wal::open(disk_, directory, {durability, segment_bytes, salt}, *worker_,
                            std::move(callbacks));
    status = opened.status();
    if (opened.ok()) wal_ = opened.take();
    if (wal_) check_summary();
  }
  ~Life() {
    wal_.reset();
    disk_.kill_process();
  }
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;

  Lsn append(std::string_view payload) { return wal_->append(payload).lsn; }
  void commit() {
    wal_->commit(true);
    executor_.run_ready();
  }
  void remove_before(std::uint32_t segment) {
    wal_->remove_segments_before(segment);
    executor_.run_ready();
  }
  void close() { RABIA_CHECK(wal_->close().ok()); }
  [[nodiscard]] const Wal& wal() const { return *wal_; }

  Status status;
  std::vector<Record> recovered;
  Lsn durable = 0;

 private:
  void check_summary() const {
    RABIA_CHECK(wal_->recovery().records == recovered.size());
    for (std::size_t i = 0; i < recovered.size(); ++i) {
      RABIA_CHECK(recovered[i].lsn == wal_->first_lsn() + i);
    }
  }

  io::testing::MemoryFileSystem& disk_;
  io::testing::ManualExecutor executor_;
  std::unique_ptr<io::Worker> worker_ = executor_.make_worker();
  std::unique_ptr<Wal> wal_;
};

void put(io::testing::MemoryFileSystem& disk, std::uint32_t segment, std::string_view bytes) {
  auto file = disk.open(path_of(segment), io::OpenMode::create_read_write);
  RABIA_CHECK(file.ok() && file.value()->write_at(0, bytes).ok());
}

// ---- anybody's records

class Segment {
 public:
  Segment(std::uint32_t number, std::uint64_t of_salt, Lsn& lsn) : lsn_(lsn) {
    bytes_ = storage::encode_segment_header({number, segment_bytes, of_salt});
    bytes_.resize(storage::segment_header_bytes, '\0');
  }
  void add(Input& input) {
    std::string record;
    switch (input.byte() % 8) {
      case 0:
      case 1:
        record = data(input, lsn_, lsn_);
        ++lsn_;
        break;
      case 2: {
        const Lsn lsn = lsn_ + input.byte() - std::min<Lsn>(lsn_ - 1, input.byte());
        const Lsn group = lsn - std::min<Lsn>(lsn - 1, input.byte());
        record = data(input, lsn, input.flag() ? group : lsn);
        lsn_ = lsn + 1;
        break;
      }
      case 3:
        storage::append_record(salt, {RecordKind::mark, lsn_, lsn_, input.flag()}, {}, record);
        break;
      case 4:
        storage::append_record(salt, {RecordKind::seal, lsn_, lsn_, input.flag()}, {}, record);
        break;
      case 5:
        record = input.some(80);
        record.resize((record.size() + 7) / 8 * 8, '\0');
        break;
      case 6:
        record.assign(8 * input.below(80), '\0');
        break;
      default:  // A torn one.
        record = data(input, lsn_, lsn_);
        std::fill(record.begin() + static_cast<std::ptrdiff_t>(input.below(record.size())),
                  record.end(), '\0');
    }
    if (bytes_.size() + record.size() <= segment_bytes) bytes_ += record;
  }
  std::string take(Input& input) {
    if (input.byte() % 16 != 0) bytes_.resize(segment_bytes, '\0');
    if (input.byte() % 8 == 0) {
      bytes_[input.below(bytes_.size())] = static_cast<char>(input.byte());
    }
    return std::move(bytes_);
  }

 private:
  static std::string data(Input& input, Lsn lsn, Lsn group) {
    std::string record;
    const std::string payload =
        input.flag() ? std::string(input.below(1500), 'p') : std::string(input.some(100));
    storage::append_record(salt, {RecordKind::data, lsn, group, input.byte() % 4 != 0}, payload,
                           record);
    return record;
  }

  Lsn& lsn_;
  std::string bytes_;
};

void write_anything(io::testing::MemoryFileSystem& disk, Input& input) {
  std::uint32_t number = input.byte() % 4 == 0 ? 5 : 1;
  Lsn lsn = number == 1 ? 1 : 1 + input.byte();
  const std::size_t segments = 1 + input.below(3);
  for (std::size_t i = 0; i < segments; ++i) {
    Segment segment(number, input.byte() % 16 == 1 ? salt + 1 : salt, lsn);
    for (std::size_t left = input.below(12); left > 0; --left) segment.add(input);
    put(disk, number, segment.take(input));
    number += input.byte() % 16 == 1 ? 2 : 1;
  }
}

void write_raw(io::testing::MemoryFileSystem& disk, Input& input) {
  std::string bytes = storage::encode_segment_header({1, segment_bytes, salt});
  if (input.flag()) bytes.clear();
  bytes += input.rest();
  bytes.resize(segment_bytes, '\0');
  put(disk, 1, bytes);
}

void check_goes_on(io::testing::MemoryFileSystem& disk, std::uint64_t seed) {
  std::vector<Record> records;
  {
    Life first(disk, Durability::always);
    if (!first.status.ok()) {
      RABIA_CHECK(first.status.code() == Code::corrupted ||
                  first.status.code() == Code::failed_precondition);
      RABIA_CHECK(!first.status.message().empty());
      return;
    }
    records = first.recovered;
  }
  // All that was recovered is durable.
  base::Random random(seed);
  disk.crash(random);
  {
    Life second(disk, Durability::always);
    RABIA_CHECK(second.status.ok() && second.recovered == records);
    RABIA_CHECK(second.wal().recovery().torn_bytes_cut == 0);
    for (int i = 0; i < 3; ++i) {
      const std::string payload(700 * i, 'n');
      records.push_back({second.append(payload), payload});
      second.commit();
      RABIA_CHECK(second.durable == records.back().lsn);
    }
  }
  disk.crash(random);
  const Life third(disk, Durability::always);
  RABIA_CHECK(third.status.ok() && third.recovered == records);
}

// ---- a log that was written as it should be

void damage(io::testing::MemoryFileSystem& disk, Input& input) {
  while (!input.empty()) {
    const auto names = disk.list(directory).take();
    if (names.empty()) return;
    const std::string path = io::join_path(directory, names[input.below(names.size())]);
    auto opened = disk.open(path, io::OpenMode::read_write);
    RABIA_CHECK(opened.ok());
    io::File& file = *opened.value();
    const std::uint64_t size = std::max<std::uint64_t>(file.size().value(), 1);
    const std::uint64_t at = input.number<std::uint16_t>() % size;
    switch (input.byte() % 6) {
      case 0:
        (void)file.write_at(at, input.some(40));
        break;
      case 1:
        (void)file.write_at(
            at, std::string(std::min<std::uint64_t>(input.below(600), size - at), '\0'));
        break;
      case 2:
        (void)file.truncate(at);
        break;
      case 3:
        (void)disk.remove(path);
        break;
      case 4: {  // What lies elsewhere in the file.
        std::string bytes;
        (void)file.read_at(at / 8 * 8, 8 * input.below(40), bytes);
        const std::uint64_t to = input.number<std::uint16_t>() / 8 * 8 % size;
        (void)file.write_at(to, bytes.substr(0, size - to));
        break;
      }
      default:
        (void)file.write_at(at, std::string(1, static_cast<char>(input.byte())));
    }
  }
}

void check_damaged(Input& input) {
  io::testing::MemoryFileSystem disk;
  RABIA_CHECK(disk.create_directories(directory).ok());
  const Durability durability = input.flag() ? Durability::os : Durability::always;
  std::vector<Record> written;  // By number, from 1 on.
  for (std::size_t lives = 1 + input.below(3); lives > 0; --lives) {
    Life life(disk, durability);
    RABIA_CHECK(life.status.ok());
    for (std::size_t left = input.below(8); left > 0; --left) {
      const auto what = input.byte();
      const std::string payload(input.below(1800), static_cast<char>(what));
      const Lsn lsn = life.append(payload);
      written.resize(lsn - 1);
      written.push_back({lsn, payload});
      if (what % 4 != 0) life.commit();
      if (what % 16 == 1) life.remove_before(2);
    }
    if (input.flag()) life.close();
  }
  damage(disk, input);
  const Life last(disk, durability);
  RABIA_CHECK(last.status.ok() || !last.status.message().empty());
  for (const Record& record : last.recovered) {
    RABIA_CHECK(record.lsn <= written.size() && record == written[record.lsn - 1]);
  }
}

void run(std::string_view bytes) {
  Input input(bytes);
  const auto kind = input.byte();
  if (kind % 4 == 0) return check_damaged(input);
  const auto seed = input.number<std::uint16_t>();
  io::testing::MemoryFileSystem disk;
  RABIA_CHECK(disk.create_directories(directory).ok());
  if (kind % 4 == 1) {
    write_raw(disk, input);
  } else {
    write_anything(disk, input);
  }
  disk.sync_all();
  check_goes_on(disk, seed);
}

// Three records in groups of their own, and a mark.
std::string records() {
  std::string bytes;
  for (Lsn lsn = 1; lsn <= 3; ++lsn) {
    storage::append_record(salt, {RecordKind::data, lsn, lsn, true}, std::string(lsn * 9, 'r'),
                           bytes);
  }
  storage::append_record(salt, {RecordKind::mark, 4, 4, true}, {}, bytes);
  return bytes;
}

std::vector<std::string> seeds() {
  std::vector<std::string> all;
  all.push_back(InputWriter().byte(1).below(3).byte(0).raw(records()).bytes());
  all.push_back(InputWriter().byte(1).below(3).byte(0).raw(records().substr(0, 130)).bytes());
  all.push_back(InputWriter()
                    .byte(1)
                    .below(3)
                    .byte(1)
                    .raw(storage::encode_segment_header({1, segment_bytes, salt}) + records())
                    .bytes());
  InputWriter two;  // A sealed segment, and one behind it.
  two.byte(2).below(5).byte(1).below(1);
  two.byte(0).below(3);
  two.byte(0).byte(0).some("first").byte(1).byte(0).byte(1).below(1000).byte(1).byte(4).byte(1);
  two.byte(1).byte(1).byte(0);
  two.byte(0).below(3);
  two.byte(0).byte(0).some("second").byte(1).byte(7).byte(0).some("torn").byte(1).below(20);
  two.byte(3).byte(1).byte(1).byte(1).byte(0);
  all.push_back(two.bytes());
  InputWriter group;  // Records of one group, and one that knows of a later one.
  group.byte(2).below(5).byte(1).below(0).byte(0).below(4);
  group.byte(2).byte(0).byte(0).byte(0).byte(0).some("a").byte(1).byte(0);
  group.byte(2).byte(0).byte(0).byte(1).byte(0).some("b").byte(1).byte(1);
  group.byte(6).below(3).byte(2).byte(9).byte(0).byte(2).byte(0).some("c").byte(1).byte(1);
  group.byte(1).byte(1).byte(0);
  all.push_back(group.bytes());
  for (std::uint8_t kind = 0; kind <= 5; ++kind) {  // Honest lives, and each damage.
    InputWriter lives;
    lives.byte(0).byte(kind % 2).below(1).below(5);
    for (int i = 0; i < 5; ++i) lives.byte(static_cast<std::uint8_t>(5 + i)).below(1200);
    lives.byte(0).below(2).byte(3).below(50).byte(2).below(10).byte(kind);
    lives.below(0).below(700).byte(kind).below(9).raw("123456789");
    all.push_back(lives.bytes());
  }
  return all;
}

}  // namespace

const Target log{"log", run, seeds};

}  // namespace rabia::fuzz
