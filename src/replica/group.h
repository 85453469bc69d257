// What clients submitted together: one batch with the reads that ride on it, or reads alone.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/shared_bytes.h"
#include "base/time.h"
#include "consensus/types.h"
#include "replica/batch.h"
#include "replica/replica.h"

namespace rabia::replica {

// One command or read of one client, in its place.
struct Item {
  ClientId client;
  std::uint64_t token = 0;
  bool is_write = false;
  std::size_t read_offset = 0;  // Of a read: where its bytes lie in Group::reads.
  std::size_t read_size = 0;
};

struct Group {
  std::string commands;     // The batch, while it grows.
  base::SharedBytes batch;  // The batch, once it is cut.
  std::string reads;        // The bytes of the reads, one after the other.
  std::vector<Item> items;  // In order of submission. Empty: everyone was told of a failure.
  std::size_t writes = 0;
  base::Instant since{};  // When its first item came.
  base::Instant proposed_at{};
  base::Instant decided_at{};  // The epoch: it is not.
  std::uint64_t number = 0;    // From 1, in the order of the first proposals of this life.
  std::uint64_t barrier_token = 0;
  // Of a batch that changes the members, which has no items: who waits for what becomes of it.
  std::function<void(Status)> members_changed;

  Group() { begin_batch(commands); }
  // Nobody waits for it.
  [[nodiscard]] bool empty() const { return items.empty() && !members_changed; }
  [[nodiscard]] std::size_t bytes() const {
    return commands.size() + batch.size() + reads.size() + items.size() * sizeof(Item);
  }
  void add_write(ClientId client, std::uint64_t token, std::string_view command) {
    add_command(commands, command);
    items.push_back({client, token, true, 0, 0});
    ++writes;
  }
  void add_read(ClientId client, std::uint64_t token, std::string_view operation) {
    items.push_back({client, token, false, reads.size(), operation.size()});
    reads.append(operation);
  }
  [[nodiscard]] std::string_view read_of(const Item& item) const {
    return std::string_view(reads).substr(item.read_offset, item.read_size);
  }
};

}  // namespace rabia::replica
