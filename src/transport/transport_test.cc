// The transport over a network in memory, on virtual time.
#include "transport/transport.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/random.h"
#include "transport/testing/transport_world.h"

namespace rabia::transport {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::host_name;
using testing::Member;
using testing::options_of;
using testing::port;
using testing::Stranger;
using testing::Strings;
using testing::TransportTest;

// Given three members, when opened, then all links come up, and frames go both ways, whole, in
// order, empty ones and large ones too.
TEST_F(TransportTest, MembersConnectAndExchangeFrames) {
  std::vector<std::unique_ptr<Member>> members;
  for (std::uint16_t id = 1; id <= 3; ++id) members.push_back(open(options_of(id, {1, 2, 3})));
  run_for(milliseconds(100));
  for (const auto& member : members) EXPECT_EQ(member->events.size(), 2U);
  const std::string large(1 << 20, 'x');
  members[0]->transport->send({2}, "a");
  members[0]->transport->send({2}, "");
  members[0]->transport->send({2}, large);
  members[0]->transport->send({2}, "b");
  members[2]->transport->send({2}, "c");
  members[1]->transport->send({1}, "d");
  run_for(milliseconds(100));
  EXPECT_EQ(members[0]->received, (Strings{"2:d"}));
  std::stable_sort(members[1]->received.begin(), members[1]->received.end(),
                   [](const auto& a, const auto& b) { return a[0] < b[0]; });
  EXPECT_EQ(members[1]->received, (Strings{"1:a", "1:", "1:" + large, "1:b", "3:c"}));
  const auto stats = members[0]->stats();
  EXPECT_EQ(stats.id, ReplicaId{2});
  EXPECT_TRUE(stats.up);
  EXPECT_EQ(stats.connects, 1U);
  EXPECT_EQ(stats.frames_sent, 4U);
  EXPECT_EQ(stats.bytes_sent, large.size() + 2 + 4 * frame_header_bytes);
  EXPECT_EQ(stats.frames_received, 1U);
}

// Given a network that delivers 1 to 3 bytes at a time, when frames are sent, then they arrive
// whole.
TEST_F(TransportTest, FramesSurviveAnyCuttingOfTheStream) {
  network_.set_piece_bytes_max(3);
  auto one = open(1);
  auto two = open(2);
  ASSERT_TRUE(run_until_up(*one, 2));
  for (int i = 0; i < 20; ++i) one->transport->send({2}, std::string(i, 'x'));
  run_for(milliseconds(50));
  ASSERT_EQ(two->received.size(), 20U);
  for (std::size_t i = 0; i < 20; ++i) EXPECT_EQ(two->received[i], "1:" + std::string(i, 'x'));
}

// Given links that idle for an hour, when heartbeats go, then no link goes down and the round trip
// measured is twice the delay.
TEST_F(TransportTest, IdleLinksStayUpAndMeasureTheRoundTrip) {
  auto one = open(1);
  auto two = open(2);
  network_.set_delay(milliseconds(7));
  run_for(std::chrono::hours(1));
  EXPECT_EQ(one->events, (Strings{"up 2"}));
  EXPECT_EQ(two->events, (Strings{"up 1"}));
  EXPECT_EQ(one->stats().round_trip, milliseconds(14));
  EXPECT_EQ(two->round_trips.back(), milliseconds(14));
}

// Given a connection that breaks, when time passes, then both hear down and then up again, and
// frames sent in between are dropped and counted, those after arrive.
TEST_F(TransportTest, ABrokenLinkComesBack) {
  auto one = open(1);
  auto two = open(2);
  ASSERT_TRUE(run_until_up(*one, 2));
  run_for(milliseconds(10));
  network_.break_connections("m1", "m2");
  executor_.run_ready();
  EXPECT_FALSE(one->transport->up({2}));
  one->transport->send({2}, "lost");
  run_for(milliseconds(100));
  one->transport->send({2}, "after");
  run_for(milliseconds(10));
  EXPECT_EQ(one->events, (Strings{"up 2", "down 2", "up 2"}));
  EXPECT_EQ(two->events, (Strings{"up 1", "down 1", "up 1"}));
  EXPECT_EQ(two->received, (Strings{"1:after"}));
  EXPECT_EQ(one->stats().frames_dropped, 1U);
  EXPECT_EQ(one->stats().connects, 2U);
}

// Given a member that is destroyed and opened again, when time passes, then the other reaches it
// again within the longest wait.
TEST_F(TransportTest, ARestartedMemberIsFoundAgain) {
  auto one = open(1);
  auto two = open(2);
  ASSERT_TRUE(run_until_up(*two, 1));
  one.reset();
  run_for(seconds(30));
  EXPECT_FALSE(two->transport->up({1}));
  one = open(1);
  run_for(milliseconds(1100));
  EXPECT_TRUE(two->transport->up({1}));
  EXPECT_EQ(logged("no connection to peer"), 1);
}

// Given a link that came up after a long search and lived well, when it breaks, then the search is
// quick again.
TEST_F(TransportTest, ALinkOfLongLifeIsRedialledAtOnce) {
  auto two = open(2);
  run_for(seconds(30));
  auto one = open(1);
  ASSERT_TRUE(run_until_up(*two, 1));
  run_for(seconds(10));
  network_.break_connections("m1", "m2");
  run_for(milliseconds(40));
  EXPECT_TRUE(two->transport->up({1}));
  EXPECT_EQ(two->stats().connects, 2U);
}

// Given nobody who keeps a connection, when dialled for ten seconds, then the attempts back off to
// redial_last: not fewer than that, not many more.
TEST_F(TransportTest, DiallingBacksOff) {
  int accepted = 0;
  auto listener = network_.at("m1").listen({"m1", port}, [&](auto) { ++accepted; });
  ASSERT_TRUE(listener.ok());
  auto two = open(2);
  run_for(seconds(10));
  const auto patient = static_cast<int>(seconds(10) / TransportOptions{}.redial_last);
  EXPECT_GE(accepted, patient);
  EXPECT_LE(accepted, 2 * patient + 10);
  EXPECT_TRUE(two->events.empty());
}

// Given a cut in both directions or one, when nothing is heard for silent_after, then both sides
// take the link down; when healed, then it comes back.
TEST_F(TransportTest, SilenceTakesALinkDown) {
  for (const bool both : {true, false}) {
    auto one = open(1);
    auto two = open(2);
    ASSERT_TRUE(run_until_up(*one, 2));
    run_for(milliseconds(50));
    network_.cut("m1", "m2");
    if (both) network_.cut("m2", "m1");
    run_for(milliseconds(400));
    EXPECT_TRUE(one->transport->up({2}));
    run_for(milliseconds(310));
    EXPECT_FALSE(two->transport->up({1}));
    EXPECT_FALSE(one->transport->up({2}));
    network_.heal("m1", "m2");
    network_.heal("m2", "m1");
    run_for(milliseconds(2100));
    EXPECT_EQ(one->events, (Strings{"up 2", "down 2", "up 2"}));
    EXPECT_EQ(two->events, (Strings{"up 1", "down 1", "up 1"}));
  }
}

// Given a process that is stopped for ten seconds and resumed, when it goes on, then it does not
// take its own pause for its peers' silence.
TEST_F(TransportTest, APauseOfThisProcessIsNotSilence) {
  auto one = open(1);
  auto two = open(2);
  ASSERT_TRUE(run_until_up(*one, 2));
  run_for(milliseconds(50));
  executor_.sleep(seconds(10));
  run_for(seconds(2));
  EXPECT_EQ(one->events, (Strings{"up 2"}));
  EXPECT_EQ(two->events, (Strings{"up 1"}));
}

// Given a peer that takes nothing, when frames are sent, then the queue stays within its bound and
// what has no room is dropped and counted, never cut in half.
TEST_F(TransportTest, AFullQueueDropsWholeFramesAndCountsThem) {
  network_.set_buffer_bytes(2000);
  TransportOptions options = options_of(1, {1, 2});
  options.frame_bytes_max = 1024;
  options.queue_bytes_max = 5000;
  auto one = open(options);
  auto two = open(2);
  ASSERT_TRUE(run_until_up(*one, 2));
  run_for(milliseconds(10));
  for (int i = 0; i < 20; ++i) one->transport->send({2}, std::string(991, 'x'));
  EXPECT_EQ(one->stats().frames_sent, 7U);  // 2 in the buffer, 5 in the queue, of 1000 bytes each.
  EXPECT_EQ(one->stats().frames_dropped, 13U);
  run_for(milliseconds(100));
  one->transport->send({2}, "after");
  run_for(milliseconds(10));
  EXPECT_EQ(two->received.size(), 8U);
  EXPECT_EQ(two->received.back(), "1:after");
}

// Given a link, when one frame is sent, then it reaches the stream in one write.
TEST_F(TransportTest, AFrameIsOneWrite) {
  auto one = open(1);
  auto two = stranger_as(hello_of_2());
  const int before = two->deliveries;
  one->transport->send({2}, std::string(1000, 'x'));
  run_for(milliseconds(2));
  EXPECT_EQ(two->deliveries, before + 1);
}

// Given a peer that connects again while its old connection still looks alive, when its hello is
// good, then the old one is closed, down comes before up, and frames use the new one.
TEST_F(TransportTest, ANewConnectionReplacesTheOldOne) {
  auto one = open(1);
  auto old = stranger_as(hello_of_2());
  auto fresh = stranger_as(hello_of_2());
  EXPECT_EQ(one->events, (Strings{"up 2", "down 2", "up 2"}));
  EXPECT_TRUE(old->closed);
  one->transport->send({2}, "hello");
  fresh->say_frame(FrameType::data, "you");
  run_for(milliseconds(10));
  EXPECT_EQ(fresh->heard(FrameType::data), (Strings{"hello"}));
  EXPECT_EQ(one->received, (Strings{"2:you"}));
}

// Given hellos with one thing wrong each, when said twice, then each is refused with its reason,
// which the other side is told, counted twice, logged once; and no link comes up.
TEST_F(TransportTest, WrongHellosAreRefusedToldAndLoggedOnce) {
  auto one = open(options_of(1, {1, 2}));
  one->transport->set_incarnation(5);
  struct Case {
    Hello hello;
    std::string reason;
  };
  const std::vector<Case> cases = {
      {{"red", {2}, {1}, 0, 7}, "other cluster: \"red\", here it is \"blue\""},
      {{"blue", {2}, {3}, 0, 7}, "member 3 was expected here, this is member 1"},
      {{"blue", {9}, {1}, 0, 7}, "member 9 is not one of the members: not added yet, or removed"},
      {{"blue", {1}, {1}, 0, 7}, "two processes say that they are member 1"},
      {{"blue", {2}, {1}, 6, 7}, "other incarnation of the cluster: 6, here it is 5"},
      {{"blue", {0}, {1}, 0, 7}, "malformed hello"},
  };
  std::uint64_t refused = 0;
  for (const Case& wrong : cases) {
    for (int again = 0; again < 2; ++again) {
      const auto other = stranger_as(wrong.hello);
      EXPECT_EQ(other->heard(FrameType::refused), (Strings{wrong.reason}));
      EXPECT_TRUE(other->closed);
      EXPECT_EQ(one->transport->refused(), ++refused);
    }
    EXPECT_EQ(logged("refused a connection"), static_cast<int>(refused / 2)) << wrong.reason;
  }
  EXPECT_TRUE(one->events.empty());
}

// Given a member with a lesser id that dials, when its hello comes, then it is refused: one
// connection for each pair.
TEST_F(TransportTest, TheLesserIdMustNotDial) {
  auto three = open(options_of(3, {2, 3}));
  Stranger two;
  two.connecting =
      network_.at("stranger").connect({"m3", port}, [&](auto result) { two.take(result.take()); });
  run_for(milliseconds(10));
  two.say_hello({"blue", {2}, {3}, 0, 7});
  run_for(milliseconds(10));
  EXPECT_EQ(two.heard(FrameType::refused),
            (Strings{"member 2 must not dial: the greater id does"}));
}

// Given another version of the format, when its preamble comes, then it is refused and told; given
// a first frame that is no hello or too long for one, too.
TEST_F(TransportTest, AHandshakeThatGoesWrongIsRefusedAndTold) {
  auto one = open(1);
  auto version = stranger();
  version->say(std::string("RABIA\r\n\0\x02\x00", 10));
  auto type = stranger();
  type->say(preamble());
  type->say_frame(FrameType::data, "hello");
  auto length = stranger();
  length->say(preamble());
  length->say_frame(FrameType::hello, std::string(handshake_payload_bytes_max + 1, 'x'));
  run_for(milliseconds(10));
  EXPECT_EQ(version->heard(FrameType::refused),
            (Strings{"other version of the frame format, here it is 1"}));
  EXPECT_EQ(type->heard(FrameType::refused), (Strings{"the first frame is not a hello"}));
  EXPECT_EQ(length->heard(FrameType::refused),
            (Strings{"a frame of 1025 bytes is above the limit of 1024"}));
  EXPECT_TRUE(version->closed && type->closed && length->closed);
  EXPECT_EQ(one->transport->refused(), 3U);
}

// Given a live link, when random bytes, a text protocol, and good beginnings with random ends come
// to the peer port, then each of these connections is closed, and the link never notices.
TEST_F(TransportTest, RandomBytesCloseOnlyTheirConnection) {
  auto one = open(1);
  auto two = open(2);
  ASSERT_TRUE(run_until_up(*two, 1));
  base::Random random(5);
  for (int round = 0; round < 100; ++round) {
    std::string bytes(1 + random.below(300), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.next());
    if (round == 0) bytes = "*1\r\n$4\r\nPING\r\n";
    // Behind a preamble a random length within the limit would wait for its bytes: make it large.
    if (round % 3 == 1) bytes = preamble().append(9, '\xff').append(bytes);
    auto other = stranger();
    other->say(bytes);
    run_for(milliseconds(10));
    EXPECT_TRUE(other->closed) << round;
    if (round % 3 != 1) {
      EXPECT_EQ(other->received, "");
    }
  }
  EXPECT_EQ(one->events, (Strings{"up 2"}));
  EXPECT_EQ(two->events, (Strings{"up 1"}));
  EXPECT_EQ(one->transport->refused(), 100U);
}

// Given a peer that, after a good handshake, sends an oversized length, a damaged frame, an unknown
// type, a second hello, or half a frame and an end, then nothing of it is delivered and the link
// goes down.
TEST_F(TransportTest, WhatIsNotAFrameEndsTheLink) {
  auto one = open(1);
  std::string oversized;
  append_frame(oversized, FrameType::data, std::string(2000, 'x'));
  oversized[3] = 0x7f;
  std::string damaged;
  append_frame(damaged, FrameType::data, "payload");
  damaged.back() = 'D';
  std::string unknown;
  append_frame(unknown, static_cast<FrameType>(99), "payload");
  std::string second;
  append_frame(second, FrameType::hello, encode(hello_of_2()));
  std::string half;
  append_frame(half, FrameType::data, "payload");
  half.resize(half.size() - 1);
  for (const std::string& bytes :
       {oversized.substr(0, frame_header_bytes), damaged, unknown, second, half}) {
    one->events.clear();
    auto two = stranger_as(hello_of_2());
    two->say(bytes);
    if (bytes == half) two->stream->close();
    run_for(milliseconds(10));
    EXPECT_EQ(one->events, (Strings{"up 2", "down 2"}));
    EXPECT_TRUE(two->closed || bytes == half);
  }
  EXPECT_TRUE(one->received.empty());
}

// Given two members of different clusters by mistake, when they try for a minute, then each side
// logs it once, and no link comes up.
TEST_F(TransportTest, BothSidesLogAMisconfigurationOnce) {
  auto one = open(1);
  TransportOptions options = options_of(2, {1, 2});
  options.cluster_id = "red";
  auto two = open(options);
  run_for(seconds(60));
  EXPECT_EQ(logged("refused a connection"), 1);
  EXPECT_EQ(logged("refused by peer"), 1);
  EXPECT_GE(one->transport->refused(), 50U);
  EXPECT_TRUE(one->events.empty() && two->events.empty());
}

// Given a dialled member whose answer is that of another member, when compared, then it is refused.
TEST_F(TransportTest, AnAnswerOfTheWrongMemberIsRefused) {
  Stranger answering;
  auto listener = network_.at("m1").listen(
      {"m1", port}, [&](std::unique_ptr<io::Stream> s) { answering.take(std::move(s)); });
  ASSERT_TRUE(listener.ok());
  auto three = open(options_of(3, {1, 2, 3}));
  run_for(milliseconds(5));
  answering.say_hello({"blue", {2}, {3}, 0, 7});
  run_for(milliseconds(5));
  EXPECT_EQ(three->transport->refused(), 1U);
  EXPECT_EQ(logged("member 2 answers at another member's address"), 1);
  EXPECT_TRUE(three->events.empty());
}

// Given more connections than are allowed without a hello, when one more comes, then it is closed;
// when the others have been silent for too long, then they are too, and a peer can connect.
TEST_F(TransportTest, ConnectionsWithoutAHelloAreBoundedInNumberAndTime) {
  TransportOptions options = options_of(1, {1, 2});
  options.pending_handshakes_max = 3;
  auto one = open(options);
  std::vector<std::unique_ptr<Stranger>> idle(4);
  for (auto& each : idle) each = stranger();
  run_for(milliseconds(10));
  EXPECT_TRUE(idle[3]->closed);
  EXPECT_FALSE(idle[0]->closed || idle[1]->closed || idle[2]->closed);
  run_for(milliseconds(2200));
  EXPECT_TRUE(idle[0]->closed && idle[1]->closed && idle[2]->closed);
  EXPECT_EQ(one->transport->refused(), 4U);
  auto two = open(2);
  EXPECT_TRUE(run_until_up(*one, 2));
}

// Given a member that accepts connections and never answers, when dialled, then the dialler gives
// up and tries again.
TEST_F(TransportTest, ADiallerGivesUpOnAMemberThatNeverAnswers) {
  std::vector<std::unique_ptr<io::Stream>> accepted;
  auto listener = network_.at("m1").listen(
      {"m1", port}, [&](std::unique_ptr<io::Stream> s) { accepted.push_back(std::move(s)); });
  ASSERT_TRUE(listener.ok());
  auto two = open(2);
  run_for(seconds(5));
  EXPECT_GE(accepted.size(), 2U);
  listener.value().reset();
  auto one = open(1);
  EXPECT_TRUE(run_until_up(*two, 1));
}

// Given a linked pair, when they come to have the same incarnation, or only one has one, then the
// link stays; when they have different ones, then it goes down and is refused from then on.
TEST_F(TransportTest, DifferentIncarnationsPart) {
  auto one = open(1);
  auto two = open(2);
  ASSERT_TRUE(run_until_up(*one, 2));
  one->transport->set_incarnation(5);
  two->transport->set_incarnation(5);
  network_.break_connections("m1", "m2");
  run_for(seconds(1));
  EXPECT_EQ(one->events, (Strings{"up 2", "down 2", "up 2"}));
  two->transport->set_incarnation(6);
  run_for(seconds(3));
  EXPECT_EQ(one->events.size(), 4U);
  EXPECT_FALSE(one->transport->up({2}));
  EXPECT_GE(one->transport->refused(), 1U);
}

// Given a pong that no ping asked for, or with an impossible stamp, when it comes, then nothing is
// measured and the link stays.
TEST_F(TransportTest, AnInventedPongMeasuresNothing) {
  auto one = open(1);
  auto two = stranger_as(hello_of_2());
  two->say_frame(FrameType::pong, std::string(8, '\x7f'));
  two->say_frame(FrameType::pong, std::string(8, '\0'));
  run_for(milliseconds(10));
  EXPECT_TRUE(one->round_trips.empty());
  EXPECT_EQ(one->events, (Strings{"up 2"}));
}

// Given options that contradict themselves, when opened, then they are refused as invalid.
TEST_F(TransportTest, ContradictoryOptionsAreRefused) {
  const auto code_with = [&](auto spoil) {
    TransportOptions options = options_of(1, {1, 2, 3});
    spoil(options);
    return Transport::open(executor_, network_.at("m1"), options, {}).status().code();
  };
  EXPECT_EQ(code_with([](auto&) {}), Code::ok);
  EXPECT_EQ(code_with([](auto& o) { o.cluster_id = ""; }), Code::invalid_argument);
  EXPECT_EQ(code_with([](auto& o) { o.self = {0}; }), Code::invalid_argument);
  EXPECT_EQ(code_with([](auto& o) { o.peers[0].id = {1}; }), Code::invalid_argument);
  EXPECT_EQ(code_with([](auto& o) { o.peers[0].id = {3}; }), Code::invalid_argument);
  EXPECT_EQ(code_with([](auto& o) { o.queue_bytes_max = 1000; }), Code::invalid_argument);
  EXPECT_EQ(code_with([](auto& o) { o.frame_bytes_max = 1ULL << 32; }), Code::invalid_argument);
  EXPECT_EQ(code_with([](auto& o) { o.silent_after = milliseconds(1); }), Code::invalid_argument);
}

// Given an address in use, when opened, then it fails with the reason.
TEST_F(TransportTest, AnAddressInUseIsRefused) {
  auto one = open(1);
  EXPECT_EQ(
      Transport::open(executor_, network_.at("m1"), options_of(1, {1, 2}), {}).status().code(),
      Code::io_error);
}

}  // namespace
}  // namespace rabia::transport
