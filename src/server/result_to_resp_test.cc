#include "server/result_to_resp.h"

#include <gtest/gtest.h>

#include <string>

#include "kv/result.h"

namespace rabia::server {
namespace {

std::string shown(std::string_view result, resp::Protocol protocol = resp::Protocol::resp2) {
  std::string out;
  resp::ReplyWriter reply(out, protocol);
  write_result(result, reply);
  return out;
}

// Given each kind of result, when shown, then its reply.
TEST(ResultToResp, ShowsEveryKind) {
  const auto made = [](auto make) {
    std::string result;
    kv::ResultWriter writer(&result);
    make(writer);
    return result;
  };
  EXPECT_EQ(shown(made([](auto& w) { w.ok(); })), "+OK\r\n");
  EXPECT_EQ(shown(made([](auto& w) { w.nil(); })), "$-1\r\n");
  EXPECT_EQ(shown(made([](auto& w) { w.nil(); }), resp::Protocol::resp3), "_\r\n");
  EXPECT_EQ(shown(made([](auto& w) { w.integer(-7); })), ":-7\r\n");
  EXPECT_EQ(shown(made([](auto& w) { w.bytes("a\r\n"); })), "$3\r\na\r\n\r\n");
  EXPECT_EQ(shown(made([](auto& w) { w.error("ERR no"); })), "-ERR no\r\n");
}

// Given bytes that are not exactly one result, when shown, then one error: replies stay in step.
TEST(ResultToResp, ShowsMalformedBytesAsOneError) {
  const std::string error = "-ERR the store gave a malformed result\r\n";
  for (const std::string_view bytes :
       {std::string_view(""), std::string_view("\x63"),
        std::string_view("\x03\x05"
                         "ab"),
        std::string_view("\0\0", 2), std::string_view("\x04\x01\0", 3)}) {
    EXPECT_EQ(shown(bytes), error);
  }
}

}  // namespace
}  // namespace rabia::server
