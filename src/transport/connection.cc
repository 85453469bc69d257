#include "transport/connection.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/codec.h"

namespace rabia::transport {
namespace {

constexpr std::size_t ping_bytes = 8;
// Larger payloads are written as they lie: a second call is cheaper than the copy.
constexpr std::size_t copied_payload_bytes_max = 64 << 10;

}  // namespace

Connection::Connection(Shared& shared, std::unique_ptr<io::Stream> stream)
    : shared_(shared),
      stream_(std::move(stream)),
      started_(shared.executor.now()),
      last_heard_(started_) {}

void Connection::start() {
  stream_->start(*this);
}

void Connection::say_hello(const Hello& hello) {
  RABIA_CHECK(!said_preamble_);
  said_preamble_ = true;
  std::string out = preamble();
  append_frame(out, FrameType::hello, encode(hello));
  stream_->write(out);
}

void Connection::accept() {
  RABIA_CHECK(phase_ == Phase::hello && said_preamble_);
  phase_ = Phase::frames;
}

void Connection::refuse(std::string_view reason) {
  if (phase_ == Phase::closed) return;
  std::string out = said_preamble_ ? std::string() : preamble();
  append_frame(out, FrameType::refused, reason.substr(0, reason_bytes_max));
  stream_->write(out);
  close();
}

void Connection::close() {
  phase_ = Phase::closed;
  stream_->close();
}

bool Connection::send(FrameType type, std::string_view payload) {
  RABIA_CHECK(payload.size() <= shared_.frame_bytes_max);
  const std::uint64_t size = frame_header_bytes + payload.size();
  if (phase_ != Phase::frames || stream_->unsent() + size > shared_.queue_bytes_max) return false;
  const auto header = frame_header(type, payload);
  const std::string_view header_bytes(header.data(), header.size());
  if (payload.size() > copied_payload_bytes_max) {
    stream_->write(header_bytes);
    stream_->write(payload);
  } else {
    shared_.scratch.assign(header_bytes);
    shared_.scratch.append(payload);
    stream_->write(shared_.scratch);
  }
  return true;
}

void Connection::ping() {
  const auto now = shared_.executor.now().time_since_epoch().count();
  char stamp[ping_bytes];
  std::memcpy(stamp, &now, ping_bytes);
  // Without room in the queue there is enough under way to be heard by.
  (void)send(FrameType::ping, {stamp, ping_bytes});
}

void Connection::on_bytes(std::string_view bytes) {
  last_heard_ = shared_.executor.now();
  const auto self = shared_from_this();
  if (phase_ == Phase::preamble && !take_preamble(bytes)) return;
  Frame frame;
  while (phase_ != Phase::closed) {
    const bool greeting = phase_ != Phase::frames;
    const std::uint64_t most = greeting ? handshake_payload_bytes_max : shared_.frame_bytes_max;
    const FrameReader::Step step = reader_.next(bytes, most, frame);
    if (step == FrameReader::Step::need_more) return;
    if (step == FrameReader::Step::frame) {
      take_frame(frame);
    } else if (greeting) {
      refuse_by_itself(reader_.reason());
    } else {
      end(End::lost, reader_.reason());
    }
  }
}

void Connection::on_closed(std::string_view reason) {
  end(End::lost, std::string(reason));
}

// True when the preamble is complete and good.
bool Connection::take_preamble(std::string_view& bytes) {
  const std::size_t taken = std::min(preamble_bytes - seen_preamble_.size(), bytes.size());
  seen_preamble_.append(bytes.substr(0, taken));
  bytes.remove_prefix(taken);
  switch (check_preamble(seen_preamble_)) {
    case Preamble::incomplete:
      return false;
    case Preamble::good:
      phase_ = Phase::hello;
      return true;
    case Preamble::not_ours:
      end(End::refused_here, "does not speak the protocol of peers");
      return false;
    case Preamble::other_version:
      refuse_by_itself("other version of the frame format, here it is " +
                       std::to_string(format_version));
      return false;
  }
  return false;
}

void Connection::take_frame(const Frame& frame) {
  if (frame.type == FrameType::refused) {
    end(End::refused_there, std::string(frame.payload.substr(0, reason_bytes_max)));
  } else if (phase_ == Phase::hello) {
    if (frame.type == FrameType::hello) {
      take_hello(frame.payload);
    } else {
      refuse_by_itself("the first frame is not a hello");
    }
  } else if (frame.type == FrameType::data) {
    shared_.owner.on_data(*this, frame.payload);
  } else if (frame.type == FrameType::ping && frame.payload.size() == ping_bytes) {
    // Bounded like all else: who does not read gets no pong either.
    (void)send(FrameType::pong, frame.payload);
  } else if (frame.type == FrameType::pong && frame.payload.size() == ping_bytes) {
    take_pong(frame.payload);
  } else {
    end(End::lost,
        "an unexpected frame of type " + std::to_string(static_cast<unsigned>(frame.type)));
  }
}

void Connection::take_hello(std::string_view payload) {
  const Result<Hello> hello = decode_hello(payload);
  if (!hello.ok()) {
    refuse_by_itself(hello.status().message());
    return;
  }
  shared_.owner.on_hello(*this, hello.value());
  RABIA_CHECK(phase_ == Phase::frames || phase_ == Phase::closed);
}

// Only a stamp that this connection can have given measures anything.
void Connection::take_pong(std::string_view payload) {
  base::Duration::rep stamp = 0;
  std::memcpy(&stamp, payload.data(), ping_bytes);
  const base::Instant sent{base::Duration(stamp)};
  const base::Instant now = shared_.executor.now();
  if (sent >= started_ && sent <= now) shared_.owner.on_round_trip(*this, now - sent);
}

void Connection::refuse_by_itself(const std::string& reason) {
  refuse(reason);
  shared_.owner.on_end(*this, End::refused_here, reason);
}

void Connection::end(End end, const std::string& reason) {
  close();
  shared_.owner.on_end(*this, end, reason);
}

}  // namespace rabia::transport
