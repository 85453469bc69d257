#include "transport/handshake.h"

#include <gtest/gtest.h>

#include <string>

namespace rabia::transport {
namespace {

Hello hello_of(std::uint16_t sender, std::uint16_t receiver) {
  return {"blue", {sender}, {receiver}, 0, sender * 1000ULL};
}

// Given the preamble and a hello, when encoded, then the bytes are those of docs/formats/frame.md.
TEST(Handshake, BytesAreGolden) {
  EXPECT_EQ(preamble(), std::string("RABIA\r\n\0\x01\x00", 10));
  const Hello hello{"blue", {2}, {0x0103}, 0x1122334455667788, 5};
  EXPECT_EQ(encode(hello), std::string("\x04"
                                       "blue"
                                       "\x02\x00"
                                       "\x03\x01"
                                       "\x88\x77\x66\x55\x44\x33\x22\x11"
                                       "\x05\x00\x00\x00\x00\x00\x00\x00",
                                       25));
}

// Given a hello, when encoded and decoded, then it is the same.
TEST(Handshake, HelloRoundTrips) {
  const auto decoded =
      decode_hello(encode({std::string(cluster_id_bytes_max, 'c'), {7}, {65535}, 8, 9}));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded.value().cluster_id, std::string(cluster_id_bytes_max, 'c'));
  EXPECT_EQ(decoded.value().sender, ReplicaId{7});
  EXPECT_EQ(decoded.value().receiver, ReplicaId{65535});
  EXPECT_EQ(decoded.value().incarnation, 8U);
  EXPECT_EQ(decoded.value().life, 9U);
}

// Given a hello that is cut short, too long, or out of range, when decoded, then it is refused.
TEST(Handshake, MalformedHellosAreRefused) {
  const std::string good = encode(hello_of(1, 2));
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(decode_hello(good.substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(decode_hello(good + "x").ok());
  EXPECT_FALSE(decode_hello(encode(hello_of(0, 2))).ok());
  EXPECT_FALSE(decode_hello(encode(hello_of(1, 0))).ok());
  EXPECT_FALSE(
      decode_hello(encode({std::string(cluster_id_bytes_max + 1, 'c'), {1}, {2}, 0, 0})).ok());
  EXPECT_FALSE(decode_hello(encode({"", {1}, {2}, 0, 0})).ok());
  EXPECT_FALSE(decode_hello(encode({"a\nb", {1}, {2}, 0, 0})).ok());
}

// Given any first bytes, when judged, then a wrong byte of the magic shows at once, and the version
// when it is complete.
TEST(Handshake, APreambleIsJudgedAsEarlyAsPossible) {
  const std::string good = preamble();
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(check_preamble(good.substr(0, size)), Preamble::incomplete);
  }
  EXPECT_EQ(check_preamble(good), Preamble::good);
  EXPECT_EQ(check_preamble("*"), Preamble::not_ours);
  EXPECT_EQ(check_preamble("RABIA\n"), Preamble::not_ours);
  EXPECT_EQ(check_preamble(std::string("RABIA\r\n\0\x02\x00", 10)), Preamble::other_version);
}

// Given two members of one cluster, when they compare hellos, then they agree; with an incarnation
// on one side only, too.
TEST(Handshake, MembersOfOneClusterAcceptEachOther) {
  Hello ours = hello_of(1, 2);
  Hello theirs = hello_of(2, 1);
  EXPECT_EQ(reason_to_refuse(ours, theirs), std::nullopt);
  ours.incarnation = 5;
  EXPECT_EQ(reason_to_refuse(ours, theirs), std::nullopt);
  EXPECT_EQ(reason_to_refuse(theirs, ours), std::nullopt);
  theirs.incarnation = 5;
  EXPECT_EQ(reason_to_refuse(ours, theirs), std::nullopt);
}

// Given a hello with one thing wrong, when compared, then the reason says what.
TEST(Handshake, EachMistakeHasItsReason) {
  Hello ours = hello_of(1, 2);
  ours.incarnation = 5;
  const auto reason = [&](auto spoil) {
    Hello theirs = hello_of(2, 1);
    spoil(theirs);
    return reason_to_refuse(ours, theirs).value_or("accepted");
  };
  EXPECT_EQ(reason([](Hello& h) { h.cluster_id = "red"; }),
            "other cluster: \"red\", here it is \"blue\"");
  EXPECT_EQ(reason([](Hello& h) { h.receiver = {3}; }),
            "member 3 was expected here, this is member 1");
  EXPECT_EQ(reason([](Hello& h) { h.incarnation = 6; }),
            "other incarnation of the cluster: 6, here it is 5");
  EXPECT_EQ(reason([](Hello& h) { h.sender = {1}; }), "two processes say that they are member 1");
  EXPECT_EQ(reason([](Hello& h) { h.life = 1000; }), "a connection of member 1 to itself");
}

}  // namespace
}  // namespace rabia::transport
