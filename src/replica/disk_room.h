// How much room the disk of the data directory has, looked at now and then. docs/operations.md, "A
// disk that is full".
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/time.h"
#include "io/executor.h"
#include "io/files.h"
#include "replica/jobs.h"
#include "replica/replica.h"

namespace rabia::replica {

struct DiskRoomOptions {
  std::string directory;
  std::uint64_t reserve_bytes = 0;  // 0: nobody looks.
  base::Duration look_every{};
};

// It looks on the worker of the log, behind the groups that were queued before, and, whatever the
// clock says, once a sixteenth of the reserve was given to the log: so a log that grows is seen to
// be at a mark before it is far below. Core thread only.
class DiskRoom {
 public:
  using Room = DiskStatus::Room;

  // `changed` is called, from the event loop, after status().room has become another one; it is
  // given the one before. All references outlive it.
  DiskRoom(io::Executor& executor, io::FileSystem& files, io::Worker& log_worker,
           DiskRoomOptions options, std::function<void(Room before)> changed);

  // Looks now, and tells nobody. Blocks: for the start, before begin().
  Status look();
  // From now on it looks by itself.
  void begin();
  // So many bytes were given to the log.
  void wrote(std::uint64_t bytes);
  // Judged by the new marks alone, soon: `changed` is not called from inside.
  void set_reserve(std::uint64_t bytes);

  [[nodiscard]] const DiskStatus& status() const { return status_; }
  // A file of so many bytes would leave more than the critical mark. True while nobody looks.
  [[nodiscard]] bool fits(std::uint64_t bytes) const;

 private:
  void on_timer();
  void look_later();
  void looked(const Result<std::uint64_t>& free_bytes);
  void judge();
  [[nodiscard]] Room room_now() const;
  void log_change(Room before) const;

  io::Executor& executor_;
  io::FileSystem& files_;
  Jobs jobs_;
  DiskRoomOptions options_;
  std::function<void(Room)> changed_;
  std::unique_ptr<io::Timer> timer_;
  DiskStatus status_;
  bool begun_ = false;
  bool new_marks_ = true;  // Nothing was judged by them yet: no mark was entered.
  bool looking_ = false;   // A job is queued at the worker.
  bool blind_ = false;     // The last look has failed.
  std::uint64_t written_since_look_ = 0;
};

}  // namespace rabia::replica
