// rabia-ctl restore: the directories of a new cluster, from a backup.
#pragma once

#include <string>
#include <vector>

#include "io/files.h"
#include "rabia/ids.h"
#include "rabia/result.h"
#include "replica/restore.h"

namespace rabia::apps {

struct NewCluster {
  std::string backup;     // The file.
  std::string directory;  // Missing or empty: DIR/N/data becomes that of member N.
  std::string cluster_id;
  std::vector<ReplicaId> members;
};

// The ids 1 to `replicas`, or those of `members`: exactly one of the two is given (0 and empty:
// not).
Result<std::vector<ReplicaId>> members_of(std::uint16_t replicas,
                                          const std::vector<std::uint16_t>& members);

// Makes the directory, durably, so that rabia-cluster runs on it when the members are 1, 2, 3, …
// See replica::restore(). Code::already_exists when it holds something.
Result<replica::Restored> restore_cluster(io::FileSystem& files, const NewCluster& cluster,
                                          const replica::FillRandom& fill_random);

}  // namespace rabia::apps
