// The state of the store as a stream. Whatever arrives, in whatever pieces: it is refused, and
// nothing has changed; or it was the canonical stream of the state that the machine has then.
#include <algorithm>
#include <cstdint>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/codec.h"
#include "base/hash.h"
#include "kv/digest.h"
#include "kv/operations.h"
#include "kv/snapshot.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/target.h"

namespace rabia::fuzz {
namespace {

using kv::StoreMachine;

std::string whole(StoreMachine& machine) {
  std::string out;
  const auto reader = machine.begin_snapshot();
  while (reader->read(1U << 16, out)) continue;
  return out;
}

struct Item {
  std::string key;
  std::string value;
  kv::Entry::About about;
};

// The stream of these entries, with their digest, whether or not they may be those of a store.
std::string stream_of(const kv::History& history, const std::vector<Item>& items) {
  std::string out;
  base::Encoder encode(out);
  encode.raw("RABIAKVS");
  encode.fixed(kv::state_format_version);
  encode.varint(items.size());
  for (const std::uint64_t number :
       {history.revision, history.clock, history.created_at, history.last_modified}) {
    encode.varint(number);
  }
  StateDigest digest = kv::digest_of_history(history);
  for (const Item& item : items) {
    encode.varint(item.key.size());
    encode.varint(item.value.size());
    encode.varint(item.about.revision);
    const bool expires = item.about.deadline != kv::no_deadline;
    const bool used = item.about.use.known();
    encode.varint((expires ? 1 : 0) + (used ? 2 : 0) + (item.about.roomy ? 4 : 0));
    if (expires) encode.varint(item.about.deadline);
    if (used) encode.varint(item.about.use.packed());
    encode.raw(item.key);
    encode.raw(item.value);
    const kv::KeyDigest key(item.key);
    kv::add(digest, key.about(item.about));
    kv::add(digest, key.value(item.value));
  }
  encode.raw("DONE");
  encode.fixed(digest.low);
  encode.fixed(digest.high);
  return out;
}

kv::History history_from(Input& input) {
  kv::History history;
  history.revision = input.byte();
  history.clock = input.flag() ? input.number<std::uint64_t>() : input.number<std::uint16_t>();
  history.created_at = input.number<std::uint16_t>();
  history.last_modified = input.number<std::uint16_t>();
  return history;
}

std::string stream_from(Input& input) {
  const kv::History history = history_from(input);
  const bool sorted = input.byte() % 4 != 0;
  std::vector<Item> items(input.below(6));
  for (Item& item : items) {
    item.key = input.some(20);
    item.value = input.flag() ? std::string(input.below(20'000), 'v') : std::string(input.some(40));
    item.about.revision = input.byte();
    const std::uint8_t flags = input.byte();
    if ((flags & 1) != 0) item.about.deadline = input.number<std::uint64_t>();
    if ((flags & 2) != 0) item.about.use = kv::Use::unpack(input.number<std::uint64_t>());
    item.about.roomy = (flags & 4) != 0;
  }
  if (sorted) {
    std::sort(items.begin(), items.end(), [](const Item& a, const Item& b) {
      return std::tuple(base::hash64(a.key), a.key) < std::tuple(base::hash64(b.key), b.key);
    });
  }
  return stream_of(history, items);
}

std::string limits_from(Input& input) {
  const kv::History history = history_from(input);
  std::vector<Item> items;
  for (const std::string_view name : kv::limit_field_names) {
    if (!input.flag()) continue;
    const std::string value =
        input.flag() ? std::string(input.some(12)) : std::to_string(input.number<std::uint64_t>());
    items.push_back({std::string(name), value, {.revision = input.byte()}});
  }
  std::sort(items.begin(), items.end(),
            [](const Item& a, const Item& b) { return base::hash64(a.key) < base::hash64(b.key); });
  return stream_of(history, items);
}

// Its store, its kept answers, its limits.
std::string state_from(Input& input) {
  const std::string store = stream_from(input);
  const std::string replies = stream_from(input);
  return store + replies + limits_from(input);
}

void fill(StoreMachine& machine) {
  std::string command;
  kv::encode_set(command, "old", "value", {});
  std::string once;
  kv::encode_once(once, {"session", 1, 1000}, command);
  machine.begin_batch({{1}, {1}, {100}});
  machine.apply({}, once, nullptr);
}

void load(StoreMachine& machine, std::string_view stream, std::uint64_t seed) {
  const StateDigest before = machine.digest();
  const std::string state_before = whole(machine);
  bool added = true;
  bool finished = false;
  {
    const auto loader = machine.begin_load();
    in_pieces(stream, seed, [&](std::string_view piece) {
      const Status status = loader->add(piece);
      RABIA_CHECK(status.ok() || !status.message().empty());
      RABIA_CHECK(added || !status.ok());  // Once refused, always refused.
      added = status.ok();
    });
    const Status status = loader->finish();
    RABIA_CHECK(added || !status.ok());
    RABIA_CHECK(status.ok() || status.code() == Code::corrupted);
    finished = status.ok();
  }
  if (finished) {
    RABIA_CHECK(whole(machine) == stream);
  } else {
    RABIA_CHECK(machine.digest() == before);
    RABIA_CHECK(whole(machine) == state_before);
  }
  // It goes on.
  std::string command;
  kv::encode_increment(command, "after", 1);
  machine.begin_batch({{2}, {1}, {machine.store().clock() + 1}});
  machine.apply({}, command, nullptr);
  StoreMachine other;
  const std::string state = whole(machine);
  const auto loader = other.begin_load();
  RABIA_CHECK(loader->add(state).ok());
  RABIA_CHECK(loader->finish().ok());
  RABIA_CHECK(other.digest() == machine.digest());
}

void run(std::string_view bytes) {
  Input input(bytes);
  const auto seed = input.number<std::uint16_t>();
  const auto kind = input.byte();
  std::string stream;
  if (kind % 2 == 0) {
    stream = input.rest();
  } else {
    stream = state_from(input);
    while (!input.empty()) {  // Then damage.
      const std::size_t at = input.number<std::uint32_t>() % stream.size();
      if (input.flag()) {
        stream[at] = static_cast<char>(input.byte());
      } else {
        stream.resize(std::max<std::size_t>(at, 1));
      }
    }
  }
  StoreMachine machine;
  if (kind % 4 >= 2) fill(machine);
  load(machine, stream, seed);
}

// What is built by these choices is a state that a machine may have.
bool is_taken(std::string_view choices) {
  Input input(choices);
  StoreMachine machine;
  const auto loader = machine.begin_load();
  return loader->add(state_from(input)).ok() && loader->finish().ok();
}

std::vector<std::string> seeds() {
  StoreMachine machine;
  std::vector<std::string> all;
  const auto add = [&all](std::uint8_t kind, std::string_view rest) {
    all.push_back(InputWriter().below(77).byte(kind).raw(rest).bytes());
  };
  add(0, whole(machine));
  fill(machine);
  add(0, whole(machine));
  add(2, whole(machine));
  // Two entries, one of them with a deadline, a use and room; no kept answer; one limit.
  InputWriter built;
  built.byte(9).byte(0).below(5).below(1).below(4).byte(1).below(2);
  built.some("a").byte(0).some("value").byte(3).byte(0);
  built.some("b").byte(1).below(9'000).byte(4).byte(7);
  built.number(std::uint64_t{70}).number(std::uint64_t{3 << 8 | 5});
  built.byte(0).byte(0).below(0).below(0).below(0).byte(1).below(0);
  built.byte(1).byte(0).below(0).below(0).below(0);
  built.byte(1).byte(0).number(std::uint64_t{1'000'000}).byte(1).byte(0).byte(0).byte(0).byte(0);
  RABIA_CHECK(is_taken(built.bytes()));
  add(1, built.bytes());
  add(3, built.bytes());
  add(3, InputWriter(built).number(std::uint32_t{30}).byte(1).byte(0xff).bytes());
  add(3, InputWriter(built).number(std::uint32_t{60}).byte(0).bytes());
  return all;
}

}  // namespace

const Target state{"state", run, seeds};

}  // namespace rabia::fuzz
