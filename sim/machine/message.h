// What goes between a client of a machine and the service at a replica: frames of a length (fixed
// 32 bits), a kind, the number of an operation (fixed 64 bits) and bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rabia::sim {

enum class MessageKind : std::uint8_t {
  command,  // To the service. Bytes: the command, behind its number (logged_machine.h).
  read,
  answer,        // From it. Bytes: what the machine answered, or what a read saw.
  not_executed,  // No bytes.
  unknown,
};

struct Message {
  MessageKind kind{};
  std::uint64_t operation = 0;
  std::string_view bytes{};  // Of what it was read from, or is written from.
};

void encode(const Message& message, std::string& out);

// Puts frames together from the pieces that come.
class MessageReader {
 public:
  void add(std::string_view bytes) { bytes_.append(bytes); }
  // The next whole one, valid until add() or next(). Nothing: more must come.
  [[nodiscard]] std::optional<Message> next();
  void clear();

 private:
  std::string bytes_;
  std::size_t taken_ = 0;
};

}  // namespace rabia::sim
