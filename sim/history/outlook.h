// Whether the rest of a history may still be explained: whether what is yet to be seen of each key
// is so, or there is an operation left that may make it so.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/history/contents.h"
#include "sim/history/inference.h"
#include "sim/history/timeline.h"

namespace rabia::sim::history {

// What was linearized so far: everything that returned before the event, and those named.
struct Situation {
  Id event;
  const Ids& ahead;  // Of those that are done.
  const Ids& used;   // Of the unknown ones.
  const Contents& contents;

  [[nodiscard]] bool has_taken(Id id) const;
};

struct Judgement {
  bool is_hopeless = false;  // No way leads on from here. When false, there may be none either.
  unsigned steps = 0;
};

class Outlook {
 public:
  // `timeline` must outlive it.
  explicit Outlook(const Timeline& timeline);

  // Looks at everything that is seen of any key, at the very beginning.
  [[nodiscard]] Judgement judge_start();
  // Looks at the keys that just changed.
  [[nodiscard]] Judgement judge(const Situation& now, const Contents& before, Id changed_by);

 private:
  // Operations that may make a key such; by Origin::only_after.
  using Sources = std::map<std::optional<Sight>, Ids>;
  struct Fate {  // Of one sight of one key.
    Ids observers;
    std::optional<Sources> sources;  // Made when first asked for.
  };
  struct Observer {
    Id id;
    Sight sight;
  };
  struct Key {
    std::string name;
    std::vector<Observer> observers;  // By id.
    Ids writers;
    std::map<Sight, Fate> fates;
  };
  struct Look;

  const Sources& sources_of(Key& key, const Sight& sight);
  void judge_key(Key& key, const std::string* before, Look& look);
  bool is_gone(Key& key, const std::string* before, Look& look);
  bool is_in_reach(Key& key, const Sight& sight, Id observer, Look& look);

  const Timeline& timeline_;
  std::map<std::string, Key, std::less<>> keys_;  // Those that somebody observes.
};

}  // namespace rabia::sim::history
