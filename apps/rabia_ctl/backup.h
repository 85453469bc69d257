// rabia-ctl backup: a snapshot of one replica, in a file of this machine.
#pragma once

#include <cstdint>
#include <string>

#include "io/files.h"
#include "rabia/result.h"
#include "rabia_ctl/connection.h"

namespace rabia::apps {

// What a replica says of a backup that it has begun.
struct AnnouncedBackup {
  std::uint64_t id = 0;
  std::uint64_t round = 0;
  std::uint64_t position = 0;
  std::uint64_t bytes = 0;
  std::uint64_t checksum = 0;
  std::uint64_t part_bytes_max = 0;  // Read at once.
  std::string digest;
};
Result<AnnouncedBackup> parse_announced(const Reply& reply);

// Writes the snapshot to TO.part, checks all of it, and gives it its name, durably: TO is a whole
// backup or is not there. What a failed run leaves is removed. Code::already_exists when TO or
// TO.part is there.
Result<AnnouncedBackup> back_up(io::FileSystem& files, Connection& replica, const std::string& to);

}  // namespace rabia::apps
