#include "kv/cut.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "kv/snapshot_text.h"
#include "kv/test_hashes.h"

namespace rabia::kv {
namespace {

std::string key_of(std::uint64_t number) {
  return "key:" + std::to_string(number);
}

void reclaim_all(Store& store) {
  while (store.reclaim(1'000)) {
  }
}

class CutWithHash : public testing::TestWithParam<NamedHash> {};
INSTANTIATE_TEST_SUITE_P(, CutWithHash, testing::ValuesIn(test_hashes),
                         [](const auto& instance) { return std::string(instance.param.name); });

// One store through a random life with cuts in it.
class Life {
 public:
  Life(HashFunction hash, std::uint64_t seed, Changes changes)
      : hash_(hash), random_(seed), changes_(changes), store_(hash) {}

  void step() {
    if (random_.below(2'000) == 0) {
      store_.clear();
      model_.clear();
    } else if (random_.below(2'000) == 0) {  // A cut lives on through a load.
      const Model other = {{"key:1", "loaded"}, {"key:2", ""}};
      ASSERT_TRUE(load(store_, stream_of(other, hash_)).ok());
      model_ = other;
    } else {
      change_both(store_, model_, random_, changes_);
    }
    ASSERT_EQ(store_.size(), model_.size());
    if (reader_ == nullptr && random_.below(200) == 0) begin();
    if (reader_ != nullptr && random_.below(3) == 0) read();
    if (reader_ != nullptr && random_.below(2'000) == 0) reader_.reset();
  }

  void end() {
    reader_.reset();
    EXPECT_EQ(contents_of(store_), model_);
    EXPECT_EQ(store_.digest(), digest_computed_from(store_));
    EXPECT_GT(cuts_read_, 1);
  }

 private:
  void begin() {
    expected_ = expected_stream_of(store_, hash_);
    stream_.clear();
    piece_bytes_max_ = std::size_t{1} << random_.below(14);
    reader_ = std::make_unique<StoreSnapshotReader>(store_);
  }
  void read() {
    if (reader_->read(1 + random_.below(piece_bytes_max_), stream_)) return;
    ASSERT_EQ(stream_, expected_);
    ++cuts_read_;
    if (random_.chance(50)) {  // The other half of them lives on, with nothing left to read.
      reader_.reset();
      Store loaded(hash_);
      ASSERT_TRUE(load(loaded, stream_).ok());
      ASSERT_EQ(stream_of(loaded), expected_);
    }
  }

  HashFunction hash_;
  base::Random random_;
  Changes changes_;
  Store store_;
  Model model_;
  std::unique_ptr<StoreSnapshotReader> reader_;
  std::string expected_;
  std::string stream_;
  std::size_t piece_bytes_max_ = 1;
  int cuts_read_ = 0;
};

// Given a store under random changes, clears and loads, when cuts are begun at random moments and
// read in pieces between the changes, then each gives the stream of a fresh store with the contents
// of its moment, and the store is as if no cut had been.
TEST_P(CutWithHash, GivesTheContentsOfItsMomentWhateverChanges) {
  for (const Changes& changes : {Changes{20, 300}, Changes{500, 60}, Changes{5, 20'000}}) {
    Life life(GetParam().hash, changes.keys, changes);
    for (int step = 0; step < 8'000; ++step) ASSERT_NO_FATAL_FAILURE(life.step());
    life.end();
  }
}

// Given a cut, when every key that it has is replaced, grown, or erased before it is read, then it
// takes memory for that and gives all of it back by the time it ends.
TEST_P(CutWithHash, GivesItsMemoryBack) {
  Store store(GetParam().hash);
  for (std::uint64_t i = 0; i < 2'000; ++i) store.set(key_of(i), "value of the same size");
  reclaim_all(store);
  const std::uint64_t before = store.memory_bytes();
  for (const bool reads_all : {true, false}) {
    {
      StoreSnapshotReader reader(store);
      for (std::uint64_t i = 0; i < 2'000; ++i) store.set(key_of(i), "VALUE of the same size");
      for (std::uint64_t i = 2'000; i < 3'000; ++i) store.set(key_of(i), "new");
      for (std::uint64_t i = 2'000; i < 3'000; ++i) store.erase(key_of(i));
      EXPECT_GT(store.memory_bytes(), before + 100'000);
      std::string stream;
      EXPECT_TRUE(reader.read(1'000, stream));
      if (reads_all) read_all(reader, 1'000, stream);
    }
    reclaim_all(store);
    // Erasing may leave segments of colliding keys that were enlarged.
    EXPECT_LT(store.memory_bytes(), before + 50'000);
  }
}

// Given a cut that keeps an image of everything, when it has been read half-way, then it keeps
// about half, and nothing once it has been read, though it lives on.
TEST(Cut, GivesImagesBackAsItPassesThem) {
  Store store;
  for (std::uint64_t i = 0; i < 10'000; ++i) store.set(key_of(i), "value of the same size");
  const std::uint64_t before = store.memory_bytes();
  StoreSnapshotReader reader(store);
  for (std::uint64_t i = 0; i < 10'000; ++i) store.set(key_of(i), "VALUE of the same size");
  const std::uint64_t kept = store.memory_bytes() - before;
  std::string stream;
  while (stream.size() < 10'000 * 16) ASSERT_TRUE(reader.read(1'000, stream));
  EXPECT_LT(store.memory_bytes(), before + kept * 2 / 3);
  for (std::uint64_t i = 0; i < 10'000; ++i) store.set(key_of(i), "Value of the same size");
  EXPECT_LT(store.memory_bytes(), before + kept * 2 / 3);
  read_all(reader, 1'000, stream);
  reclaim_all(store);
  EXPECT_LE(store.memory_bytes(), before);
}

// Given a cut, when the store is only read and the cut is too, then no memory is taken but a
// table's beginning.
TEST(Cut, TakesNoMemoryWhileNothingIsWritten) {
  Store store;
  for (std::uint64_t i = 0; i < 10'000; ++i) store.set(key_of(i), "value");
  const std::uint64_t before = store.memory_bytes();
  StoreSnapshotReader reader(store);
  std::string piece;
  while (reader.read(1'000, piece)) {
    piece.clear();
    EXPECT_LT(store.memory_bytes(), before + 10'000);
  }
}

// Given a cut, when one key is set and appended to again and again, then its old value is kept
// once.
TEST(Cut, KeepsOneImageOfAKey) {
  Store store;
  for (std::uint64_t i = 0; i < 100; ++i) store.set(key_of(i), std::string(5'000, 'x'));
  StoreSnapshotReader reader(store);
  store.set(key_of(1), "y");
  const std::uint64_t once = store.memory_bytes();
  for (int i = 0; i < 1'000; ++i) store.set(key_of(1), "z");
  EXPECT_EQ(store.memory_bytes(), once);
  store.erase(key_of(1));
  for (int i = 0; i < 1'000; ++i) {
    store.set("new", "y");
    store.erase("new");
  }
  EXPECT_LT(store.memory_bytes(), once + 200);
}

// Given a cut of a large store, when the store is cleared and the cut is dropped, then both at
// once, and all memory comes back by reclaim() only.
TEST(Cut, LeavesAClearedTableToReclaim) {
  Store store;
  for (std::uint64_t i = 0; i < 10'000; ++i) store.set(key_of(i), "value");
  const std::uint64_t full = store.memory_bytes();
  auto reader = std::make_unique<StoreSnapshotReader>(store);
  std::string stream;
  EXPECT_TRUE(reader->read(1'000, stream));
  store.clear();
  for (std::uint64_t i = 0; i < 5'000; ++i) store.set("new:" + std::to_string(i), "v");
  store.clear();
  reclaim_all(store);
  EXPECT_GE(store.memory_bytes(), full);  // The cut needs it, and nothing else is left.
  EXPECT_LT(store.memory_bytes(), full + 20'000);
  reader.reset();
  EXPECT_GE(store.memory_bytes(), full);
  reclaim_all(store);
  EXPECT_LT(store.memory_bytes(), 30'000U);
}

// Given a cut of few keys among which very many come, when it is read, then each call passes over
// few of them, whatever it finds.
TEST(Cut, PassesOverWhatIsNewInSmallPieces) {
  Store store;
  store.set("a", "1");
  store.set("b", "2");
  const std::string expected = stream_of(store);
  StoreSnapshotReader reader(store);
  for (std::uint64_t i = 0; i < 100'000; ++i) store.set(key_of(i), "");
  std::string stream;
  int calls = 0;
  while (reader.read(64'000, stream)) ++calls;
  EXPECT_EQ(stream, expected);
  EXPECT_GE(calls, 50);  // A thousand each.
}

// Given a value of many pieces, when it is erased, replaced and appended to while it is being read,
// then the cut has it as it was.
TEST(Cut, SplitsALargeValueThatChangesMeanwhile) {
  base::Random random(3);
  for (int kind = 0; kind < 4; ++kind) {
    Store store;
    std::string value(1'000'000, '\0');
    for (char& byte : value) byte = static_cast<char>(random.next());
    store.set("large", value);
    const std::string expected = stream_of(store);
    StoreSnapshotReader reader(store);
    std::string stream;
    while (stream.size() < 500'000) {
      const std::size_t before = stream.size();
      ASSERT_TRUE(reader.read(10'000, stream));
      ASSERT_LE(stream.size() - before, 10'100U);
    }
    if (kind == 0) store.set("large", "short");
    if (kind == 1) store.append("large", "more");
    if (kind == 2) store.set_range("large", 700'000, "other");
    if (kind == 3) store.erase("large");
    read_all(reader, 10'000, stream);
    EXPECT_EQ(stream, expected) << kind;
  }
}

TEST(CutDeathTest, IsTheOnlyOneOfItsStore) {
  Store store;
  StoreSnapshotReader reader(store);
  EXPECT_DEATH(StoreSnapshotReader second(store), "cut_ == nullptr");
}

}  // namespace
}  // namespace rabia::kv
