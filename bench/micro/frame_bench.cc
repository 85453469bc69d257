// What replicas say to each other, as frames on a byte stream. An item is a message.
#include <string>
#include <string_view>

#include "base/codec.h"
#include "bench/micro/account.h"
#include "consensus/codec.h"
#include "transport/frame.h"

namespace rabia::micro {
namespace {

constexpr std::uint64_t frame_bytes_max = 16 << 20;
constexpr consensus::Incarnation incarnation = 0x1234567890abcdef;

consensus::Message a_batch(std::size_t bytes) {
  return consensus::message::Batch{{1'000'000}, false, base::SharedBytes(std::string(bytes, 'b'))};
}

consensus::Message a_state() {
  const consensus::Round round{1'000'000};
  return consensus::message::State{{2}, {round, round + 1}};
}

// As replica::Outbox and the connection make it: the messages, and a header with their checksum.
void append_messages(std::string& payload, std::string& out, const consensus::Message& message,
                     std::uint64_t count) {
  payload.clear();
  out.clear();
  base::Encoder(payload).fixed(incarnation);
  for (std::uint64_t i = 0; i < count; ++i) consensus::encode(message, payload);
  transport::append_frame(out, transport::FrameType::data, payload);
}

void encode_frame(benchmark::State& state, const consensus::Message& message,
                  std::uint64_t messages) {
  std::string payload;
  std::string out;
  const Account account(state);
  for (auto _ : state) {
    append_messages(payload, out, message, messages);
    benchmark::DoNotOptimize(out.data());
  }
  account.report(messages);
}

// As a connection and replica::Core read it, from bytes that came whole.
void decode_frame(benchmark::State& state, const consensus::Message& message,
                  std::uint64_t messages) {
  std::string payload;
  std::string bytes;
  append_messages(payload, bytes, message, messages);
  transport::FrameReader reader;
  std::uint64_t seen = 0;
  const Account account(state);
  for (auto _ : state) {
    std::string_view input = bytes;
    transport::Frame frame;
    if (reader.next(input, frame_bytes_max, frame) != transport::FrameReader::Step::frame) continue;
    base::Decoder in(frame.payload);
    in.fixed<std::uint64_t>();
    while (in.ok() && in.remaining() > 0) {
      benchmark::DoNotOptimize(consensus::decode_message(in).ok());
      ++seen;
    }
  }
  account.report(messages);
  if (seen != state.iterations() * messages) state.SkipWithError("not every message was seen");
}

void FrameEncodeStates(benchmark::State& state) {
  encode_frame(state, a_state(), static_cast<std::uint64_t>(state.range(0)));
}
BENCHMARK(FrameEncodeStates)->ArgName("messages")->Arg(1)->Arg(8);

void FrameDecodeStates(benchmark::State& state) {
  decode_frame(state, a_state(), static_cast<std::uint64_t>(state.range(0)));
}
BENCHMARK(FrameDecodeStates)->ArgName("messages")->Arg(1)->Arg(8);

void FrameEncodeBatch(benchmark::State& state) {
  encode_frame(state, a_batch(static_cast<std::size_t>(state.range(0))), 1);
}
BENCHMARK(FrameEncodeBatch)->ArgName("batch_bytes")->Arg(100)->Arg(2 << 10)->Arg(64 << 10);

void FrameDecodeBatch(benchmark::State& state) {
  decode_frame(state, a_batch(static_cast<std::size_t>(state.range(0))), 1);
}
BENCHMARK(FrameDecodeBatch)->ArgName("batch_bytes")->Arg(100)->Arg(2 << 10)->Arg(64 << 10);

}  // namespace
}  // namespace rabia::micro
