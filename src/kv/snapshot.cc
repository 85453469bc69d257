#include "kv/snapshot.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "base/check.h"
#include "base/codec.h"
#include "kv/entry.h"

namespace rabia::kv {
namespace {

constexpr std::string_view magic = "RABIAKVS";
constexpr std::string_view end_mark = "DONE";
constexpr std::size_t varint_bytes_max = 10;
// What is said of an entry beside its revision.
constexpr std::uint64_t has_deadline = 1;
constexpr std::uint64_t has_use = 2;
constexpr std::uint64_t is_roomy = 4;
constexpr std::array history_fields = {&History::revision, &History::clock, &History::created_at,
                                       &History::last_modified};
constexpr std::size_t end_bytes = end_mark.size() + 2 * sizeof(std::uint64_t);
// As for a change, about.
constexpr std::uint64_t bytes_for_a_reclaimed_entry = 32;
// Small entries take as long as this many bytes of a large one.
constexpr std::uint64_t entry_costs_at_least = 64;

}  // namespace

// --- Writing ------------------------------------------------------------------------------------

bool StoreSnapshotReader::read(std::size_t bytes_about, std::string& out) {
  if (part_ == Part::nothing) return false;
  if (part_ == Part::header) write_header(out);
  if (part_ == Part::entries) write_entries(std::max<std::size_t>(bytes_about, 1), out);
  if (part_ == Part::end) write_end(out);
  if (part_ == Part::end) part_ = Part::nothing;
  return true;
}

void StoreSnapshotReader::write_header(std::string& out) {
  base::Encoder encode(out);
  encode.raw(magic);
  encode.fixed(state_format_version);
  encode.varint(cut_.size());
  for (const auto field : history_fields) encode.varint(cut_.history().*field);
  part_ = Part::entries;
}

void StoreSnapshotReader::write_entries(std::uint64_t budget, std::string& out) {
  base::Encoder encode(out);
  while (cut_.left() > 0) {
    if (budget == 0) return;
    const Entry* entry = cut_.front(budget);
    if (entry == nullptr) return;
    if (written_ == 0) {
      const Entry::About about = entry->about();
      encode.varint(entry->key().size());
      encode.varint(entry->value().size());
      encode.varint(about.revision);
      encode.varint((about.deadline != no_deadline ? has_deadline : 0) |
                    (about.use.known() ? has_use : 0) | (about.roomy ? is_roomy : 0));
      if (about.deadline != no_deadline) encode.varint(about.deadline);
      if (about.use.known()) encode.varint(about.use.packed());
    }
    // front() may have used up the budget; a byte is written all the same.
    const std::size_t most = std::max<std::uint64_t>(budget, 1);
    const std::string_view part = entry->key_and_value().substr(written_, most);
    encode.raw(part);
    written_ += part.size();
    budget -= std::min(budget, std::max<std::uint64_t>(part.size(), entry_costs_at_least));
    if (written_ < entry->key_and_value().size()) continue;
    written_ = 0;
    cut_.pop();
  }
  part_ = Part::end;
}

void StoreSnapshotReader::write_end(std::string& out) const {
  base::Encoder encode(out);
  encode.raw(end_mark);
  encode.fixed(cut_.digest().low);
  encode.fixed(cut_.digest().high);
}

// --- Taking in ----------------------------------------------------------------------------------

Status StoreSnapshotLoader::add(std::string_view bytes) {
  if (!failure_.ok()) return failure_;
  // What earlier loads left must not pile up, however fast others follow.
  store_.reclaim(bytes.size() / bytes_for_a_reclaimed_entry + 1);
  // Parts are taken from where they lie. Only one that waits for its rest is copied, with it.
  const bool had_waiting = !waiting_.empty();
  if (had_waiting) waiting_.append(bytes);
  std::string_view in = had_waiting ? std::string_view(waiting_) : bytes;
  Step step = Step::done;
  while (step == Step::done && !in.empty() && !ended()) {
    const std::size_t before = in.size();
    step = take(in);
    offset_ += before - in.size();
  }
  if (step == Step::refused) return failure_;
  if (had_waiting) {
    waiting_.erase(0, waiting_.size() - in.size());
  } else {
    waiting_.assign(in);
  }
  return {};
}

Status StoreSnapshotLoader::check() {
  if (!failure_.ok()) return failure_;
  if (!ended()) {
    offset_ += waiting_.size();
    refuse("it ends early");
  } else if (!waiting_.empty()) {
    refuse("bytes behind its end");
  } else if (draft_.digest() != digest_) {
    refuse("its digest is not that of its entries");
  }
  return failure_;
}

Status StoreSnapshotLoader::finish() {
  Status status = check();
  if (status.ok()) draft_.put_in_place();
  return status;
}

StoreSnapshotLoader::Step StoreSnapshotLoader::take(std::string_view& in) {
  switch (part_) {
    case Part::header:
      return take_header(in);
    case Part::entry:
      return take_entry(in);
    case Part::value:
      return take_value(in);
    case Part::end:
      return take_end(in);
    case Part::nothing:
      break;
  }
  return Step::needs_more;
}

namespace {

// What is read from the front of a view that may end too early.
class Front {
 public:
  enum class Is : std::uint8_t { good, unfinished, bad };

