#include "server/absent_keys.h"

#include <algorithm>
#include <utility>

namespace rabia::server {

void AbsentKeys::add(std::string_view key, ClientWatch& by) {
  keys_[std::string(key)].push_back(&by);
}

void AbsentKeys::remove(std::string_view key, ClientWatch& by) {
  const auto found = keys_.find(key);
  if (found == keys_.end()) return;  // It came meanwhile.
  std::erase(found->second, &by);
  if (found->second.empty()) keys_.erase(found);
}

// Only what brings a key: one that is due, and was absent for whoever looked, may be removed later.
void AbsentKeys::on_change(const kv::Change& change) {
  if (change.kind == kv::ChangeKind::set) touch(change.key);
  if (change.kind == kv::ChangeKind::renamed) touch(change.new_key);
}

void AbsentKeys::touch(std::string_view key) {
  const auto found = keys_.find(key);
  if (found == keys_.end()) return;
  for (ClientWatch* const watch : found->second) watch->broken_ = true;
  keys_.erase(found);  // They know.
}

void AbsentKeys::on_skipped() {
  for (const auto& [key, watches] : keys_) {
    for (ClientWatch* const watch : watches) watch->broken_ = true;
  }
  keys_.clear();
}

void ClientWatch::add(std::string_view key, std::uint64_t revision, AbsentKeys& absent_keys) {
  if (!keys_.add(key, revision) || revision != 0) return;
  absent_keys_ = &absent_keys;
  absent_keys.add(key, *this);
}

void ClientWatch::clear() {
  (void)take();
}

WatchedKeys ClientWatch::take() {
  if (absent_keys_ != nullptr) {
    keys_.for_each_absent([this](std::string_view key) { absent_keys_->remove(key, *this); });
  }
  absent_keys_ = nullptr;
  broken_ = false;
  return std::exchange(keys_, {});
}

}  // namespace rabia::server
