#include <gtest/gtest.h>

#include "io/network.h"

namespace rabia::io {
namespace {

// Given names, addresses and bracketed IPv6 literals, when parsed and printed, then they come back.
TEST(Endpoint, ParsingAndPrintingRoundTrip) {
  for (const char* text : {"localhost:7000", "127.0.0.1:0", "[::1]:65535", "a.b-c.example:1"}) {
    const auto endpoint = parse_endpoint(text);
    ASSERT_TRUE(endpoint.ok()) << text;
    EXPECT_EQ(to_string(endpoint.value()), text);
  }
  EXPECT_EQ(parse_endpoint("[::1]:5").value(), (Endpoint{"::1", 5}));
}

// Given text that is not HOST:PORT, when parsed, then it is refused as invalid.
TEST(Endpoint, MalformedTextIsRefused) {
  for (const char* text :
       {"", "host", ":1", "host:", "host:x", "host:1x", "host:-1", "host:+1", "host: 1",
        "host:65536", "::1:5", "[::1]", "[]:1", "ho st:1", "host:99999999999999999999"}) {
    EXPECT_EQ(parse_endpoint(text).status().code(), Code::invalid_argument) << text;
  }
}

}  // namespace
}  // namespace rabia::io
