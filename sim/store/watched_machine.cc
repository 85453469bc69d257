#include "sim/store/watched_machine.h"

#include <algorithm>

namespace rabia::sim {

void WatchedMachine::begin_batch(const ApplyContext& context) {
  store_.begin_batch(context);
  tell(context);
  if (!lives_()) return;
  changes_.begun(host_, store_.store().revision(), context.time,
                 store_.limits().limits().max_entries);
}

void WatchedMachine::apply(const ApplyContext& context, std::string_view command,
                           std::string* reply) {
  const std::uint64_t kept = store_.kept_replies().size();
  store_.apply(context, command, reply);
  tell(context);
  const bool is_once = command.starts_with(static_cast<char>(kv::OperationCode::once));
  const bool was_known = is_once && store_.kept_replies().size() == kept;
  if (was_known && reply != nullptr && lives_()) ++tally_[Count::answered_from_kept_replies];
}

// What a snapshot passed over is told by nobody here.
void WatchedMachine::tell(const ApplyContext& context) {
  const kv::ChangeLog& log = store_.changes();
  told_ = std::max(told_, log.begin());
  while (told_ < log.end()) {
    const kv::Change change = log.at(++told_);
    if (lives_()) changes_.told(host_, context, change);
  }
}

}  // namespace rabia::sim
