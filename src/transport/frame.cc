#include "transport/frame.h"

#include <algorithm>
#include <cstring>

#include "base/hash.h"

namespace rabia::transport {
namespace {

constexpr std::size_t kept_partial_bytes = 256 << 10;

std::uint32_t load32(const char* from) {
  std::uint32_t value = 0;
  std::memcpy(&value, from, sizeof value);
  return value;
}

// Of the length, the type and the payload: everything but itself.
std::uint32_t checksum(std::string_view length, char type, std::string_view payload) {
  return base::crc32c(payload, base::crc32c({&type, 1}, base::crc32c(length)));
}

}  // namespace

std::array<char, frame_header_bytes> frame_header(FrameType type, std::string_view payload) {
  std::array<char, frame_header_bytes> header{};
  const auto length = static_cast<std::uint32_t>(payload.size());
  std::memcpy(header.data(), &length, 4);
  header[8] = static_cast<char>(type);
  const std::uint32_t crc = checksum({header.data(), 4}, header[8], payload);
  std::memcpy(header.data() + 4, &crc, 4);
  return header;
}

void append_frame(std::string& out, FrameType type, std::string_view payload) {
  const auto header = frame_header(type, payload);
  out.append(header.data(), header.size());
  out.append(payload);
}

FrameReader::Step FrameReader::next(std::string_view& input, std::uint64_t payload_bytes_max,
                                    Frame& frame) {
  forget_delivered();
  if (partial_.empty()) {
    const Step step = parse(input, payload_bytes_max, frame);
    if (step == Step::frame) input.remove_prefix(frame_header_bytes + frame.payload.size());
    if (step == Step::need_more) fill_partial(input, input.size());
    return step;
  }
  if (!fill_partial(input, frame_header_bytes)) return Step::need_more;
  Step step = parse(partial_, payload_bytes_max, frame);
  if (step == Step::need_more &&
      fill_partial(input, frame_header_bytes + load32(partial_.data()))) {
    step = parse(partial_, payload_bytes_max, frame);
  }
  delivered_ = step == Step::frame;
  return step;
}

FrameReader::Step FrameReader::parse(std::string_view bytes, std::uint64_t payload_bytes_max,
                                     Frame& frame) {
  if (bytes.size() < frame_header_bytes) return Step::need_more;
  const std::uint32_t length = load32(bytes.data());
  if (length > payload_bytes_max) {
    reason_ = "a frame of " + std::to_string(length) + " bytes is above the limit of " +
              std::to_string(payload_bytes_max);
    return Step::broken;
  }
  if (bytes.size() < frame_header_bytes + length) return Step::need_more;
  const std::string_view payload = bytes.substr(frame_header_bytes, length);
  if (load32(bytes.data() + 4) != checksum(bytes.substr(0, 4), bytes[8], payload)) {
    reason_ = "a frame's checksum is wrong";
    return Step::broken;
  }
  frame = {static_cast<FrameType>(bytes[8]), payload};
  return Step::frame;
}

// Moves bytes from the input until the partial frame has `size`. False when there are too few.
bool FrameReader::fill_partial(std::string_view& input, std::size_t size) {
  if (partial_.size() < size) {
    const std::size_t taken = std::min(size - partial_.size(), input.size());
    partial_.append(input.substr(0, taken));
    input.remove_prefix(taken);
  }
  return partial_.size() >= size;
}

void FrameReader::forget_delivered() {
  if (!delivered_) return;
  delivered_ = false;
  partial_.clear();
  if (partial_.capacity() > kept_partial_bytes) partial_.shrink_to_fit();
}

}  // namespace rabia::transport
