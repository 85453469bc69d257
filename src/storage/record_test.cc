#include "storage/record.h"

#include <gtest/gtest.h>

#include <string>

#include "base/random.h"

namespace rabia::storage {
namespace {

constexpr std::uint64_t salt = 0x0123456789abcdef;

std::string random_bytes(base::Random& random, std::size_t size) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random.next());
  return bytes;
}

// Bytes of which none is zero, nor becomes zero when one bit is flipped.
std::string dense_bytes(std::size_t size) {
  return std::string(size, '\x55');
}

std::string segment_with_record(std::uint64_t offset, std::string_view payload,
                                bool after_sync = true) {
  std::string segment(offset, '\x77');
  append_record(salt, {.lsn = 7, .group_first = 5, .after_sync = after_sync}, payload, segment);
  segment.resize(segment.size() + 1024, '\0');
  return segment;
}

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string hex;
  for (const char c : bytes) {
    hex += digits[static_cast<unsigned char>(c) >> 4];
    hex += digits[static_cast<unsigned char>(c) & 15];
  }
  return hex;
}

// Given a record of any size at any place, when it is parsed, then it is what was written.
TEST(Record, ReadsBackAsItWasWritten) {
  base::Random random(1);
  for (std::size_t size = 0; size < 1200; ++size) {
    const std::string payload = random_bytes(random, size);
    const std::uint64_t offset = random.below(200) * record_alignment;
    const bool after_sync = random.chance(50);
    const std::string segment = segment_with_record(offset, payload, after_sync);
    const ParsedRecord record = parse_record(salt, segment, offset);
    ASSERT_EQ(record.state, RecordState::valid) << size;
    EXPECT_EQ(record.header.kind, RecordKind::data);
    EXPECT_EQ(record.header.lsn, 7U);
    EXPECT_EQ(record.header.group_first, 5U);
    EXPECT_EQ(record.header.after_sync, after_sync);
    EXPECT_EQ(record.header.payload_bytes, size);
  }
}

// Given docs/formats/wal.md, when a record is encoded, then these are its bytes, for ever.
TEST(Record, GoldenBytes) {
  std::string bytes;
  append_record(salt, {.lsn = 258, .group_first = 257}, "rabia", bytes);
  EXPECT_EQ(to_hex(bytes),
            "03cb4dc3450000c1fbb184c3050000c002010000000000c001010000000000c07261626961ffffff");
}

// Given a record, when it is parsed with a salt of which any one bit is another, then it is none:
// it is of another log.
TEST(Record, OfAnotherLogIsNone) {
  const std::string segment = segment_with_record(0, "rabia");
  RecordHeader header;
  EXPECT_TRUE(parse_header(salt, segment, 0, header));
  for (int bit = 0; bit < 64; ++bit) {
    const std::uint64_t other = salt ^ (1ULL << bit);
    EXPECT_FALSE(parse_header(other, segment, 0, header)) << bit;
    EXPECT_NE(parse_record(other, segment, 0).state, RecordState::valid) << bit;
  }
}

// Given a record without zero bytes, when any one bit of it is flipped, then it is known as
// damaged: not as torn, for it would be cut and forgotten.
TEST(Record, AnyFlippedBitIsDamage) {
  for (const std::uint64_t offset : {0U, 480U, 488U, 496U, 504U, 512U}) {
    const std::string payload = dense_bytes(700);
    const std::string good = segment_with_record(offset, payload);
    const std::uint64_t end = offset + record_header_bytes + payload.size();
    for (std::uint64_t bit = offset * 8; bit < end * 8; ++bit) {
      std::string bad = good;
      bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
      ASSERT_EQ(parse_record(salt, bad, offset).state, RecordState::damaged)
          << offset << " " << bit;
    }
  }
}

// Given a record of random bytes (many of them zero), when any of its sectors are missing and one
// is cut off at any byte, then it is never called damaged, and valid only if it is whole.
TEST(Record, NoTornWriteLooksLikeDamage) {
  base::Random random(2);
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t offset = random.below(130) * record_alignment;
    std::string payload = random_bytes(random, random.below(2000));
    for (char& byte : payload) {
      if (random.chance(50)) byte = '\0';
    }
    const std::string good = segment_with_record(offset, payload);
    std::string torn = good;
    const std::uint64_t sectors = good.size() / sector_bytes + 1;
    const std::uint64_t cut_sector = random.below(sectors);
    for (std::uint64_t s = offset / sector_bytes; s < sectors; ++s) {
      std::uint64_t lost_from = std::max(offset, s * sector_bytes);
      const std::uint64_t end = std::min<std::uint64_t>((s + 1) * sector_bytes, good.size());
      if (s == cut_sector) {
        lost_from += random.below(sector_bytes);
      } else if (random.chance(50)) {
        continue;
      }
      for (std::uint64_t at = lost_from; at < end; ++at) torn[at] = '\0';
    }
    const ParsedRecord record = parse_record(salt, torn, offset);
    ASSERT_NE(record.state, RecordState::damaged) << i;
    ASSERT_TRUE(record.state != RecordState::valid || record.payload == payload) << i;
  }
}

// Given a torn record, when the cut of it is interrupted after any byte, then what remains is still
// no damage.
TEST(Record, AnInterruptedCutIsNoDamage) {
  const std::string good = segment_with_record(64, dense_bytes(100));
  for (std::size_t size = 1; size < record_bytes(100); ++size) {
    std::string cut = good;
    cut.replace(64, size, std::string(size, '\0'));
    const RecordState state = parse_record(salt, cut, 64).state;
    EXPECT_TRUE(state == RecordState::torn || state == RecordState::zero) << size;
  }
}

// Given a record cut off by the end of the file, when it is parsed, then it is refused, whatever
// its header says.
TEST(Record, NeverReachesBeyondItsSegment) {
  std::string segment;
  append_record(salt, {.lsn = 1, .group_first = 1}, dense_bytes(100), segment);
  for (std::size_t size = 0; size < segment.size(); ++size) {
    EXPECT_NE(parse_record(salt, std::string_view(segment).substr(0, size), 0).state,
              RecordState::valid);
  }
}

}  // namespace
}  // namespace rabia::storage
