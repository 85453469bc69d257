// Values kept near: which may be answered, and which may come in. No network, and no clock is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "client/connection.h"

namespace rabia::client {

// A value, and the revision of the key's last change.
struct Revised {
  std::string value;
  std::uint64_t revision = 0;
};

struct NearCacheCounts {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t invalidations = 0;
  std::uint64_t evictions = 0;
  std::uint64_t resets = 0;
  std::size_t entries = 0;
  std::size_t bytes = 0;
};

// Two sides use it. Callers look (find), fetch what is missing from the cluster (begin_fetch, then
// end_fetch with what a linearizable read said), and say what they wrote (wrote). The feed of
// changes says when it stands at a revision (begin), every change behind that in order (changed,
// cleared), up to when all of them are known (follow), and when it has missed some (reset).
//
// The rules, by which an older value never comes behind a newer one:
// 1. What is kept goes when a later change of its key is told.
// 2. What was fetched comes in only when no later change was told, and no later value fetched,
// since
//    the fetch began; and not at all when the key was written here, found absent, or changes were
//    missed since it began.
// 3. A fetch that ends with a later value than is kept drops that, even if it does not come in.
//
// Thread-safe.
class NearCache {
 public:
  explicit NearCache(kv::NearCacheOptions options) : options_(std::move(options)) {}

  // Whether values of this key are kept at all.
  [[nodiscard]] bool takes(std::string_view key) const { return key.starts_with(options_.prefix); }

  // --- Callers

  // Nothing: it has to be fetched.
  std::optional<std::string> find(std::string_view key, Instant now);
  // A fetch is under way. Each needs its end.
  [[nodiscard]] std::uint64_t begin_fetch(std::string_view key);
  void end_fetch(std::string_view key, std::uint64_t begun, const Revised& found);
  void end_fetch_absent(std::string_view key);
  void end_fetch_failed(std::string_view key);
  // A write of this client was answered, or may have been done.
  void wrote(std::string_view key);
  void wrote_whatever();

  // --- The feed

  // From now on changes are told. Nothing is kept yet.
  void begin();
  void changed(std::string_view key, std::uint64_t revision);
  void cleared(std::uint64_t revision);
  // All changes that were answered to anybody before `time` have been told.
  void follow(Instant time);
  // Changes were missed: none are told until the next begin().
  void reset();

  [[nodiscard]] bool answers(Instant now) const;
  [[nodiscard]] NearCacheCounts counts() const;

 private:
  struct Entry {
    std::string key;
    Revised item;
  };
  using Entries = std::list<Entry>;
  // What fetches of one key are under way, and which of them may come in.
  struct Fetches {
    std::size_t count = 0;
    std::uint64_t revision_min = 0;  // Older ones may not.
    std::uint64_t begun_after = 0;   // Those that began before may not.
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  using AllFetches = std::unordered_map<std::string, Fetches, Hash, std::equal_to<>>;

  [[nodiscard]] static std::size_t bytes_of(const Entry& entry);
  [[nodiscard]] bool fresh(Instant now) const {
    return follows_ && now - followed_until_ <= options_.age_max;
  }
  void drop(Entries::iterator entry);
  bool drop_if_older(std::string_view key, std::uint64_t revision);  // Than that.
  void drop_all();
  void insert(std::string_view key, const Revised& item);
  void end(AllFetches::iterator fetches);
  void spoil(std::string_view key);

  const kv::NearCacheOptions options_;
  mutable std::mutex mutex_;  // Guards all that follows.
  Entries entries_;           // The one that was used last comes first.
  std::unordered_map<std::string_view, Entries::iterator> index_;  // By the key in the entry.
  AllFetches fetches_;                                             // As many as callers at most.
  std::uint64_t begun_ = 0;            // Numbers fetches, and what spoils them.
  std::uint64_t all_begun_after_ = 0;  // Like Fetches::begun_after, of every key.
  std::uint64_t cleared_at_ = 0;       // Likewise revision_min.
  bool follows_ = false;
  Instant followed_until_{};
  NearCacheCounts counts_;
};

}  // namespace rabia::client
