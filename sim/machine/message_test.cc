#include "sim/machine/message.h"

#include <gtest/gtest.h>

#include <vector>

namespace rabia::sim {
namespace {

// Given some messages, when they come byte by byte or all at once, then they are the same.
TEST(MachineMessage, IsTheSameInWhateverPieces) {
  std::string bytes;
  encode({MessageKind::command, 7, "add 5"}, bytes);
  encode({MessageKind::read, 8}, bytes);
  encode({MessageKind::answer, 9, std::string(3000, '\0')}, bytes);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{5}, bytes.size()}) {
    MessageReader reader;
    std::vector<std::pair<std::uint64_t, std::size_t>> read;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      reader.add(std::string_view(bytes).substr(at, piece));
      while (const auto message = reader.next()) {
        read.emplace_back(message->operation, message->bytes.size());
      }
    }
    EXPECT_EQ(read,
              (std::vector<std::pair<std::uint64_t, std::size_t>>{{7, 5}, {8, 0}, {9, 3000}}));
  }
}

// Given half a message of an earlier connection, when the reader is cleared, then it is gone.
TEST(MachineMessage, OfAnEarlierConnectionIsForgotten) {
  std::string bytes;
  encode({MessageKind::command, 7, "add 5"}, bytes);
  MessageReader reader;
  reader.add(bytes.substr(0, 9));
  EXPECT_FALSE(reader.next());
  reader.clear();
  reader.add(bytes);
  const auto message = reader.next();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->bytes, "add 5");
}

}  // namespace
}  // namespace rabia::sim
