// The segmented write-ahead log of one replica. docs/formats/wal.md has the bytes.
//
// Records are opaque here: a payload, and the number (lsn) that the log gives it: 1, 2, 3, … One
// sequence: if a record is durable, all earlier ones are (protocol.md, section 1). Every record is
// versioned and has a CRC-32C of its header and payload; every record says up to which lsn the log
// was durable before the group of records with which it was written, which is how recovery tells a
// torn tail (cut it) from damage in what had been durable (refuse, and say where).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/executor.h"
#include "io/files.h"
#include "rabia/durability.h"
#include "rabia/result.h"

namespace rabia::storage {

using Lsn = std::uint64_t;

// Where a record lies: enough to read it again. 16 bytes, since there is one for each batch.
struct RecordLocation {
  std::uint32_t segment = 0;
  std::uint32_t size = 0;    // Of the payload, in bytes.
  std::uint64_t offset = 0;  // Of the record's header in the segment.
};

// Recovery reads a segment whole: the largest is what a start may take of memory.
inline constexpr std::uint64_t segment_bytes_min = 4ULL << 10;
inline constexpr std::uint64_t segment_bytes_max = 1ULL << 30;

struct WalOptions {
  Durability durability = Durability::always;
  // From segment_bytes_min to segment_bytes_max. A larger record gets a segment of its own size.
  std::uint64_t segment_bytes = 64ULL << 20;
  // Fresh random bits, drawn by the caller at every start; used when there is no log yet, which
  // then keeps them. Whoever knows them can write a value that looks like records: never show them.
  std::uint64_t salt = 0;
};

// Owns the directory's segments. Recovers in open(), appends afterwards. Core thread only, except
// that its jobs run on the worker given.
class Wal {
 public:
  struct Recovered {
    Lsn lsn;
    std::string_view payload;  // Valid during the call.
    RecordLocation location;
  };
  using OnRecovered = std::function<Status(const Recovered&)>;  // An error ends recovery with it.
  using OnDurable = std::function<void(Lsn)>;
  using OnFailure = std::function<void(Status)>;
  using OnRead = std::function<void(Result<std::vector<std::string>>)>;

  // What recovery found, for the start-up log.
  struct RecoverySummary {
    std::uint64_t segments = 0;
    std::uint32_t first_segment = 1;  // What was before it was removed; so was what was
    Lsn first_lsn = 1;                // before this one, which is the next when there is no record.
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;
    std::uint64_t torn_bytes_cut = 0;
    std::string torn_at;  // "wal-….log at offset N: reason", or empty.
  };

  struct Callbacks {
    OnRecovered recovered;  // Called in open() for every record, in order.
    // All records up to this lsn are durable. Called on the core thread, with rising lsns.
    OnDurable durable;
    // A write or sync failed: nothing more will be written or called. The replica must stop.
    OnFailure failed;
  };

  // Recovers what is there (calls `recovered` for every record in order), cuts a torn tail, makes
  // everything recovered durable, and is ready to append. Refuses with Code::corrupted, naming
  // segment, offset, reason and what to do, when something that had been durable is damaged or
  // missing. The directory must exist and be locked by the caller. Blocks. With Durability::memory
  // the directory is not touched.
  static Result<std::unique_ptr<Wal>> open(io::FileSystem& files, const std::string& directory,
                                           const WalOptions& options, io::Worker& worker,
                                           Callbacks callbacks);

  virtual ~Wal() = default;

  [[nodiscard]] virtual const RecoverySummary& recovery() const = 0;
  // True when no record was ever written: a new replica.
  [[nodiscard]] virtual bool empty() const = 0;

  // The first record that is still there, or, when there is none, the next one: 1 as long as
  // nothing was removed. Storage cannot tell whether somebody else removed more
  // (docs/formats/wal.md).
  [[nodiscard]] virtual Lsn first_lsn() const = 0;
  // Bytes of all segments on the disk, that prepared ahead included.
  [[nodiscard]] virtual std::uint64_t log_bytes() const = 0;

  // Adds a record to the group that is being gathered; copies the payload. Its location is final.
  struct Appended {
    Lsn lsn;
    RecordLocation location;
  };
  virtual Appended append(std::string_view payload) = 0;

  // What is gathered now goes to stable storage before it counts as durable, in mode `os` too.
  virtual void require_sync() = 0;

  // Group commit. Writes everything gathered, in one write (and one sync), as soon as the worker is
  // free: everything that is appended while it is busy goes into the next group. `waits` says that
  // somebody waits for the records (else they may lie until somebody does, or flush_lazy()).
  // Durability::memory: `durable` is called before this returns.
  virtual void commit(bool waits) = 0;
  // Writes what lies gathered without anyone waiting for it (called by the owner's idle timer).
  virtual void flush_lazy() = 0;

  // Reads the payloads of these records again, checked, in one job of the worker, behind the writes
  // queued before; calls back on the core thread. All of them, or the first error: Code::not_found
  // for one whose segment was removed. Not for Durability::memory.
  virtual void read(std::vector<RecordLocation> locations, OnRead done) = 0;

  // Removes the segments before this one, by a job of the worker behind what is queued. Never the
  // one that is then written to, nor the last that holds a record. What cannot be removed is
  // logged, does no harm, and is tried again at the next call. In mode `os` everything written is
  // synced first, and if that fails, `failed` is called.
  virtual void remove_segments_before(std::uint32_t segment) = 0;

  // Whether the next segment may be prepared before records need it, as it is at first. On a disk
  // that is nearly full it should not be: then the log takes no more room than its records do.
  virtual void set_prepare_ahead(bool allowed) = 0;

  // Writes and syncs everything, blocking: the last thing of a clean stop. Whatever the mode (but
  // memory), everything is on stable storage when it returns ok.
  virtual Status close() = 0;
};

}  // namespace rabia::storage
