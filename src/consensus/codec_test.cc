#include "consensus/codec.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace rabia::consensus {
namespace {

std::string hex(std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    text += digits[value >> 4];
    text += digits[value & 15];
  }
  return text;
}

template <typename T>
std::string encoded(const T& value) {
  std::string bytes;
  encode(value, bytes);
  return bytes;
}

const base::SharedBytes some_bytes(std::string("\x01\x02\x03"));
const FoundingVector a_vector{{{1}, {0x11, 0x12}}, {{300}, {0x21, 0x22}}};
const std::string vector_hex =
    "02"
    "01"
    "1100000000000000"
    "1200000000000000"
    "ac02"
    "2100000000000000"
    "2200000000000000";

// One of each kind, with every field away from its default, and its bytes.
struct MessageCase {
  Message message;
  std::string bytes;
};
std::vector<MessageCase> messages() {
  message::Beat beat;
  beat.incarnation = a_vector;
  beat.executed_end = {5};
  beat.in_use_end = {300};
  beat.lane_from = {7};
  beat.floor = {8};
  beat.supports_until = {300};
  beat.lanes = {{{2}, 16, {9}, base::Duration(1000)}};
  beat.nonce = {0x31, 0x32};
  beat.said = {{{1}, {0x41, 0x42}}};
  return {
      {message::Batch{{300}, true, some_bytes},
       "01"
       "ac02"
       "00"
       "01"
       "03"
       "010203"},
      {message::Skip{{{5}, {305}}},
       "02"
       "05"
       "ac02"},
      {message::State{{3}, {{5}, {8}}, 2, Bit::one},
       "03"
       "03"
       "05"
       "03"
       "02"
       "01"},
      {message::CastVote{{3}, {{5}, {6}}, 1, Vote::question},
       "04"
       "03"
       "05"
       "01"
       "01"
       "02"},
      {message::Decided{{300}, {{0}, {1}}, Bit::one},
       "05"
       "ac02"
       "00"
       "01"
       "01"},
      {message::Need{{5}, {9}, {{{6}, {2}}, {{7}, {3}}}},
       "06"
       "05"
       "09"
       "02"
       "0602"
       "0703"},
      {message::NeedEnd{{300}, true},
       "07"
       "ac02"
       "01"},
      {message::BatchCopy{{{6}, {2}}, some_bytes},
       "08"
       "06"
       "02"
       "03"
       "010203"},
      {message::Ask{message::BarrierKind::read, {1, 2}},
       "09"
       "00"
       "0100000000000000"
       "0200000000000000"},
      {message::Answer{message::BarrierKind::rejoin, {1, 2}, {300}},
       "0a"
       "01"
       "0100000000000000"
       "0200000000000000"
       "ac02"},
      {beat, "0b" + vector_hex +
                 "05"
                 "ac02"
                 "07"
                 "08"
                 "ac02"
                 "01"
                 "02"
                 "10"
                 "09"
                 "e807"
                 "3100000000000000"
                 "3200000000000000"
                 "01"
                 "01"
                 "4100000000000000"
                 "4200000000000000"},
      {message::Below{{{300}, 5, 7}},
       "0c"
       "ac02"
       "05"
       "0700000000000000"},
      {message::SnapshotAsk{{{300}, 5, 7}, 300},
       "0d"
       "ac02"
       "05"
       "0700000000000000"
       "ac02"},
      {message::SnapshotPart{{{300}, 5, 7}, 2, some_bytes},
       "0e"
       "ac02"
       "05"
       "0700000000000000"
       "02"
       "03"
       "010203"},
      {message::Digest{{300}, {1, 2}},
       "0f"
       "ac02"
       "0100000000000000"
       "0200000000000000"},
      {message::Published{published::Ask{{300}}},  // The others: published/codec_test.cc.
       "10"
       "06"
       "ac02"},
  };
}

