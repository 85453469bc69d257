#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "kv/result.h"
#include "kv/result_reader.h"

namespace rabia::kv {
namespace {

// Given one result of each kind, when written and read, then they are equal and nothing is left.
TEST(ResultReader, ReadsBackWhatWasWritten) {
  std::string bytes;
  ResultWriter out(&bytes);
  out.ok();
  out.nil();
  out.integer(std::numeric_limits<std::int64_t>::min());
  out.bytes(std::string_view("a\0b", 3));
  out.error("ERR no");

  ResultReader in(bytes);
  EXPECT_EQ(in.next()->tag, ResultTag::ok);
  EXPECT_EQ(in.next()->tag, ResultTag::nil);
  EXPECT_EQ(in.next()->integer, std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(in.next()->text, std::string_view("a\0b", 3));
  EXPECT_EQ(in.next()->text, "ERR no");
  EXPECT_FALSE(in.next().has_value());
  EXPECT_TRUE(in.complete());
}

// Golden bytes. Source: docs/formats/command.md, "Results".
TEST(ResultWriter, WritesTheDocumentedBytes) {
  std::string bytes;
  ResultWriter out(&bytes);
  out.ok();
  out.nil();
  out.integer(-65);
  out.bytes("hi");
  out.error("E");
  EXPECT_EQ(bytes, std::string("\x00\x01\x02\x81\x01\x03\x02hi\x05\x01"
                               "E",
                               12));
}

TEST(ResultWriter, DropsEverythingWhenNobodyWaits) {
  ResultWriter out(nullptr);
  out.ok();
  out.integer(1);
  out.bytes("x");
  out.error("x");
}

TEST(ResultReader, RefusesMalformedBytes) {
  for (const std::string_view bytes :
       {std::string_view("\x07"), std::string_view("\x06"), std::string_view("\x02"),
        std::string_view("\x03\x05x"), std::string_view("\x04"), std::string_view("\xff")}) {
    ResultReader in(bytes);
    EXPECT_FALSE(in.next().has_value());
    EXPECT_FALSE(in.complete());
    EXPECT_FALSE(in.next().has_value());
  }
}

}  // namespace
}  // namespace rabia::kv
