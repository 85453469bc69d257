// One replica as it is at a moment: gathered on the core thread, shown elsewhere. A value.
#pragma once

#include "replica/replica.h"
#include "server/picture.h"
#include "server/process_info.h"

namespace rabia::metrics {

struct Picture {
  std::string cluster_id;
  replica::ReplicaStatus replica;
  replica::DiskStatus disk;
  replica::StageTimes times;
  server::ServerPicture server;
  server::ProcessInfo process;  // Read where it is shown: it takes longer.
};

}  // namespace rabia::metrics
