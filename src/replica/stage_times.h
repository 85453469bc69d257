// How long the parts of a replica's work take: measured for each batch, never for a command.
#pragma once

#include "base/duration_histogram.h"

namespace rabia::replica {

struct StageTimes {
  // Of own batches, from their first command until they are executed: these three make it up (and,
  // of a batch that was proposed again, what was in vain).
  base::DurationHistogram commit;
  base::DurationHistogram queue;      // Until it is proposed.
  base::DurationHistogram replicate;  // From there, through the logs of a quorum, to its decision.
  base::DurationHistogram execute;    // From there, behind all batches before it, to the replies.
  // Of all records that something waits for, whoever's batch they are about: until they are durable
  // here.
  base::DurationHistogram log_write;
  // Reads that no batch carries: from the first that waits until they may look at the state.
  base::DurationHistogram read_barrier;
  // The core thread at work, without rest.
  base::DurationHistogram step;
};

}  // namespace rabia::replica
