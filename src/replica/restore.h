// A new cluster that begins with the state of a backup.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "io/files.h"
#include "rabia/ids.h"
#include "rabia/result.h"

namespace rabia::replica {

struct RestoreOptions {
  std::string backup;      // Path of a snapshot file, of whatever cluster.
  std::string cluster_id;  // Of the new cluster; not that of the backup.
  struct Member {
    ReplicaId id;
    std::string data_directory;  // Missing or empty.
  };
  std::vector<Member> members;  // Of the new cluster, all of them: 1 to cluster_members_max.
};

struct Restored {
  std::string from_cluster;
  std::uint64_t round = 0;
  LogPosition position;
};

using FillRandom = std::function<void(std::span<std::byte>)>;  // With bytes nobody can guess.

// Makes the data directories of all members, durably: each may be moved to its machine, and starts
// as if after a clean stop, without `bootstrap`. Blocks; reads the backup twice, and writes as much
// for each member.
//
// Why this is safe (protocol.md, sections 7 and 8). Each member is left as one that founded an
// incarnation V together with all the others of this call, executed every round below that of the
// backup, s, and has said nothing of any round from s on: its log holds Boot(V) and the Checkpoint
// of s with H = s, and nothing that was said. All have the same V, s, state and C(s). V is made of
// fresh nonces, so nobody else ever said, founded or adopted it: a directory of the old cluster, or
// of another call, is of another incarnation, and is refused by every member of this one. A member
// whose directory is lost is one that lost its memory, like any other.
//
// All of the backup is checked before anything is written: Code::corrupted names the place. The
// identity of a directory comes last, when everything else is in all of them: one that was not
// completed holds files and no identity, and no replica starts from it. Code::invalid_argument for
// options out of their range, Code::already_exists for a directory that holds something; else what
// the disk says.
Result<Restored> restore(io::FileSystem& files, const RestoreOptions& options,
                         const FillRandom& fill_random);

}  // namespace rabia::replica
