// How long the parts of a replica's work take: measured for each batch, never for a command.
#pragma once

#include "base/duration_histogram.h"

namespace rabia::replica {

struct StageTimes {
  // Of own batches; queue + (log_write, replicate) + execute make up commit.
  base::DurationHistogram queue;      // From its first command until it is proposed.
  base::DurationHistogram log_write;  // From there until it is durable here.
  base::DurationHistogram replicate;  // From there (or, if others were faster, from the proposal)
                                      // until it is decided.
  base::DurationHistogram execute;    // From there until it is executed, after all before it.
  base::DurationHistogram commit;     // From its first command until it is executed.
  // Reads that no batch carries: from the first that waits until they may look at the state.
  base::DurationHistogram read_barrier;
  // The core thread at work, without rest.
  base::DurationHistogram step;
};

}  // namespace rabia::replica