struct RecordCase {
  Record record;
  std::string bytes;
};
std::vector<RecordCase> records() {
  return {
      {record::State{{3}, {{5}, {6}}, 2, Bit::one, some_bytes},
       "01"
       "03"
       "05"
       "01"
       "02"
       "01"
       "01"
       "03"
       "010203"},
      {record::State{{3}, {{5}, {9}}, 1, Bit::zero, {}},
       "01"
       "03"
       "05"
       "04"
       "01"
       "00"
       "00"},
      {record::CastVote{{3}, {{5}, {6}}, 1, Vote::question},
       "02"
       "03"
       "05"
       "01"
       "01"
       "02"},
      {record::Decided{{300}, {{0}, {1}}, Bit::one},
       "03"
       "ac02"
       "00"
       "01"
       "01"},
      {record::Batch{{{6}, {2}}, some_bytes},
       "04"
       "06"
       "02"
       "03"
       "010203"},
      {record::Reserve{{300}},
       "05"
       "ac02"},
      {record::Founding{{1, 2}, a_vector},
       "06"
       "0100000000000000"
       "0200000000000000" +
           vector_hex},
      {record::Boot{"ab", a_vector, {2}, Mode::os, "m"},
       "07"
       "02"
       "6162" +
           vector_hex +
           "02"
           "01"
           "01"
           "6d"
           "00"},
      {record::Boot{"ab", a_vector, {2}, Mode::os, "m", true},
       "07"
       "02"
       "6162" +
           vector_hex +
           "02"
           "01"
           "01"
           "6d"
           "01"},
      {record::CleanStop{}, "08"},
      {record::Checkpoint{{5},
                          {"ab", a_vector, {2}, Mode::os, "m"},
                          {300},
                          {4},
                          {7},
                          {{{{6}, {2}}, some_bytes}},
                          {{{3}, {{5}, {9}}, 1, Bit::zero, {}}},
                          {{{3}, {{5}, {6}}, 1, Vote::question}},
                          {{{2}, {{0}, {1}}, Bit::one}}},
       "09"
       "05"
       "02"
       "6162" +
           vector_hex +
           "02"
           "01"
           "01"
           "6d"
           "00"
           "ac02"
           "04"
           "07"
           "01"
           "0602"
           "03010203"
           "01"
           "0305040100"
           "00"
           "01"
           "0305010102"
           "01"
           "02000101"},
      {record::Rejoin{{300}},
       "0a"
       "ac02"},
  };
}

// Given one message of each kind, when it is encoded, then the bytes are those of
// docs/formats/message.md. A change here is a new version of the format.
TEST(MessageCodec, WritesTheGoldenBytes) {
  const auto all = messages();
  ASSERT_EQ(all.size(), std::variant_size_v<Message>);
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].message.index(), i);
    EXPECT_EQ(hex(encoded(all[i].message)), all[i].bytes) << "message " << i + 1;
  }
}

// Source: docs/formats/record.md.
TEST(RecordCodec, WritesTheGoldenBytes) {
  for (const auto& [record, bytes] : records()) EXPECT_EQ(hex(encoded(record)), bytes);
}

// Given messages one behind the other, when read, then each is what was written, and nothing is
// left.
TEST(MessageCodec, ReadsBackWhatItWrote) {
  std::string bytes;
  for (const auto& [message, golden] : messages()) encode(message, bytes);
  base::Decoder in(bytes);
  for (const auto& [message, golden] : messages()) {
    Result<Message> read = decode_message(in);
    ASSERT_TRUE(read.ok()) << read.status().message();
    EXPECT_EQ(hex(encoded(read.value())), golden);  // Equal bytes: every field was read.
  }
  EXPECT_TRUE(in.complete());
}

TEST(RecordCodec, ReadsBackWhatItWrote) {
  for (const auto& [record, golden] : records()) {
    Result<Record> read = decode_record(encoded(record));
    ASSERT_TRUE(read.ok()) << read.status().message();
    EXPECT_EQ(hex(encoded(read.value())), golden);
  }
}

