// Requests out of bytes, and replies as bytes. An item is a command, or a reply.
#include <algorithm>
#include <string>
#include <string_view>

#include "bench/keys.h"
#include "bench/micro/account.h"
#include "resp/parser.h"
#include "resp/writer.h"

namespace rabia::micro {
namespace {

std::string bulk(std::string_view bytes) {
  return "$" + std::to_string(bytes.size()) + "\r\n" + std::string(bytes) + "\r\n";
}

std::string sets(std::uint64_t commands) {
  std::string text;
  for (std::uint64_t i = 0; i < commands; ++i) {
    text += "*3\r\n" + bulk("SET") + bulk(bench::key_of(i)) +
            bulk(std::string(bench::value_bytes, 'v'));
  }
  return text;
}

std::string gets(std::uint64_t commands) {
  std::string text;
  for (std::uint64_t i = 0; i < commands; ++i) {
    text += "*2\r\n" + bulk("GET") + bulk(bench::key_of(i));
  }
  return text;
}

// `text` has so many commands; it comes in pieces of `piece_bytes`, as a socket may give them.
void parse(benchmark::State& state, const std::string& text, std::uint64_t commands,
           std::size_t piece_bytes) {
  const resp::ParserLimits limits;
  resp::RequestParser parser(limits);
  std::uint64_t seen = 0;
  const Account account(state);
  for (auto _ : state) {
    for (std::string_view left = text; !left.empty();) {
      parser.feed(left.substr(0, piece_bytes));
      left.remove_prefix(std::min(piece_bytes, left.size()));
      while (parser.peek() == resp::ParseState::command) {
        benchmark::DoNotOptimize(parser.arguments().data());
        parser.consume();
        ++seen;
      }
      parser.keep_rest();
    }
  }
  account.report(commands);
  if (seen != state.iterations() * commands) state.SkipWithError("not every command was seen");
}

void RespParseSet(benchmark::State& state) {
  const auto commands = static_cast<std::uint64_t>(state.range(0));
  parse(state, sets(commands), commands, std::string::npos);
}
BENCHMARK(RespParseSet)->ArgName("pipeline")->Arg(1)->Arg(16)->Arg(100);

void RespParseGet(benchmark::State& state) {
  const auto commands = static_cast<std::uint64_t>(state.range(0));
  parse(state, gets(commands), commands, std::string::npos);
}
BENCHMARK(RespParseGet)->ArgName("pipeline")->Arg(1)->Arg(16)->Arg(100);

// Commands that lie across two reads: what is left of the first is copied.
void RespParseSetCut(benchmark::State& state) {
  parse(state, sets(100), 100, static_cast<std::size_t>(state.range(0)));
}
BENCHMARK(RespParseSetCut)->ArgName("read_bytes")->Arg(1448)->Arg(100);

void RespWriteOk(benchmark::State& state) {
  std::string out;
  resp::ReplyWriter writer(out, resp::Protocol::resp2);
  const Account account(state);
  for (auto _ : state) {
    out.clear();
    for (int i = 0; i < 16; ++i) writer.ok();
    benchmark::DoNotOptimize(out.data());
  }
  account.report(16);
}
BENCHMARK(RespWriteOk);

void RespWriteBulk(benchmark::State& state) {
  const std::string value(bench::value_bytes, 'v');
  std::string out;
  resp::ReplyWriter writer(out, resp::Protocol::resp2);
  const Account account(state);
  for (auto _ : state) {
    out.clear();
    for (int i = 0; i < 16; ++i) writer.bulk(value);
    benchmark::DoNotOptimize(out.data());
  }
  account.report(16);
}
BENCHMARK(RespWriteBulk);

}  // namespace
}  // namespace rabia::micro
