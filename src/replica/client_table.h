// The clients of one replica: what each waits for, and who is to be told what.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/check.h"
#include "replica/group.h"
#include "replica/replica.h"

namespace rabia::replica {

// Clients may be added, be removed and submit from inside of everything that they are told. Core
// thread only.
class ClientTable {
 public:
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
    here(id).client = nullptr;
    free_.push_back(id.index);
  }
  [[nodiscard]] bool contains(ClientId id) const { return find(id) != nullptr; }

  // ---- its items; all but the last two are for clients that are here
  [[nodiscard]] bool idle(ClientId id) const { return here(id).unanswered == 0; }
  // All that is unanswered lies in this group: what the client submits next may go there.
  [[nodiscard]] bool all_in(ClientId id, const Group& group) const {
    return idle(id) || here(id).group == &group;
  }
  void submitted(ClientId id, const Group& group) {
    ++here(id).unanswered;
    here(id).group = &group;
  }
  // One of them is answered now, by who calls; null when the client is gone.
  Client* answering(ClientId id) {
    Entry* const entry = find(id);
    if (entry == nullptr) return nullptr;
    if (!std::exchange(entry->answered, true)) answered_.push_back(id);
    if (--entry->unanswered == 0) {
      entry->group = nullptr;
      to_notify(id, *entry);
    }
    return entry->client;
  }

  // ---- telling
  // It was refused because too much waits: it wants to know when less does.
  void block(ClientId id) {
    if (!std::exchange(here(id).blocked, true)) blocked_.push_back(id);
  }
  // Less waits.
  void unblock() {
    for (const ClientId id : std::exchange(blocked_, {})) {
      Entry* const entry = find(id);
      if (entry == nullptr) continue;
      entry->blocked = false;
      to_notify(id, *entry);
    }
  }
  // Of those that may be able to submit again.
  void notify_accepting() {
    for (const ClientId id : std::exchange(to_notify_, {})) {
      Entry* const entry = find(id);
      if (entry == nullptr) continue;
      entry->to_notify = false;
      entry->client->on_accepting();
    }
  }
  // Of those that were answered since the last one.
  void end_step() {
    for (const ClientId id : std::exchange(answered_, {})) {
      Entry* const entry = find(id);
      if (entry == nullptr) continue;
      entry->answered = false;
      entry->client->on_step_end();
    }
  }

 private:
  struct Entry {
    Client* client = nullptr;  // Null: a free place.
    std::uint32_t generation = 0;
    std::uint32_t unanswered = 0;
    const Group* group = nullptr;  // Holds its latest unanswered items; null when there are none.
    bool blocked = false;          // These three: it is in the list of this name.
    bool to_notify = false;
    bool answered = false;
  };

  // Null when the client is gone.
  [[nodiscard]] const Entry* find(ClientId id) const {
    const Entry& entry = entries_[id.index];
    return entry.client != nullptr && entry.generation == id.generation ? &entry : nullptr;
  }
  [[nodiscard]] Entry* find(ClientId id) {
    return const_cast<Entry*>(std::as_const(*this).find(id));
  }
  [[nodiscard]] const Entry& here(ClientId id) const {
    const Entry* const entry = find(id);
    RABIA_CHECK(entry != nullptr);
    return *entry;
  }
  [[nodiscard]] Entry& here(ClientId id) {
    return const_cast<Entry&>(std::as_const(*this).here(id));
  }
  void to_notify(ClientId id, Entry& entry) {
    if (!std::exchange(entry.to_notify, true)) to_notify_.push_back(id);
  }

  std::vector<Entry> entries_;
  std::vector<std::uint32_t> free_;
  std::vector<ClientId> blocked_;
  std::vector<ClientId> to_notify_;
  std::vector<ClientId> answered_;
};

}  // namespace rabia::replica