  Front(std::string_view in, std::size_t at) : in_(in), at_(at) {}

  // Of at most `most`. Whoever asks for another after one that was not good gets 0.
  std::uint64_t varint(std::uint64_t most = ~std::uint64_t{0}) {
    if (is_ != Is::good) return 0;
    const std::string_view bytes = in_.substr(at_, varint_bytes_max);
    const auto last =
        std::find_if(bytes.begin(), bytes.end(), [](char c) { return (c & 0x80) == 0; });
    if (last == bytes.end()) {
      is_ = bytes.size() < varint_bytes_max ? Is::unfinished : Is::bad;
      return 0;
    }
    const auto size = static_cast<std::size_t>(last - bytes.begin()) + 1;
    base::Decoder decode(bytes.substr(0, size));
    const std::uint64_t value = decode.varint();
    at_ += size;
    // A last byte of zero would make it longer than it must be.
    const bool good = decode.complete() && (size == 1 || *last != 0) && value <= most;
    if (!good) is_ = Is::bad;
    return value;
  }
  // What was read is not what it must be; no matter, when it was not read whole.
  void fail() {
    if (is_ == Is::good) is_ = Is::bad;
  }
  [[nodiscard]] Is is() const { return is_; }
  [[nodiscard]] std::size_t at() const { return at_; }

