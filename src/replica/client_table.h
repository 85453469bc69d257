// The clients of one replica and what each waits for.
#pragma once

#include <cstdint>
#include <vector>

#include "base/check.h"
#include "replica/group.h"
#include "replica/replica.h"

namespace rabia::replica {

class ClientTable {
 public:
  struct Entry {
    Client* client = nullptr;  // Null: a free place.
    std::uint32_t generation = 0;
    std::uint32_t unanswered = 0;
    const Group* group = nullptr;  // Holds its latest unanswered items; null when there are none.
    bool blocked = false;          // Was told that too much waits.
    bool to_notify = false;        // It may be able to submit again.
    bool answered = false;         // In this step.
  };

  ClientId add(Client& client) {
    std::uint32_t index;
    if (free_.empty()) {
      index = static_cast<std::uint32_t>(entries_.size());
      entries_.emplace_back();
    } else {
      index = free_.back();
      free_.pop_back();
    }
    Entry& entry = entries_[index];
    entry = Entry{.client = &client, .generation = entry.generation + 1};
    return {index, entry.generation};
  }

  void remove(ClientId id) {
    Entry* entry = find(id);
    RABIA_CHECK(entry != nullptr);
    entry->client = nullptr;
    free_.push_back(id.index);
  }

  // Null when the client is gone.
  [[nodiscard]] Entry* find(ClientId id) {
    Entry& entry = entries_[id.index];
    return entry.client != nullptr && entry.generation == id.generation ? &entry : nullptr;
  }
  [[nodiscard]] const Entry* find(ClientId id) const {
    const Entry& entry = entries_[id.index];
    return entry.client != nullptr && entry.generation == id.generation ? &entry : nullptr;
  }

 private:
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> free_;
};

}  // namespace rabia::replica
