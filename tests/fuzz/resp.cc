// Requests of clients. In whatever pieces bytes arrive, the requests are the same; what a parser
// holds is bounded by what has arrived; a request that is written again is read as the same.
#include "resp/parser.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/target.h"

namespace rabia::fuzz {
namespace {

using resp::ParserLimits;
using resp::ParseState;
using resp::RequestParser;

struct Said {
  ParseState state{};
  std::vector<std::string> arguments;
  std::string error;
  friend bool operator==(const Said&, const Said&) = default;
};

// False: nothing can follow.
bool drain(RequestParser& parser, std::vector<Said>& said) {
  for (;;) {
    const ParseState state = parser.peek();
    if (state == ParseState::incomplete) return true;
    RABIA_CHECK(parser.peek() == state);
    if (state == ParseState::command) {
      RABIA_CHECK(!parser.arguments().empty());
      said.push_back({state, {parser.arguments().begin(), parser.arguments().end()}, ""});
    } else {
      RABIA_CHECK(!parser.error().empty());
      said.push_back({state, {}, parser.error()});
    }
    if (state == ParseState::malformed) return false;
    parser.consume();
  }
}

std::vector<Said> parse(std::string_view bytes, const ParserLimits& limits, bool unauthenticated) {
  RequestParser parser(limits);
  parser.set_unauthenticated(unauthenticated);
  std::vector<Said> said;
  parser.feed(bytes);
  drain(parser, said);
  return said;
}

std::vector<Said> parse_in_pieces(std::string_view bytes, std::uint64_t seed,
                                  const ParserLimits& limits, bool unauthenticated) {
  RequestParser parser(limits);
  parser.set_unauthenticated(unauthenticated);
  std::vector<Said> said;
  bool open = true;
  std::size_t arrived = 0;
  in_pieces(bytes, seed, [&](std::string_view piece) {
    if (!open) return;
    arrived += piece.size();
    parser.feed(piece);
    open = drain(parser, said);
    parser.keep_rest();
    RABIA_CHECK(parser.allocated_bytes() <= 32 * arrived + (64U << 10));
  });
  return said;
}

std::string request(const std::vector<std::string>& arguments) {
  std::string out = "*" + std::to_string(arguments.size()) + "\r\n";
  for (const std::string& each : arguments) {
    out += "$" + std::to_string(each.size()) + "\r\n" + each + "\r\n";
  }
  return out;
}

void run(std::string_view bytes) {
  Input input(bytes);
  const auto seed = input.number<std::uint16_t>();
  const bool unauthenticated = input.flag();
  ParserLimits limits;
  if (input.flag()) {
    limits.argument_bytes_max = input.number<std::uint16_t>();
    limits.command_bytes_max = limits.argument_bytes_max + input.number<std::uint16_t>();
  }
  const std::string_view stream = input.rest();
  const std::vector<Said> said = parse(stream, limits, unauthenticated);
  RABIA_CHECK(said == parse_in_pieces(stream, seed, limits, unauthenticated));
  for (const Said& each : said) {
    if (each.state != ParseState::command) continue;
    RABIA_CHECK(parse(request(each.arguments), {}, false) == std::vector<Said>{each});
  }
}

std::vector<std::string> seeds() {
  const std::string streams[] = {
      request({"SET", "key", std::string("\0\r\n\xff", 4)}) + request({"GET", "key"}),
      "SET key \"quoted \\x41\\n\" 'single \\''\r\nPING\r\n\r\nGET a\n",
      "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$5000\r\n" + std::string(5000, 'x') +
          "\r\n*1\r\n$4\r\nPING\r\n",
      "*0\r\n*-1\r\n*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nGET\r\n$-1\r\n",
      "*1048576\r\n$3\r\nDEL\r\n",
      "*1\r\n$99999999999999999999\r\n",
      "GET \"unbalanced\r\n",
  };
  std::vector<std::string> all;
  for (const std::string& stream : streams) {
    all.push_back(InputWriter().below(7).byte(0).byte(0).raw(stream).bytes());
    all.push_back(InputWriter().below(9).byte(1).byte(0).raw(stream).bytes());
    all.push_back(InputWriter().below(3).byte(0).byte(1).below(64).below(64).raw(stream).bytes());
  }
  return all;
}

}  // namespace

const Target resp{"resp", run, seeds};

}  // namespace rabia::fuzz
