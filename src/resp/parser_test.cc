#include "resp/parser.h"

#include <gtest/gtest.h>

#include <memory>

#include "base/random.h"

namespace rabia::resp {
namespace {

using Request = std::vector<std::string>;

// What a parser made of a stream, until its end or a malformed request.
struct Parsed {
  std::vector<Request> requests;  // A refused one is {"<refused>", error}.
  std::string malformed;
  friend bool operator==(const Parsed&, const Parsed&) = default;
};

void drain(RequestParser& parser, Parsed& parsed) {
  for (;;) {
    switch (parser.peek()) {
      case ParseState::incomplete:
        return;
      case ParseState::command:
        parsed.requests.emplace_back(parser.arguments().begin(), parser.arguments().end());
        break;
      case ParseState::refused:
        parsed.requests.push_back({"<refused>", parser.error()});
        break;
      case ParseState::malformed:
        parsed.malformed = parser.error();
        return;
    }
    parser.consume();
  }
}

// Feeds the stream in pieces of the sizes that `next_size` gives; each piece lies in memory of its
// own that is gone afterwards, so a view kept too long is found by AddressSanitizer.
template <typename NextSize>
Parsed parse_in_pieces(std::string_view stream, const ParserLimits& limits, NextSize next_size) {
  RequestParser parser(limits);
  Parsed parsed;
  while (!stream.empty() && parsed.malformed.empty()) {
    const std::size_t size = std::min<std::size_t>(next_size(), stream.size());
    const auto piece = std::make_unique<std::string>(stream.substr(0, size));
    stream.remove_prefix(size);
    parser.feed(*piece);
    drain(parser, parsed);
    parser.keep_rest();
  }
  return parsed;
}

Parsed parse(std::string_view stream, const ParserLimits& limits = {}) {
  return parse_in_pieces(stream, limits, [&] { return stream.size(); });
}

std::string array_of(const Request& request) {
  std::string out = "*" + std::to_string(request.size()) + "\r\n";
  for (const std::string& argument : request) {
    out += "$" + std::to_string(argument.size()) + "\r\n" + argument + "\r\n";
  }
  return out;
}

// Given arrays of bulk strings with any bytes, when parsed, then the arguments, in order.
TEST(RequestParser, ReadsArraysOfBulkStrings) {
  const Request first = {"SET", "k\r\n", std::string("\0\xff", 2)};
  const Request second = {"PING"};
  const Parsed parsed = parse(array_of(first) + array_of(second) + array_of({"ECHO", ""}));
  EXPECT_EQ(parsed.requests, (std::vector<Request>{first, second, {"ECHO", ""}}));
}

// Given empty requests, when parsed, then they are passed over without an answer.
TEST(RequestParser, PassesOverEmptyRequests) {
  const Parsed parsed = parse("*0\r\n\r\n*-1\r\n  \r\n\nPING\r\n");
  EXPECT_EQ(parsed.requests, (std::vector<Request>{{"PING"}}));
}

// Given inline commands with quotes, when parsed, then words as Redis splits them.
TEST(RequestParser, SplitsInlineRequestsAsRedisDoes) {
  const auto words = [](std::string_view line) {
    const Parsed parsed = parse(std::string(line) + "\r\n");
    return parsed.requests.empty() ? Request{} : parsed.requests.front();
  };
  EXPECT_EQ(words("set  a\tb"), (Request{"set", "a", "b"}));
  EXPECT_EQ(words(R"(a "b c" 'd e')"), (Request{"a", "b c", "d e"}));
  EXPECT_EQ(words(R"("\x41\n\r\t\b\a\"\\\q\xzz")"), (Request{"A\n\r\t\b\a\"\\qxzz"}));
  EXPECT_EQ(words(R"('it\'s \n')"), (Request{"it's \\n"}));
  EXPECT_EQ(words(R"(x"y z" "" '')"), (Request{"xy z", "", ""}));
}

// Given quotes that are not closed, or closed in a word, when parsed, then a protocol error.
TEST(RequestParser, RefusesUnbalancedQuotes) {
  for (const char* line : {"\"a\n", "'a\n", "\"a\"b\n", "'a'b\n", "\"a\\\n"}) {
    EXPECT_EQ(parse(line).malformed, "ERR Protocol error: unbalanced quotes in request") << line;
  }
}