TEST(MessageCodec, RefusesEveryTruncation) {
  for (const auto& [message, golden] : messages()) {
    const std::string whole = encoded(message);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      base::Decoder in(std::string_view(whole).substr(0, size));
      const Result<Message> read = decode_message(in);
      EXPECT_EQ(read.status().code(), Code::corrupted) << golden << " cut at " << size;
    }
  }
}

TEST(RecordCodec, RefusesEveryTruncationAndWhatIsTooLong) {
  for (const auto& [record, golden] : records()) {
    const std::string whole = encoded(record);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const Result<Record> read = decode_record(std::string_view(whole).substr(0, size));
      EXPECT_EQ(read.status().code(), Code::corrupted) << golden << " cut at " << size;
    }
    EXPECT_EQ(decode_record(whole + '\0').status().code(), Code::corrupted) << golden;
  }
}

// Given a value out of its range, then the message is refused. One case for each range.
TEST(MessageCodec, RefusesValuesOutOfRange) {
  const std::vector<std::pair<const char*, std::string>> cases = {
      {"no such kind", std::string("\x00", 1)},
      {"no such kind", "\x10"},
      {"lane 0", std::string("\x05\x00\x00\x01\x01", 5)},
      {"lane 65536", std::string("\x05\x80\x80\x04\x00\x01\x01", 7)},
      {"decision 2", std::string("\x05\x01\x00\x01\x02", 5)},
      {"state ?", std::string("\x03\x01\x00\x01\x01\x02", 6)},
      {"vote 3", std::string("\x04\x01\x00\x01\x01\x03", 6)},
      {"phase 0", std::string("\x03\x01\x00\x01\x00\x01", 6)},
      {"more than 2^20 rounds", std::string("\x02\x00\x81\x80\x40", 5)},
      {"a round above 2^62", "\x02\x81\x80\x80\x80\x80\x80\x80\x80\x40\x01"},
      {"`after` in use", std::string("\x01\x00\x01\x00\x00", 5)},
      {"more wanted than bytes", std::string("\x06\x00\x00\xff\xff\x03", 6)},
      {"a digest of no batch", std::string("\x0f") + std::string(17, '\0')},
  };
  for (const auto& [what, bytes] : cases) {
    base::Decoder in(bytes);
    EXPECT_EQ(decode_message(in).status().code(), Code::corrupted) << what;
  }
}

TEST(RecordCodec, RefusesValuesOutOfRange) {
  const std::vector<std::pair<const char*, std::string>> cases = {
      {"no such kind", "\x09"},
      {"a batch with state 0", std::string("\x01\x01\x05\x01\x01\x00\x01\x00", 8)},
      {"a batch for two rounds", std::string("\x01\x01\x05\x02\x01\x01\x01\x00", 8)},
      {"mode 3", std::string("\x07\x00\x00\x01\x03\x00", 6)},
  };
  for (const auto& [what, bytes] : cases) {
    EXPECT_EQ(decode_record(bytes).status().code(), Code::corrupted) << what;
  }
}

// Given a vector, then its hash is pinned: it is the cluster's incarnation, and the coin's key.
TEST(Incarnation, IsAHashThatNeverChangesAndIsNeverNone) {
  EXPECT_EQ(incarnation_of({}), 0U);
  EXPECT_NE(incarnation_of(a_vector), 0U);
  EXPECT_EQ(incarnation_of(a_vector), incarnation_of(FoundingVector(a_vector)));
  FoundingVector other = a_vector;
  other[1].nonce.low ^= 1;
  EXPECT_NE(incarnation_of(other), incarnation_of(a_vector));
  EXPECT_EQ(incarnation_of(a_vector), 0x23fa882b0f3c2da5U);
}

}  // namespace
}  // namespace rabia::consensus
