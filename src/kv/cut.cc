#include "kv/cut.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "kv/entry.h"
#include "kv/table.h"

namespace rabia::kv {
namespace {

// Looking at an entry that the cut does not have takes about as long as reading so many bytes.
constexpr std::uint64_t skipping_costs = 64;

}  // namespace

Cut::Cut(Store& store)
    : store_(store),
      size_(store.size()),
      digest_(store.digest()),
      history_(store.history()),
      left_(size_),
      table_(store.table_.get()),
      images_(store.make_table()) {
  RABIA_CHECK(store.cut_ == nullptr);
  store.cut_ = this;
}

Cut::~Cut() {
  release();
  store_.cut_ = nullptr;
}

void Cut::release() {
  if (images_ != nullptr) store_.discard(std::move(images_));
  if (replaced_ != nullptr) store_.discard(std::move(replaced_));
}

std::uint64_t Cut::memory_bytes() const {
  return (images_ == nullptr ? 0 : images_->memory_bytes()) +
         (replaced_ == nullptr ? 0 : replaced_->memory_bytes());
}

// --- What changes meanwhile ---------------------------------------------------------------------

bool Cut::must_keep(std::uint64_t hash, std::string_view key) const {
  return needs_table() && hash >= cursor_ && images_->find(hash, key) == nullptr;
}

bool Cut::keep(std::uint64_t hash, Entry* entry) {
  if (!must_keep(hash, entry->key())) return false;
  images_->insert(hash, entry);
  return true;
}

void Cut::note_new(std::uint64_t hash, std::string_view key) {
  if (must_keep(hash, key)) images_->insert(hash, Entry::create_absent(*store_.pool_, key));
}

void Cut::own(std::unique_ptr<Table> table) {
  RABIA_CHECK(table.get() == table_);
  replaced_ = std::move(table);
}

// --- Reading ------------------------------------------------------------------------------------

const Entry* Cut::front(std::uint64_t& budget) {
  RABIA_CHECK(left_ > 0);
  while (next_ == group_.size()) {
    if (budget == 0) return nullptr;
    const std::uint64_t skipped = load_group();
    budget -= std::min(budget, skipped * skipping_costs);
    if (group_.empty()) pass_group();
  }
  return group_[next_];
}

void Cut::pop() {
  ++next_;
  --left_;
  if (next_ == group_.size()) pass_group();
}

// Moves the cursor to the next hash that the table or an image has. Returns how many entries were
// looked at in vain.
std::uint64_t Cut::load_group() {
  group_.clear();
  scratch_.clear();
  next_ = 0;
  std::uint64_t image_hash = cursor_;
  const bool images = images_->size() > 0 && images_->find_group(image_hash, group_);
  std::uint64_t table_hash = cursor_;
  const bool entries = table_->find_group(table_hash, scratch_);
  RABIA_CHECK(images || entries);
  cursor_ = images && entries ? std::min(image_hash, table_hash) : images ? image_hash : table_hash;
  if (!images || image_hash > cursor_) group_.clear();
  if (!entries || table_hash > cursor_) scratch_.clear();
  const std::uint64_t looked_at = group_.size() + scratch_.size();
  group_.insert(group_.end(), scratch_.begin(), scratch_.end());
  // An image comes before the present entry of its key, and hides it.
  std::stable_sort(group_.begin(), group_.end(),
                   [](const Entry* a, const Entry* b) { return a->key() < b->key(); });
  const auto end = std::unique(group_.begin(), group_.end(),
                               [](const Entry* a, const Entry* b) { return a->key() == b->key(); });
  group_.erase(end, group_.end());
  std::erase_if(group_, [](const Entry* entry) { return entry->absent(); });
  return looked_at - group_.size();
}

void Cut::pass_group() {
  drop_images_at_cursor();
  group_.clear();
  next_ = 0;
  ++cursor_;  // Over the last hash of all only when nothing is left.
  if (left_ == 0) release();
}

void Cut::drop_images_at_cursor() {
  // Some may have come since the group was loaded.
  std::uint64_t hash = cursor_;
  scratch_.clear();
  if (images_->size() == 0 || !images_->find_group(hash, scratch_) || hash != cursor_) return;
  for (const Entry* image : scratch_) images_->erase(hash, image->key());
}

}  // namespace rabia::kv
