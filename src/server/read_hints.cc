#include "server/read_hints.h"

#include <vector>

#include "kv/operations.h"
#include "server/own_client.h"

namespace rabia::server {
namespace {

// LRU is no finer than this.
constexpr std::uint64_t told_again_after_milliseconds = 1'000;

}  // namespace

void ReadHints::note(const kv::Store& store, std::string_view key, kv::Use use, LogTime now) {
  const bool news = store.tracking() == kv::UseTracking::frequency
                        ? kv::Use::counts(use.count_at(now.value), random_.next())
                        : now.value >= use.last() + told_again_after_milliseconds;
  if (!news || keys_.size() >= keys_max || bytes_ + key.size() > bytes_max) return;
  if (keys_.contains(key)) return;
  keys_.emplace(key);
  bytes_ += key.size();
}

void ReadHints::send(OwnClient& client) {
  if (keys_.empty() || under_way_) return;
  const std::vector<std::string_view> keys(keys_.begin(), keys_.end());
  std::string operation;
  kv::encode_touch(operation, keys);
  keys_.clear();
  bytes_ = 0;
  under_way_ = true;
  client.submit(std::move(operation), [this](const auto&) { under_way_ = false; });
}

}  // namespace rabia::server