// Given what Redis refuses, when parsed, then Redis's words.
TEST(RequestParser, NamesProtocolErrorsAsRedisDoes) {
  const auto error = [](const std::string& stream) { return parse(stream).malformed; };
  const std::string prefix = "ERR Protocol error: ";
  EXPECT_EQ(error("*x\r\n"), prefix + "invalid multibulk length");
  EXPECT_EQ(error("*\r\n"), prefix + "invalid multibulk length");
  EXPECT_EQ(error("*2147483648\r\n"), prefix + "invalid multibulk length");
  EXPECT_EQ(error("*1\r\n$-1\r\n"), prefix + "invalid bulk length");
  EXPECT_EQ(error("*1\r\n$+1\r\n"), prefix + "invalid bulk length");
  EXPECT_EQ(error("*1\r\n$536870913\r\n"), prefix + "invalid bulk length");
  EXPECT_EQ(error("*1\r\nx\r\n"), prefix + "expected '$', got 'x'");
  EXPECT_EQ(error(std::string(70'000, 'a')), prefix + "too big inline request");
  EXPECT_EQ(error("*" + std::string(70'000, '1')), prefix + "too big mbulk count string");
  EXPECT_EQ(error("*1\r\n$" + std::string(70'000, '1')), prefix + "too big bulk count string");
}

// Given a client that has not authenticated, when it sends more than Redis allows it, then the
// connection ends; what is small passes.
TEST(RequestParser, HoldsUnauthenticatedClientsToSmallRequests) {
  const auto error = [](std::string_view stream) {
    const ParserLimits limits;
    RequestParser parser(limits);
    parser.set_unauthenticated(true);
    Parsed parsed;
    parser.feed(stream);
    drain(parser, parsed);
    return parsed.malformed;
  };
  EXPECT_EQ(error("*10\r\n$16384\r\n"), "");
  EXPECT_EQ(error("*11\r\n"), "ERR Protocol error: unauthenticated multibulk length");
  EXPECT_EQ(error("*1\r\n$16385\r\n"), "ERR Protocol error: unauthenticated bulk length");
}

// A stream with every kind of request in it, some above the limits.
std::string mixed_stream(base::Random& random, const ParserLimits& limits) {
  std::string stream;
  for (int i = 0; i < 40; ++i) {
    switch (random.below(5)) {
      case 0:
        stream += "set \"a b\" 'c'\r\n";
        break;
      case 1:
        stream += "\r\n*0\r\n";
        break;
      case 2:
        stream += array_of({"SET", "k", std::string(limits.argument_bytes_max + 1, '$')});
        break;
      case 3:
        stream += array_of(Request(40, "xxxxxxxx"));
        break;
      default:
        stream += array_of({"SET", std::string(random.below(20), '\r'), "*1\r\n$1\r\n"});
    }
  }
  return stream;
}

// Given one stream, when it arrives in pieces of any sizes, then the requests are the same.
TEST(RequestParser, PiecesDoNotChangeTheRequests) {
  const ParserLimits limits{.argument_bytes_max = 100, .command_bytes_max = 400};
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    base::Random random(seed);
    const std::string stream = mixed_stream(random, limits);
    const Parsed whole = parse(stream, limits);
    EXPECT_TRUE(whole.malformed.empty());
    EXPECT_EQ(parse_in_pieces(stream, limits, [] { return 1; }), whole);
    EXPECT_EQ(parse_in_pieces(stream, limits, [&] { return 1 + random.below(60); }), whole);
  }
}

// Given any bytes at all, when parsed whole and byte by byte, then the same requests and the same
// end.
TEST(RequestParser, AnyBytesParseAlikeHoweverTheyArrive) {
  const std::string_view alphabet = "*$123\r\n\"'\\x ab";
  const ParserLimits limits{.argument_bytes_max = 20, .command_bytes_max = 100};
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    base::Random random(seed);
    std::string stream;
    for (int i = 0; i < 60; ++i) stream += alphabet[random.below(alphabet.size())];
    EXPECT_EQ(parse_in_pieces(stream, limits, [] { return 1; }), parse(stream, limits)) << stream;
  }
}

// Given a request above the limits but legal for Redis, when it streams in, then one error names
// the limit, the next request is served, and the parser never held the bytes.
TEST(RequestParser, SkipsWhatIsTooLargeWithoutKeepingIt) {
  const ParserLimits limits{.argument_bytes_max = 1000, .command_bytes_max = 2000};
  RequestParser parser(limits);
  Parsed parsed;
  const auto feed = [&](std::string_view bytes) {
    parser.feed(bytes);
    drain(parser, parsed);
    parser.keep_rest();
  };
  feed("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$10000000\r\n");
  const std::string piece(10'000, 'v');
  for (int i = 0; i < 1000; ++i) {
    feed(piece);
    ASSERT_LT(parser.allocated_bytes(), 4096U);
  }
  feed("\r\nPING\r\n");
  ASSERT_EQ(parsed.requests.size(), 2U);
  EXPECT_EQ(parsed.requests[0][1],
            "ERR argument of 10000000 bytes is too large: at most 1000 are accepted, nothing was "
            "executed");
  EXPECT_EQ(parsed.requests[1], Request{"PING"});
}

// Given a command whose arguments are small but together too large, then it is refused too.
TEST(RequestParser, RefusesACommandOfTooManyArguments) {
  const ParserLimits limits{.argument_bytes_max = 1000, .command_bytes_max = 2000};
  const Parsed parsed = parse(array_of(Request(1000, "")) + "PING\r\n", limits);
  ASSERT_EQ(parsed.requests.size(), 2U);
  EXPECT_EQ(parsed.requests[0][1],
            "ERR command is too large: at most 2000 bytes are accepted, nothing was executed");
}

// Given headers that announce much, when nothing follows, then nothing is allocated for it.
TEST(RequestParser, AnnouncementsAllocateNothing) {
  const ParserLimits limits{.argument_bytes_max = 512ULL << 20, .command_bytes_max = 1ULL << 30};
  RequestParser parser(limits);
  parser.feed("*1000000000\r\n$536870912\r\nabc");
  EXPECT_EQ(parser.peek(), ParseState::incomplete);
  parser.keep_rest();
  EXPECT_LT(parser.allocated_bytes(), 2048U);
}

// Given a large bulk in many small pieces, then its memory grows with what came (at most doubled).
TEST(RequestParser, MemoryFollowsTheBytesReceived) {
  const ParserLimits limits;
  RequestParser parser(limits);
  const std::string header = "*1\r\n$4000000\r\n";
  parser.feed(header);
  EXPECT_EQ(parser.peek(), ParseState::incomplete);
  parser.keep_rest();
  const std::string piece(1000, 'x');
  for (std::size_t i = 1; i <= 4000; ++i) {
    parser.feed(piece);
    EXPECT_EQ(parser.peek(), ParseState::incomplete);
    parser.keep_rest();
    ASSERT_LE(parser.allocated_bytes(), 2 * (header.size() + i * piece.size()) + 2048);
  }
  parser.feed("\r\n");
  ASSERT_EQ(parser.peek(), ParseState::command);
  EXPECT_EQ(parser.arguments()[0].size(), 4'000'000U);
}

// Given commands of the same shape again and again, then the parser's memory no longer changes.
TEST(RequestParser, SteadyStateAllocatesNothing) {
  const ParserLimits limits;
  RequestParser parser(limits);
  const std::string stream = array_of({"SET", "key", std::string(100, 'v')});
  std::size_t allocated = 0;
  for (int i = 0; i < 100; ++i) {
    parser.feed(stream);
    ASSERT_EQ(parser.peek(), ParseState::command);
    parser.consume();
    ASSERT_EQ(parser.peek(), ParseState::incomplete);
    parser.keep_rest();
    if (i == 0) allocated = parser.allocated_bytes();
    ASSERT_EQ(parser.allocated_bytes(), allocated);
  }
  EXPECT_LT(allocated, 512U);
}

// Given a large request that has been served, when the connection is idle, then its memory is
// freed.
TEST(RequestParser, AnIdleParserHoldsLittle) {
  const ParserLimits limits;
  RequestParser parser(limits);
  const std::string stream = array_of(Request(10'000, "argument"));
  parser.feed(std::string_view(stream).substr(0, stream.size() - 1));
  EXPECT_EQ(parser.peek(), ParseState::incomplete);
  parser.keep_rest();
  parser.feed("\n");
  ASSERT_EQ(parser.peek(), ParseState::command);
  parser.consume();
  parser.keep_rest();
  EXPECT_LT(parser.allocated_bytes(), 2048U);
}

// Given a command that is not consumed, when more bytes come and buffers move, then it is shown
// again.
TEST(RequestParser, ShowsACommandUntilItIsConsumed) {
  const ParserLimits limits;
  RequestParser parser(limits);
  auto piece = std::make_unique<std::string>("*2\r\n$4\r\nECHO\r\n$2\r\nhi\r\n*1\r\n$4\r\nPI");
  parser.feed(*piece);
  ASSERT_EQ(parser.peek(), ParseState::command);
  parser.keep_rest();
  piece.reset();
  parser.feed("NG\r\n");
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(parser.peek(), ParseState::command);
    EXPECT_EQ(Request(parser.arguments().begin(), parser.arguments().end()),
              (Request{"ECHO", "hi"}));
    parser.keep_rest();
  }
  ASSERT_EQ(parser.peek(), ParseState::command);
  parser.consume();
  ASSERT_EQ(parser.peek(), ParseState::command);
  EXPECT_EQ(parser.arguments()[0], "PING");
}

}  // namespace
}  // namespace rabia::resp
