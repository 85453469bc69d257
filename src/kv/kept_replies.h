// Replies that are kept, so that what is sent twice is executed once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kv/store.h"

namespace rabia::kv {

// By (session, number): what the command that a client gave this name to was answered. A part of
// the state, equal on all replicas. Bounded: beyond replies_max or bytes_max those that would be
// forgotten next are forgotten first. Core thread only.
class KeptReplies {
 public:
  static constexpr std::uint64_t replies_max = 1'000'000;
  static constexpr std::uint64_t bytes_max = 64ULL << 20;

  [[nodiscard]] std::optional<std::string_view> find(std::string_view session,
                                                     std::uint64_t number) const;
  // Keeps it until the clock has gone on by `milliseconds`.
  void keep(std::string_view session, std::uint64_t number, std::string_view reply,
            std::uint64_t milliseconds);
  // The log's clock, at each batch; forgets what is due, some at a time.
  void advance_clock(std::uint64_t to);

  [[nodiscard]] std::uint64_t size() const { return store_.size(); }
  [[nodiscard]] Store& store() { return store_; }
  [[nodiscard]] const Store& store() const { return store_; }

 private:
  Store store_;
};

}  // namespace rabia::kv