 private:
  std::string_view in_;
  std::size_t at_;
  Is is_ = Is::good;
};

}  // namespace

StoreSnapshotLoader::Step StoreSnapshotLoader::take_header(std::string_view& in) {
  const std::string_view known = in.substr(0, magic.size());
  if (known != magic.substr(0, known.size())) return refuse("not a state of a key-value store");
  const std::size_t at = magic.size() + sizeof state_format_version;
  if (in.size() <= at) return Step::needs_more;
  std::uint32_t version = 0;
  std::memcpy(&version, in.data() + magic.size(), sizeof version);
  if (version != state_format_version) {
    return refuse("format version " + std::to_string(version) + " instead of " +
                  std::to_string(state_format_version));
  }
  Front front(in, at);
  entries_ = front.varint();
  for (const auto field : history_fields) history_.*field = front.varint();
  if (front.is() == Front::Is::unfinished) return Step::needs_more;
  if (front.is() == Front::Is::bad) return refuse("malformed header");
  if (std::max(history_.created_at, history_.last_modified) > history_.clock) {
    return refuse("a time that lies behind the clock");
  }
  draft_.set_history(history_);
  draft_.expect(entries_);
  in.remove_prefix(front.at());
  part_ = after_entry();
  return Step::done;
}

StoreSnapshotLoader::Part StoreSnapshotLoader::after_entry() const {
  return draft_.size() == entries_ ? Part::end : Part::entry;
}

namespace {

Entry::About take_about(Front& front, std::uint64_t revision_max) {
  Entry::About about;
  about.revision = front.varint(revision_max);
  if (about.revision == 0) front.fail();
  const std::uint64_t flags = front.varint(has_deadline | has_use | is_roomy);
  if ((flags & has_deadline) != 0) about.deadline = front.varint();
  if ((flags & has_use) != 0) about.use = Use::unpack(front.varint(Use::packed_max));
  about.roomy = (flags & is_roomy) != 0;
  // What is said to be there is.
  if ((flags & has_deadline) != 0 && about.deadline == no_deadline) front.fail();
  if ((flags & has_use) != 0 && !about.use.known()) front.fail();
  return about;
}

}  // namespace

StoreSnapshotLoader::Step StoreSnapshotLoader::take_entry(std::string_view& in) {
  Front front(in, 0);
  const std::uint64_t key_size = front.varint(Store::key_bytes_max);
  const std::uint64_t value_size = front.varint(Store::value_bytes_max);
  const Entry::About about = take_about(front, history_.revision);
  if (front.is() == Front::Is::unfinished) return Step::needs_more;
  if (front.is() == Front::Is::bad) return refuse("malformed sizes, or what is said of a key");
  const std::size_t at = front.at();
  if (in.size() - at < key_size) return Step::needs_more;
  const std::string_view key = in.substr(at, key_size);
  const std::string_view value = in.substr(at + key.size(), value_size);
  if (!draft_.add(key, value, about)) return refuse("a key that does not come in order");
  value_missing_ = value_size - value.size();
  in.remove_prefix(at + key.size() + value.size());
  part_ = value_missing_ > 0 ? Part::value : after_entry();
  return Step::done;
}

StoreSnapshotLoader::Step StoreSnapshotLoader::take_value(std::string_view& in) {
  const std::string_view bytes = in.substr(0, value_missing_);
  value_missing_ -= bytes.size();
  draft_.extend(bytes, value_missing_ == 0);
  in.remove_prefix(bytes.size());
  if (value_missing_ == 0) part_ = after_entry();
  return Step::done;
}

StoreSnapshotLoader::Step StoreSnapshotLoader::take_end(std::string_view& in) {
  const std::string_view known = in.substr(0, end_mark.size());
  if (known != end_mark.substr(0, known.size())) return refuse("no end mark behind its entries");
  if (in.size() < end_bytes) return Step::needs_more;
  base::Decoder decode(in.substr(end_mark.size(), end_bytes));
  digest_.low = decode.fixed<std::uint64_t>();
  digest_.high = decode.fixed<std::uint64_t>();
  in.remove_prefix(end_bytes);
  part_ = Part::nothing;
  return Step::done;
}

StoreSnapshotLoader::Step StoreSnapshotLoader::refuse(const std::string& what) {
  failure_ = Status(Code::corrupted, "the state of a store, at byte " + std::to_string(offset_) +
                                         ": " + what + "; take another snapshot");
  return Step::refused;
}

// --- Several stores -----------------------------------------------------------------------------

StoresSnapshotReader::StoresSnapshotReader(std::span<Store* const> stores) {
  for (Store* store : stores) readers_.push_back(std::make_unique<StoreSnapshotReader>(*store));
}

bool StoresSnapshotReader::read(std::size_t bytes_about, std::string& out) {
  for (; next_ < readers_.size(); ++next_) {
    if (readers_[next_]->read(bytes_about, out)) return true;
  }
  return false;
}

StoresSnapshotLoader::StoresSnapshotLoader(std::span<Store* const> stores,
                                           std::function<void()> replaced)
    : replaced_(std::move(replaced)) {
  for (Store* store : stores) loaders_.push_back(std::make_unique<StoreSnapshotLoader>(*store));
}

Status StoresSnapshotLoader::add(std::string_view bytes) {
  Status status = loaders_[next_]->add(bytes);
  while (status.ok() && loaders_[next_]->ended() && next_ + 1 < loaders_.size()) {
    const std::string rest = loaders_[next_]->take_rest();
    status = loaders_[++next_]->add(rest);
  }
  return status;
}

// All or none.
Status StoresSnapshotLoader::finish() {
  for (const auto& loader : loaders_) {
    if (Status status = loader->check(); !status.ok()) return status;
  }
  for (const auto& loader : loaders_) {
    if (Status status = loader->finish(); !status.ok()) return status;
  }
  replaced_();
  return {};
}

}  // namespace rabia::kv
