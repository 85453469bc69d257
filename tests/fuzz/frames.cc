// What a peer, or a stranger, sends to the port of the transport. In whatever pieces it arrives the
// frames are the same, and memory is taken for what arrived only. A transport delivers what it was
// sent in frames that are right, in order, and nothing else.
#include "transport/frame.h"

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "io/log.h"
#include "io/testing/manual_executor.h"
#include "io/testing/memory_network.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/target.h"
#include "transport/handshake.h"
#include "transport/transport.h"

namespace rabia::fuzz {
namespace {

using transport::Frame;
using transport::FrameReader;
using transport::FrameType;
using transport::Hello;
using transport::Transport;

constexpr std::uint64_t payload_bytes_max = 1U << 20;

// A frame whose checksum is right, of any type and with any payload.
std::string frame_from(Input& input) {
  std::string out;
  transport::append_frame(out, static_cast<FrameType>(input.byte()), input.some(60));
  return out;
}

Hello hello_from(Input& input) {
  Hello hello{"blue", {2}, {1}, 0, 77};
  const auto changes = input.byte();
  if ((changes & 1) != 0) hello.cluster_id = input.some(70);
  if ((changes & 2) != 0) hello.sender = {input.number<std::uint16_t>()};
  if ((changes & 4) != 0) hello.receiver = {input.number<std::uint16_t>()};
  if ((changes & 8) != 0) hello.incarnation = input.number<std::uint64_t>();
  if ((changes & 16) != 0) hello.life = input.number<std::uint64_t>();
  return hello;
}

std::string stream_from(Input& input) {
  std::string stream;
  while (!input.empty()) {
    switch (input.byte() % 6) {
      case 0:
        stream += transport::preamble();
        break;
      case 1:
        transport::append_frame(stream, FrameType::hello, transport::encode(hello_from(input)));
        break;
      case 2:
        transport::append_frame(stream, FrameType::data, input.some(60));
        break;
      case 3:
        stream += frame_from(input);
        break;
      case 4:  // One that says another length, or is cut.
        if (std::string frame = frame_from(input); input.flag()) {
          frame[input.below(frame.size())] = static_cast<char>(input.byte());
          stream += frame;
        } else {
          stream += frame.substr(0, input.below(frame.size()));
        }
        break;
      default:
        stream += input.some(60);
    }
  }
  return stream;
}

struct Read {
  std::vector<std::pair<FrameType, std::string>> frames;
  std::string broken;
  friend bool operator==(const Read&, const Read&) = default;
};

void read(FrameReader& reader, std::string_view bytes, Read& to) {
  Frame frame;
  while (to.broken.empty()) {
    const FrameReader::Step step = reader.next(bytes, payload_bytes_max, frame);
    if (step == FrameReader::Step::need_more) break;
    if (step == FrameReader::Step::broken) {
      to.broken = reader.reason();
      RABIA_CHECK(!to.broken.empty());
    } else {
      to.frames.emplace_back(frame.type, frame.payload);
    }
  }
}

void check_reader(std::string_view stream, std::uint64_t seed) {
  Read whole;
  FrameReader at_once;
  read(at_once, stream, whole);
  Read cut;
  FrameReader reader;
  std::size_t arrived = 0;
  in_pieces(stream, seed, [&](std::string_view piece) {
    arrived += piece.size();
    read(reader, piece, cut);
    RABIA_CHECK(reader.memory_bytes() <= 2 * arrived + 1024);
  });
  RABIA_CHECK(whole == cut);
  for (const auto& [type, payload] : whole.frames) {
    if (type != FrameType::hello) continue;
    const Result<Hello> hello = transport::decode_hello(payload);
    if (hello.ok()) RABIA_CHECK(transport::encode(hello.value()) == payload);
  }
}

class Stranger final : public io::StreamHandler {
 public:
  void on_bytes(std::string_view /*bytes*/) override {}
  void on_drained() override {}
  void on_closed(std::string_view /*reason*/) override {}
  std::unique_ptr<io::Stream> stream;
};

// The payloads of all right data frames that lie anywhere behind what the stream begins with.
std::deque<std::string> data_in(std::string_view stream) {
  std::deque<std::string> data;
  if (stream.size() < transport::preamble_bytes) return data;
  Read all;
  FrameReader reader;
  read(reader, stream.substr(transport::preamble_bytes), all);
  for (const auto& [type, payload] : all.frames) {
    if (type == FrameType::data) data.push_back(payload);
  }
  return data;
}

void check_transport(std::string_view stream, std::uint64_t seed) {
  io::testing::ManualExecutor executor;
  io::testing::MemoryNetwork network(executor, seed);
  std::deque<std::string> expected = data_in(stream);
  Transport::Callbacks callbacks;
  callbacks.received = [&](ReplicaId from, std::string_view payload) {
    RABIA_CHECK(from == ReplicaId{2});
    RABIA_CHECK(!expected.empty() && expected.front() == payload);
    expected.pop_front();
  };
  transport::TransportOptions options;
  options.cluster_id = "blue";
  options.self = {1};
  options.listen = {"0.0.0.0", 7000};
  options.peers = {{{2}, {"two", 7000}}};
  auto opened = Transport::open(executor, network.at("one"), options, std::move(callbacks));
  RABIA_CHECK(opened.ok());
  const std::unique_ptr<Transport> transport = opened.take();
  network.set_piece_bytes_max(1 + seed % 100);
  Stranger stranger;
  const auto connecting =
      network.at("stranger").connect({"one", 7000}, [&](Result<std::unique_ptr<io::Stream>> got) {
        RABIA_CHECK(got.ok());
        stranger.stream = got.take();
        stranger.stream->start(stranger);
      });
  executor.run_for(std::chrono::milliseconds(5));
  in_pieces(stream, seed, [&](std::string_view piece) {
    stranger.stream->write(piece);
    executor.run_for(std::chrono::milliseconds(2));
  });
  executor.run_for(std::chrono::seconds(3));  // Silent for too long: nobody is there any more.
  RABIA_CHECK(!transport->up({2}));
}

void run(std::string_view bytes) {
  io::set_log_level(io::Level::off);
  Input input(bytes);
  const auto seed = input.number<std::uint16_t>();
  const std::string stream = stream_from(input);
  check_reader(stream, seed);
  check_transport(stream, seed);
}

std::vector<std::string> seeds() {
  std::vector<std::string> all;
  const std::string hello = InputWriter().byte(0).byte(1).byte(0).bytes();
  all.push_back(InputWriter().below(1).raw(hello).byte(2).some("data").byte(2).some("").bytes());
  all.push_back(InputWriter()
                    .below(40)
                    .raw(hello)
                    .byte(3)
                    .byte(4)
                    .some("12345678")
                    .byte(3)
                    .byte(5)
                    .some("12345678")
                    .byte(2)
                    .some("x")
                    .bytes());
  all.push_back(InputWriter().below(5).raw(hello).byte(3).byte(2).some("no").bytes());
  all.push_back(InputWriter()
                    .below(5)
                    .raw(hello)
                    .byte(4)
                    .byte(3)
                    .some("cut")
                    .byte(1)
                    .below(2)
                    .byte(9)
                    .bytes());
  for (std::uint8_t bit = 1; bit <= 16; bit *= 2) {
    all.push_back(InputWriter().below(9).byte(0).byte(1).byte(bit).some("12345678").bytes());
  }
  all.push_back(InputWriter().below(3).byte(5).some("GET / HTTP/1.1\r\n\r\n").bytes());
  return all;
}

}  // namespace

const Target frames{"frames", run, seeds};

}  // namespace rabia::fuzz
