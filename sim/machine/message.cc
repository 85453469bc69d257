#include "sim/machine/message.h"

#include "base/check.h"
#include "base/codec.h"

namespace rabia::sim {

namespace {

constexpr std::size_t length_bytes = sizeof(std::uint32_t);
constexpr std::size_t head_bytes = sizeof(std::uint8_t) + sizeof(std::uint64_t);

}  // namespace

void encode(const Message& message, std::string& out) {
  base::Encoder encoder(out);
  encoder.fixed(static_cast<std::uint32_t>(head_bytes + message.bytes.size()));
  encoder.fixed(static_cast<std::uint8_t>(message.kind));
  encoder.fixed(message.operation);
  encoder.raw(message.bytes);
}

std::optional<Message> MessageReader::next() {
  const std::string_view rest = std::string_view(bytes_).substr(taken_);
  base::Decoder decoder(rest);
  const auto length = decoder.fixed<std::uint32_t>();
  if (!decoder.ok() || decoder.remaining() < length) {
    bytes_.erase(0, taken_);
    taken_ = 0;
    return std::nullopt;
  }
  RABIA_CHECK(length >= head_bytes);  // Both ends are ours, and the network keeps bytes.
  taken_ += length_bytes + length;
  const auto kind = static_cast<MessageKind>(decoder.fixed<std::uint8_t>());
  const auto operation = decoder.fixed<std::uint64_t>();
  return Message{kind, operation, decoder.raw(length - head_bytes)};
}

void MessageReader::clear() {
  bytes_.clear();
  taken_ = 0;
}

}  // namespace rabia::sim
