// What CONFIG asks of the program around the server, which has the settings.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kv/operations.h"
#include "rabia/result.h"

namespace rabia::server {

// One setting as CONFIG GET shows it.
struct Setting {
  std::string name;  // With dashes; whoever asks may write underscores.
  std::string value;
  std::string other_name{};  // Redis's, when that is another one; both find it.
  bool can_change = false;   // By CONFIG SET,
  bool replicated = false;   // on all replicas.
};

// Core thread only.
class Configuration {
 public:
  struct Change {
    std::string_view name;  // A Setting's `name`.
    std::string_view value;
  };
  // Which change is in the way, and why, for people.
  struct Refusal {
    std::size_t index = 0;
    std::string why;
  };

  virtual ~Configuration() = default;
  [[nodiscard]] virtual std::vector<Setting> settings() const = 0;
  // Puts all of them into force, or none. Each is of another setting, and of one that can change on
  // this replica alone.
  virtual std::optional<Refusal> set(std::span<const Change> changes) = 0;
  // What these mean, each of a setting that is replicated: to be put into the log, if nothing is
  // wrong with any of them.
  virtual std::optional<Refusal> read_limits(std::span<const Change> changes,
                                             std::vector<kv::LimitChange>& limits) const = 0;
  // Writes what set() has changed so far into the file that the program was started with. `done` is
  // called once, maybe from inside the call; Code::not_found when there is no such file. Not called
  // when the configuration is destroyed before.
  virtual void rewrite(std::function<void(const Status&)> done) = 0;
};

}  // namespace rabia::server
