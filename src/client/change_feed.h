// Tells a near-cache what changes, as one replica after the other says it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "client/connection.h"
#include "client/near_cache.h"

namespace rabia::client {

// Asks RABIA.EVENTS again and again, which waits at the replica until there is something to tell.
// It is a read, as RABIA.REVISION that goes before it: so an answer shows what the cluster holds,
// not what a replica holds that is cut off from the others, as silence of RABIA.WATCH would. Which
// revisions were told is kept here, so another connection goes on where the last one was.
//
// One thread.
class ChangeFeed {
 public:
  struct Options {
    std::string prefix;
    Milliseconds wait;           // For something to tell.
    Milliseconds answer_within;  // Beside that.
  };
  ChangeFeed(Options options, NearCache& cache) : options_(std::move(options)), cache_(cache) {}

  // One question and its answer. Anything but Ok: go on with another connection.
  // Code::failed_precondition: better not at this replica.
  Status ask(Connection& connection);

 private:
  Status begin(Connection& connection);
  Status miss(std::string why);
  bool tell(const Reply& events);
  bool tell_one(const Reply& event);

  const Options options_;
  NearCache& cache_;
  std::optional<std::uint64_t> told_;  // Up to this revision. Nothing: the cache begins anew.
};

}  // namespace rabia::client
