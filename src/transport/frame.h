// Frames on a byte stream: docs/formats/frame.md. Pure bytes.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace rabia::transport {

enum class FrameType : std::uint8_t {
  hello = 1,    // The handshake: who speaks to whom.
  refused = 2,  // The last frame of its sender: the reason, for people.
  data = 3,     // What the users of the transport send.
  ping = 4,     // Eight bytes of the sender's choice, to be given back.
  pong = 5,     // The bytes of a ping.
};

constexpr std::size_t frame_header_bytes = 9;

// The bytes before the payload.
[[nodiscard]] std::array<char, frame_header_bytes> frame_header(FrameType type,
                                                                std::string_view payload);
void append_frame(std::string& out, FrameType type, std::string_view payload);

struct Frame {
  FrameType type{};
  std::string_view payload;
};

// Cuts the input of one connection into frames. A frame that arrived whole is not copied; of others
// only the bytes that really arrived take memory.
class FrameReader {
 public:
  enum class Step : std::uint8_t {
    frame,      // `frame` is the next one, valid until the next call or until `input` is gone.
    need_more,  // All of `input` was taken; call again with what follows it.
    broken,     // Not a frame: see reason(). The stream cannot be read on.
  };

  // Takes bytes from the front of `input`. A payload above `payload_bytes_max` is broken as soon as
  // its header is there. A type that no one knows is for the caller to refuse.
  Step next(std::string_view& input, std::uint64_t payload_bytes_max, Frame& frame);

  // Why the last step was broken.
  [[nodiscard]] const std::string& reason() const { return reason_; }
  // Memory held for a frame that is not complete.
  [[nodiscard]] std::size_t memory_bytes() const { return partial_.capacity(); }

 private:
  Step parse(std::string_view bytes, std::uint64_t payload_bytes_max, Frame& frame);
  bool fill_partial(std::string_view& input, std::size_t size);
  void forget_delivered();

  std::string partial_;     // The beginning of a frame that is not complete, or
  bool delivered_ = false;  // the whole of the frame given out last.
  std::string reason_;
};

}  // namespace rabia::transport
