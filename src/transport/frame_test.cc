#include "transport/frame.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/random.h"

namespace rabia::transport {
namespace {

constexpr std::uint64_t limit = 1 << 20;

std::string frame_of(FrameType type, std::string_view payload) {
  std::string out;
  append_frame(out, type, payload);
  return out;
}

// Feeds `bytes` in pieces of `piece` and gives the payloads that came out; stops when broken.
std::vector<std::string> read_all(std::string_view bytes, std::size_t piece,
                                  bool* broken = nullptr) {
  std::vector<std::string> payloads;
  FrameReader reader;
  Frame frame;
  while (!bytes.empty()) {
    std::string_view input = bytes.substr(0, piece);
    bytes.remove_prefix(input.size());
    FrameReader::Step step{};
    while ((step = reader.next(input, limit, frame)) == FrameReader::Step::frame) {
      payloads.emplace_back(frame.payload);
    }
    if (step == FrameReader::Step::broken) {
      if (broken != nullptr) *broken = true;
      return payloads;
    }
    EXPECT_TRUE(input.empty());
  }
  return payloads;
}

// Given a payload, when framed, then the bytes are those of docs/formats/frame.md, for ever.
TEST(Frame, BytesAreGolden) {
  EXPECT_EQ(frame_of(FrameType::data, "rabia"), std::string("\x05\x00\x00\x00"
                                                            "\x5d\xf2\xac\xb9"
                                                            "\x03"
                                                            "rabia",
                                                            14));
}

// Given frames of all sizes, empty ones among them, when they arrive in pieces of any size, then
// the same frames come out, in order.
TEST(Frame, AnyCutOfTheStreamGivesTheSameFrames) {
  std::vector<std::string> payloads;
  std::string bytes;
  for (const std::size_t size : {0, 1, 8, 9, 10, 300, 5000, 0, 2}) {
    payloads.emplace_back(size, static_cast<char>('a' + payloads.size()));
    append_frame(bytes, FrameType::data, payloads.back());
  }
  for (std::size_t piece = 1; piece <= 40; ++piece) EXPECT_EQ(read_all(bytes, piece), payloads);
  EXPECT_EQ(read_all(bytes, bytes.size()), payloads);
  EXPECT_EQ(read_all(bytes, 4096), payloads);
}

// Given a frame, when any one of its bits is flipped, then nothing that differs from it comes out.
TEST(Frame, AFlippedBitIsNeverDelivered) {
  const std::string good = frame_of(FrameType::data, "payload") + frame_of(FrameType::data, "next");
  const std::size_t first_bytes = frame_header_bytes + 7;
  for (std::size_t bit = 0; bit < first_bytes * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_TRUE(read_all(bad, bad.size()).empty()) << bit;
    EXPECT_TRUE(read_all(bad, 3).empty()) << bit;
  }
}

// Given a length above the limit, when only the header has arrived, then it is broken at once.
TEST(Frame, AnOversizedLengthIsRefusedBeforeItsBytes) {
  std::string bytes = frame_of(FrameType::data, std::string(limit, 'x'));
  EXPECT_EQ(read_all(bytes, 4096).size(), 1U);
  bytes = frame_of(FrameType::data, std::string(limit + 1, 'x')).substr(0, frame_header_bytes);
  for (const std::size_t piece : {1U, 4U, 9U}) {
    bool broken = false;
    EXPECT_TRUE(read_all(bytes, piece, &broken).empty());
    EXPECT_TRUE(broken);
  }
}

// Given a header that announces a frame at the limit, when few bytes follow, then little memory is
// held; when all came and were delivered, then it is given back.
TEST(Frame, MemoryGrowsWithTheBytesThatArrived) {
  const std::string bytes = frame_of(FrameType::data, std::string(limit, 'x'));
  FrameReader reader;
  Frame frame;
  std::string_view input = std::string_view(bytes).substr(0, 1000);
  ASSERT_EQ(reader.next(input, limit, frame), FrameReader::Step::need_more);
  EXPECT_LE(reader.memory_bytes(), 4000U);
  input = std::string_view(bytes).substr(1000);
  ASSERT_EQ(reader.next(input, limit, frame), FrameReader::Step::frame);
  ASSERT_EQ(reader.next(input, limit, frame), FrameReader::Step::need_more);
  EXPECT_LE(reader.memory_bytes(), limit / 2);
}

// Given random bytes, when read, then nothing comes out (a checksum guards it) and nothing breaks.
TEST(Frame, RandomBytesGiveNoFrame) {
  base::Random random(1);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random.below(200), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.next());
    if (bytes.size() > 3 && random.chance(50)) bytes[1] = bytes[2] = bytes[3] = 0;  // Short length.
    EXPECT_TRUE(read_all(bytes, 1 + random.below(50)).empty());
  }
}

}  // namespace
}  // namespace rabia::transport
