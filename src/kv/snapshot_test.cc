#include "kv/snapshot.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/codec.h"
#include "base/random.h"
#include "kv/operations.h"
#include "kv/snapshot_text.h"
#include "kv/test_hashes.h"

namespace rabia::kv {
namespace {

std::string header(std::uint64_t entries, const History& history = {.revision = 1}) {
  std::string bytes = "RABIAKVS";
  base::Encoder encode(bytes);
  encode.fixed<std::uint32_t>(4);
  for (const std::uint64_t number :
       {entries, history.revision, history.clock, history.created_at, history.last_modified}) {
    encode.varint(number);
  }
  return bytes;
}

// Some contents of short and long values.
Model example() {
  Model model;
  base::Random random(7);
  for (int i = 0; i < 40; ++i) model["key:" + std::to_string(i)] = random_bytes(random, 30);
  model[""] = "of the empty key";
  model["empty"] = "";
  model["long"] = random_bytes(random, 300) + std::string(9'000, 'x');
  return model;
}

HashFunction real() {
  return test_hashes[0].hash;
}

// A store that must stay as it is.
class Untouched {
 public:
  Untouched() { store.set("here", "before"); }
  void expect_refused(std::string_view stream, const std::string& why) {
    const Status status = load(store, stream);
    ASSERT_EQ(status.code(), Code::corrupted) << why;
    ASSERT_NE(status.message().find("at byte "), std::string::npos) << status.message();
    ASSERT_EQ(store.size(), 1U) << why;
    ASSERT_EQ(store.get("here"), "before") << why;
    ASSERT_EQ(store.digest(), digest_of({{"here", "before"}})) << why;
  }
  Store store;
};

// Golden bytes: docs/formats/store-state.md. Replicas of different builds must agree on them.
TEST(Snapshot, HasTheBytesOfTheDocument) {
  Store store;
  store.advance_clock(3);
  store.set("a", "b", 7);
  store.advance_clock(5);
  const std::string stream = stream_of(store);
  const std::string expected = header(1, {1, 5, 3, 3}) + "\x01\x01\x01\x01\x07\x61\x62" + "DONE" +
                               "\x5e\xd3\x2a\xf2\x1f\xdc\x26\x0a" +
                               "\x31\x77\xf1\x1c\x5f\xa5\xda\xbd";
  EXPECT_EQ(stream, expected);
  Store used;
  used.advance_clock(5);
  used.track_uses(UseTracking::time);
  used.append("a", "b");
  used.append("a", std::string(12, 'c'));
  EXPECT_EQ(stream_of(used), header(1, {2, 5, 5, 5}) + "\x01\x0d\x02\x06\x85\x0a" +
                                 "abcccccccccccc" + "DONE" + "\x6e\xd1\xfe\x57\x7e\xac\xcf\x12" +
                                 "\x07\x37\x5c\x8c\x11\x9b\xd9\x8a");
  Store empty;
  EXPECT_EQ(stream_of(empty), header(0, {}) + "DONE" + std::string(16, '\0'));
}

class SnapshotWithHash : public testing::TestWithParam<NamedHash> {};
INSTANTIATE_TEST_SUITE_P(, SnapshotWithHash, testing::ValuesIn(test_hashes),
                         [](const auto& instance) { return std::string(instance.param.name); });

// Given stores that came to equal contents and revisions on different ways, then their streams are
// equal.
TEST_P(SnapshotWithHash, DependsOnNothingThatIsNotInIt) {
  Store one(GetParam().hash);
  Store other(GetParam().hash);
  for (int i = 0; i < 3'000; ++i) {
    one.set("passing:" + std::to_string(i), "x");
    other.set("passing:" + std::to_string(i), std::string(i % 90, 'y'), 1 + i);
  }
  for (int i = 0; i < 3'000; ++i) {
    one.erase("passing:" + std::to_string(i));
    other.erase("passing:" + std::to_string(2'999 - i));
  }
  for (const auto& [key, value] : example()) {
    one.set(key, value + value);
    one.set(key, value);
    one.set_deadline(key, 9);
    other.append(key, value);
    other.set_deadline(key, 7);
    other.set_deadline(key, 9);
    for (Store* store : {&one, &other}) store->append(key, "end");
  }
  EXPECT_EQ(stream_of(other), stream_of(one));
  EXPECT_EQ(stream_of(one), expected_stream_of(one, GetParam().hash));
}

// Given a stream that is cut into pieces of any sizes, when loaded, then contents and digest are
// those it was made of, and what the store had before is gone.
TEST_P(SnapshotWithHash, IsLoadedHoweverItIsCut) {
  const Model model = example();
  const std::string stream = stream_of(model, GetParam().hash);
  base::Random random(2);
  for (int round = 0; round < 30; ++round) {
    Store store(GetParam().hash);
    store.set("before", "x");
    StoreSnapshotLoader loader(store);
    const std::uint64_t size_max = std::uint64_t{1} << random.below(14);
    for (std::string_view rest = stream; !rest.empty();) {
      const std::string part(rest.substr(0, 1 + random.below(size_max)));
      rest.remove_prefix(part.size());
      ASSERT_TRUE(loader.add(part).ok());
    }
    ASSERT_EQ(store.size(), 1U);
    ASSERT_TRUE(loader.finish().ok());
    ASSERT_EQ(contents_of(store), model);
    ASSERT_EQ(store.digest(), digest_of(model));
    ASSERT_EQ(store.revision(), model.size());
  }
}

// Given a stream, when it ends anywhere before its end, then it is refused and nothing changes.
TEST(Snapshot, IsRefusedWhenItEndsEarly) {
  Untouched untouched;
  const std::string stream = stream_of(example(), real());
  for (std::size_t size = 0; size < stream.size(); size += 1 + size / 1'000) {
    ASSERT_NO_FATAL_FAILURE(
        untouched.expect_refused(stream.substr(0, size), std::to_string(size) + " bytes"));
  }
}

// Given a stream, when any one bit is another, then it is refused and nothing changes.
TEST(Snapshot, IsRefusedWhenABitIsWrong) {
  Untouched untouched;
  const std::string stream = stream_of(example(), real());
  for (std::size_t bit = 0; bit < stream.size() * 8; bit += bit < 2'000 ? 1 : 61) {
    std::string damaged = stream;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    ASSERT_NO_FATAL_FAILURE(untouched.expect_refused(damaged, "bit " + std::to_string(bit)));
  }
}

TEST(Snapshot, IsRefusedWhenItIsGarbage) {
  Untouched untouched;
  base::Random random(9);
  for (int round = 0; round < 2'000; ++round) {
    const std::string garbage = random_bytes(random, 200);
    ASSERT_NO_FATAL_FAILURE(untouched.expect_refused(garbage, "garbage"));
    const std::string begun = header(random.below(10)) + garbage;
    ASSERT_NO_FATAL_FAILURE(untouched.expect_refused(begun, "garbage behind a header"));
  }
}

// Given streams that break one rule each, then the message names the rule and the offset.
TEST(Snapshot, SaysWhatIsWrongAndWhere) {
  struct Case {
    std::string stream;
    std::string message;
  };
  const std::string one("\x01\x01\x01\x00\x61\x62", 6);
  const std::string of_the_future("\x01\x01\x02\x00\x61\x62", 6);
  const std::string digest(16, '\0');
  const std::vector<Case> cases = {
      {"RABIAWAL", "at byte 0: not a state"},
      {std::string("RABIAKVS\x01\0\0\0\0", 13), "at byte 0: format version 1"},
      {std::string("RABIAKVS\x04\0\0\0\x81\0", 14), "at byte 0: malformed header"},
      {header(0, {0, 1, 2, 0}) + "DONE" + digest, "at byte 0: a time that lies behind the clock"},
      {header(0, {0, 1, 0, 2}) + "DONE" + digest, "at byte 0: a time that lies behind the clock"},
      {header(1) + std::string("\x81\x00", 2), "at byte 17: malformed sizes"},
      {header(1) + std::string("\x00\xff\xff\xff\xff\x7f", 6), "at byte 17: malformed sizes"},
      {header(1) + std::string("\x01\x01\x01\x08\x61\x62", 6),
       "at byte 17: malformed sizes, or what"},
      {header(1) + std::string("\x01\x01\x01\x01\x00\x61\x62", 7),
       "at byte 17: malformed sizes, or what"},
      {header(1) + std::string("\x01\x01\x01\x02\x00\x61\x62", 7),
       "at byte 17: malformed sizes, or what"},
      {header(1) + of_the_future, "at byte 17: malformed sizes, or what"},
      {header(2) + one + one, "at byte 23: a key that does not come in order"},
      {header(1) + one + one, "at byte 23: no end mark"},
      {header(1) + one, "at byte 23: it ends early"},
      {header(1) + one + "DONE" + digest, "its digest is not that"},
      {header(0, {}) + "DONE" + digest + "x", "at byte 37: bytes behind its end"},
  };
  Untouched untouched;
  for (const Case& wrong : cases) {
    const Status status = load(untouched.store, wrong.stream);
    EXPECT_EQ(status.code(), Code::corrupted) << wrong.message;
    EXPECT_NE(status.message().find(wrong.message), std::string::npos) << status.message();
    ASSERT_NO_FATAL_FAILURE(untouched.expect_refused(wrong.stream, wrong.message));
  }
}

// Given a stream that promises a value of 512 MiB, when little of it has come, then little memory
// was taken.
TEST(Snapshot, TakesMemoryForWhatHasComeOnly) {
  std::string stream = header(~std::uint64_t{0});
  base::Encoder encode(stream);
  encode.varint(0);
  encode.varint(Store::value_bytes_max);
  encode.varint(1);
  encode.varint(0);
  stream.append(10'000, 'x');
  Store store;
  StoreSnapshotLoader loader(store);
  ASSERT_TRUE(loader.add(stream).ok());
  EXPECT_LT(store.memory_bytes(), 50'000U);
}

// Given a load that was refused, when more comes, then it is refused with the same message.
TEST(Snapshot, StaysRefused) {
  Store store;
  StoreSnapshotLoader loader(store);
  const Status first = loader.add("nonsense");
  EXPECT_EQ(loader.add(header(0)).message(), first.message());
  EXPECT_EQ(loader.finish().message(), first.message());
}

// Given a load that is given up, then the memory of what had come is freed by reclaim().
TEST(Snapshot, LeavesNothingOfALoadThatIsGivenUp) {
  Model model;
  for (int i = 0; i < 10'000; ++i) model[std::to_string(i)] = "value";
  const std::string stream = stream_of(model, real());
  Store store;
  const std::uint64_t before = store.memory_bytes();
  {
    StoreSnapshotLoader loader(store);
    ASSERT_TRUE(loader.add(stream).ok());
    EXPECT_GT(store.memory_bytes(), 300'000U);
  }
  EXPECT_GT(store.memory_bytes(), 300'000U);
  while (store.reclaim(1'000)) {
  }
  EXPECT_EQ(store.memory_bytes(), before);
}

// Given two machines, when one takes the other's snapshot in, then they are equal and go on alike.
TEST(StoreMachineSnapshot, MovesAStateToAnotherMachine) {
  StoreMachine from;
  StoreMachine to;
  std::string command;
  encode_set(command, "counter", "41", {});
  from.apply({}, command, nullptr);
  const std::unique_ptr<SnapshotReader> reader = from.begin_snapshot();
  const std::unique_ptr<SnapshotLoader> loader = to.begin_load();
  std::string piece;
  while (reader->read(10, piece)) {
    ASSERT_TRUE(loader->add(piece).ok());
    piece.clear();
  }
  ASSERT_TRUE(loader->finish().ok());
  EXPECT_EQ(to.digest(), from.digest());
  command.clear();
  encode_increment(command, "counter", 1);
  from.apply({}, command, nullptr);
  to.apply({}, command, nullptr);
  EXPECT_EQ(to.store().get("counter"), "42");
  EXPECT_EQ(to.digest(), from.digest());
}

}  // namespace
}  // namespace rabia::kv
