#include "resp/writer.h"

#include <gtest/gtest.h>

#include <limits>

namespace rabia::resp {
namespace {

// Writes with `write` in the given version and returns the bytes.
template <typename Write>
std::string written(Protocol protocol, Write write) {
  std::string out;
  ReplyWriter writer(out, protocol);
  write(writer);
  return out;
}

// Given types that both versions have, when written, then the same bytes in both.
TEST(ReplyWriter, CommonTypesAreEqualInBothVersions) {
  const auto write = [](ReplyWriter& w) {
    w.ok();
    w.integer(-5);
    w.integer(std::numeric_limits<std::int64_t>::min());
    w.bulk("a\r\nb");
    w.bulk("");
    w.array(2);
  };
  const std::string expected =
      "+OK\r\n:-5\r\n:-9223372036854775808\r\n$4\r\na\r\nb\r\n$0\r\n\r\n*2\r\n";
  EXPECT_EQ(written(Protocol::resp2, write), expected);
  EXPECT_EQ(written(Protocol::resp3, write), expected);
}

// Given types of RESP3 only, when written in RESP3, then their own markers.
TEST(ReplyWriter, Resp3HasItsOwnTypes) {
  const std::string out = written(Protocol::resp3, [](ReplyWriter& w) {
    w.null();
    w.null_array();
    w.map(1);
    w.set(2);
    w.push(3);
    w.double_value(1.5);
    w.double_value(-std::numeric_limits<double>::infinity());
    w.boolean(true);
    w.boolean(false);
    w.verbatim("hi");
  });
  EXPECT_EQ(out, "_\r\n_\r\n%1\r\n~2\r\n>3\r\n,1.5\r\n,-inf\r\n#t\r\n#f\r\n=6\r\ntxt:hi\r\n");
}

// Given the same, when written in RESP2, then as Redis writes them there.
TEST(ReplyWriter, Resp2ShowsThemInOlderTypes) {
  const std::string out = written(Protocol::resp2, [](ReplyWriter& w) {
    w.null();
    w.null_array();
    w.map(1);
    w.set(2);
    w.push(3);
    w.double_value(1.5);
    w.boolean(true);
    w.verbatim("hi");
  });
  EXPECT_EQ(out, "$-1\r\n*-1\r\n*2\r\n*2\r\n*3\r\n$3\r\n1.5\r\n:1\r\n$2\r\nhi\r\n");
}

// Given an error that quotes a client's bytes, when written, then it stays one line.
TEST(ReplyWriter, AnErrorIsAlwaysOneLine) {
  const std::string out =
      written(Protocol::resp2, [](ReplyWriter& w) { w.error("ERR got 'a\r\n+OK\r\n'\r\n"); });
  EXPECT_EQ(out, "-ERR got 'a  +OK  '\r\n");
}

}  // namespace
}  // namespace rabia::resp
