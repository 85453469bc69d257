#include "bench/kvstore_performance/workload.h"

#include <malloc.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "replica/batch.h"
#include "replica/commands_ahead.h"

namespace rabia::kvstore_performance {
namespace {

constexpr std::uint64_t page_keys = 100;

// What malloc has given out.
std::uint64_t allocated_bytes() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

Row named(std::string name, std::uint64_t keys_per_operation = 1) {
  Row row;
  row.name = std::move(name);
  row.keys_per_operation = keys_per_operation;
  return row;
}

}  // namespace

Workload::Workload(std::uint64_t keys, std::uint64_t value_bytes, std::uint64_t operations)
    : operations_(operations),
      value_(value_bytes, 'v'),
      keys_(0, keys, 1),
      order_(0, keys, 2),
      missing_(keys, keys, 3),
      allocated_before_(allocated_bytes()) {}

void Workload::run(const OnRow& on_row) {
  on_row(set_new());
  on_row(set_same());
  on_row(get());
  on_row(get_missing());
  on_row(exists());
  on_row(list());
  for (const std::uint64_t commands : {10U, 100U}) on_row(batches(commands));
  on_row(erase());
  fill();
}

template <typename Pass>
void Workload::repeat(Row& row, const Pass& pass) const {
  do {
    pass();
  } while (row.operations * row.keys_per_operation < operations_);
}

void Workload::apply(std::string_view command) {
  reply_.clear();
  machine_.apply({}, command, &reply_);
}

void Workload::set(std::string_view key) {
  command_.clear();
  kv::encode_set(command_, key, value_, {});
  apply(command_);
}

void Workload::fill() {
  for (std::uint64_t i = 0; i < keys_.size(); ++i) set(keys_[i]);
  RABIA_CHECK(machine_.store().size() == keys_.size());
}

Row Workload::set_new() {
  Row row = named("set, a new key");
  repeat(row, [&] {
    machine_.store().clear();
    while (machine_.store().reclaim(1'000)) {
    }
    row.measure(keys_.size(), [&](std::uint64_t i) { set(keys_[i]); });
    if (row.operations == keys_.size()) note_memory();  // The first time.
  });
  return row;
}

void Workload::note_memory() {
  const auto keys = static_cast<double>(keys_.size());
  memory_.key_and_value_bytes = static_cast<double>(bench::key_bytes + value_.size());
  memory_.counted_bytes = static_cast<double>(machine_.store().memory_bytes()) / keys;
  memory_.allocated_bytes = allocated_bytes() - allocated_before_;
}

Row Workload::set_same() {
  Row row = named("set, a key that is there");
  repeat(row, [&] { row.measure(order_.size(), [&](std::uint64_t i) { set(order_[i]); }); });
  return row;
}

Row Workload::get() {
  Row row = named("get");
  std::uint64_t found = 0;
  repeat(row, [&] {
    row.measure(order_.size(), [&](std::uint64_t i) {
      const auto value = machine_.store().get(order_[i]);
      if (value && value->size() == value_.size()) ++found;
    });
  });
  RABIA_CHECK(found == row.operations);
  return row;
}

Row Workload::get_missing() {
  Row row = named("get, no such key");
  std::uint64_t found = 0;
  repeat(row, [&] {
    row.measure(missing_.size(), [&](std::uint64_t i) {
      if (machine_.store().get(missing_[i])) ++found;
    });
  });
  RABIA_CHECK(found == 0);
  return row;
}

Row Workload::exists() {
  Row row = named("exists");
  std::uint64_t found = 0;
  repeat(row, [&] {
    row.measure(order_.size(), [&](std::uint64_t i) {
      if (machine_.store().contains(order_[i])) ++found;
    });
  });
  RABIA_CHECK(found == row.operations);
  return row;
}

Row Workload::list() {
  Row row = named("list keys, " + std::to_string(page_keys) + " a page",
                  std::min(page_keys, keys_.size()));
  const std::uint64_t pages = std::max<std::uint64_t>(keys_.size() / page_keys, 1);
  std::uint64_t cursor = 0;
  std::uint64_t bytes = 0;
  repeat(row, [&] {
    row.measure(pages, [&](std::uint64_t) {
      cursor = machine_.store().scan(
          cursor, page_keys,
          [&bytes](std::string_view key, std::string_view) { bytes += key.size(); });
    });
  });
  RABIA_CHECK(bytes > 0);
  return row;
}

Row Workload::batches(std::uint64_t commands) {
  Row row = named("batch of " + std::to_string(commands) + " sets", commands);
  const std::uint64_t times = std::max<std::uint64_t>(order_.size() / commands, 1);
  std::uint64_t next = 0;
  const auto one = [&](std::uint64_t) {
    replica::begin_batch(batch_);
    for (std::uint64_t i = 0; i < commands; ++i) {
      command_.clear();
      kv::encode_set(command_, order_[next], value_, {});
      replica::add_command(batch_, command_);
      next = next + 1 == order_.size() ? 0 : next + 1;
    }
    replica::CommandsAhead ahead(batch_, machine_);
    for (std::string_view command; ahead.next(command);) apply(command);
  };
  repeat(row, [&] { row.measure(times, one); });
  return row;
}

Row Workload::erase() {
  Row row = named("delete");
  repeat(row, [&] {
    if (row.operations > 0) fill();  // It was full at first.
    row.measure(order_.size(), [&](std::uint64_t i) {
      const std::array<std::string_view, 1> key = {order_[i]};
      command_.clear();
      kv::encode_erase(command_, key);
      apply(command_);
    });
    RABIA_CHECK(machine_.store().size() == 0);
  });
  return row;
}

}  // namespace rabia::kvstore_performance
