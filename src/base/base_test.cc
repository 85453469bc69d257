#include <gtest/gtest.h>

#include <string>

#include "base/codec.h"
#include "base/hash.h"
#include "base/random.h"
#include "rabia/ids.h"
#include "rabia/state_machine.h"

namespace rabia::base {
namespace {

// Given names of clusters, then each is valid that is short enough and has allowed characters only.
TEST(ClusterId, IsAShortNameOfLettersDigitsDotsAndDashes) {
  for (const char* name : {"a", "orders", "Orders-2.eu_west", "0"}) {
    EXPECT_TRUE(is_valid_cluster_id(name)) << name;
  }
  EXPECT_TRUE(is_valid_cluster_id(std::string(cluster_id_bytes_max, 'x')));
  EXPECT_FALSE(is_valid_cluster_id(std::string(cluster_id_bytes_max + 1, 'x')));
  EXPECT_FALSE(is_valid_cluster_id(std::string_view("a\0b", 3)));
  for (const char* name : {"", "a b", "a/b", "a\nmember 4", "\xc3\xa9"}) {
    EXPECT_FALSE(is_valid_cluster_id(name)) << name;
  }
}

// Given integers at the borders of each length, when written and read back, then they are equal and
// nothing is left.
TEST(Codec, ReadsBackWhatItWrote) {
  std::string bytes;
  Encoder out(bytes);
  for (int bit = 0; bit < 64; ++bit) {
    out.varint((std::uint64_t{1} << bit) - 1);
    out.varint(std::uint64_t{1} << bit);
  }
  out.varint(~std::uint64_t{0});
  out.fixed<std::uint32_t>(0xdeadbeef);
  out.bytes(std::string_view("a\0b", 3));

  Decoder in(bytes);
  for (int bit = 0; bit < 64; ++bit) {
    EXPECT_EQ(in.varint(), (std::uint64_t{1} << bit) - 1);
    EXPECT_EQ(in.varint(), std::uint64_t{1} << bit);
  }
  EXPECT_EQ(in.varint(), ~std::uint64_t{0});
  EXPECT_EQ(in.fixed<std::uint32_t>(), 0xdeadbeef);
  EXPECT_EQ(in.bytes(), std::string_view("a\0b", 3));
  EXPECT_TRUE(in.complete());
}

// Given any prefix of an encoding, when read, then it is refused and no byte beyond it is touched.
TEST(Codec, RefusesEveryTruncation) {
  std::string bytes;
  Encoder out(bytes);
  out.fixed<std::uint64_t>(1);
  out.bytes(std::string(300, 'x'));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const std::string cut = bytes.substr(0, size);
    Decoder in(cut);
    in.fixed<std::uint64_t>();
    EXPECT_TRUE(in.bytes().empty());
    EXPECT_FALSE(in.ok());
  }
}

TEST(Codec, RefusesAVarintOfMoreThan64Bits) {
  Decoder eleven_bytes("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
  EXPECT_EQ(eleven_bytes.varint(), 0U);
  EXPECT_FALSE(eleven_bytes.ok());
  Decoder overflow("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02");
  overflow.varint();
  EXPECT_FALSE(overflow.ok());
}

// Source: RFC 3720, appendix B.4 (CRC-32C test vectors).
TEST(Crc32c, AgreesWithThePublishedVectors) {
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aaU);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43U);
  EXPECT_EQ(crc32c("123456789"), 0xe3069283U);
  EXPECT_EQ(crc32c("6789", crc32c("12345")), 0xe3069283U);
}

// Source: xxhsum -H128 of the same bytes; the seeded one from libxxhash itself.
TEST(Hash128, NeverChanges) {
  EXPECT_EQ(hash128("").high, 0x99aa06d3014798d8U);
  EXPECT_EQ(hash128("").low, 0x6001c324468d497fU);
  EXPECT_EQ(hash128("a").high, 0xa96faf705af16834U);
  EXPECT_EQ(hash128("a").low, 0xe6c632b61e964e1fU);
  EXPECT_EQ(hash128("a", 7).high, 0xceb2adbcec78c249U);
  EXPECT_EQ(hash128("a", 7).low, 0x9ed5888bc5a2a094U);
}

// Given bytes in random pieces, when they are hashed as a stream, then at every piece the hash is
// that of all of them at once.
TEST(StreamHash64, AgreesWithHash64OverAnyPieces) {
  Random random(1);
  for (int run = 0; run < 50; ++run) {
    std::string all;
    StreamHash64 stream;
    EXPECT_EQ(stream.value(), hash64(""));
    for (int piece = 0; piece < 10; ++piece) {
      const std::string bytes(random.below(700), static_cast<char>(random.next()));
      all += bytes;
      stream.add(bytes);
      ASSERT_EQ(stream.value(), hash64(all));
    }
  }
}

TEST(StateDigest, AsTextIsThirtyTwoDigitsTheHighHalfFirst) {
  EXPECT_EQ(to_string({}), "00000000000000000000000000000000");
  EXPECT_EQ(to_string({0xab, 0xfedcba9876543210}), "00000000000000abfedcba9876543210");
}

TEST(Random, EqualSeedsGiveEqualSequences) {
  Random a(7);
  Random b(7);
  Random c(8);
  const std::uint64_t first = a.next();
  EXPECT_EQ(first, b.next());
  EXPECT_NE(first, c.next());
}

}  // namespace
}  // namespace rabia::base
