#include "banking_smr/commands.h"

#include <gtest/gtest.h>

#include <limits>

namespace banking_smr {
namespace {

using rabia::Code;
using rabia::Result;
using rabia::Status;

std::string encode_again(const Command& command) {
  return std::visit([](const auto& each) { return encode(each); }, command);
}

// Given any command as text, when it is decoded and encoded, then it is the same text: no two texts
// mean the same.
TEST(Commands, AreOneTextEach) {
  for (const char* text :
       {"create teller 1 Ada", "deposit teller 2 1 1000", "withdraw t-1/x 18446744073709551615 7 5",
        "transfer ~ 0 1 2 9223372036854775807", "deposit teller 3 1 -5", "balance 1", "history 17",
        "statistics"}) {
    const Result<Command> decoded = decode_command(text);
    ASSERT_TRUE(decoded.ok()) << text << ": " << decoded.status().message();
    EXPECT_EQ(encode_again(decoded.value()), text);
  }
}

// Given bytes that are no command, then they are refused with what was expected instead.
TEST(Commands, OthersAreRefusedWithWhatToSay) {
  const auto refusal = [](std::string_view bytes) {
    const Result<Command> decoded = decode_command(bytes);
    EXPECT_EQ(decoded.status().code(), Code::invalid_argument) << bytes;
    return decoded.status().message();
  };
  for (const char* text :
       {"deposit", "deposit teller", "deposit teller 1 1", "deposit teller 1 1 ",
        "deposit teller 1 1 5 ", "deposit teller 1 1 5 6", "deposit teller 1 1 x",
        "deposit teller 1 1 +5", "deposit teller 1 1 05", "deposit teller 1 1 5.0",
        "deposit teller 1 1 -0", "deposit  1 1 5", "deposit teller -1 1 5",
        "deposit teller 1 1 9223372036854775808", "deposit teller 18446744073709551616 1 5"}) {
    EXPECT_EQ(refusal(text), "malformed: say deposit CLIENT NUMBER ACCOUNT CENTS") << text;
  }
  EXPECT_NE(refusal("transfer teller 1 2 3").find("FROM TO CENTS"), std::string::npos);
  EXPECT_NE(refusal("balance one").find("balance ACCOUNT"), std::string::npos);
  EXPECT_NE(refusal("statistics 1").find("say statistics"), std::string::npos);
  for (const char* text :
       {"", " ", "deposits teller 1 1 5", "DEPOSIT teller 1 1 5", "\n", "\xff"}) {
    EXPECT_NE(refusal(text).find("say create, deposit"), std::string::npos) << text;
  }
  const std::string long_name(name_bytes_max + 1, 'n');
  for (const std::string& text :
       {"create " + long_name + " 1 Ada", "create teller 1 " + long_name,
        std::string("create teller 1 A\nb"), std::string("create t\xc3\xa9 1 Ada"),
        std::string("create t\0 1 Ada", 15)}) {
    EXPECT_NE(refusal(text).find("a name is 1 to 32"), std::string::npos) << text;
  }
  EXPECT_NE(refusal(std::string(command_bytes_max + 1, 'x')).find("256 bytes"), std::string::npos);
}

// Given any answer, when it is encoded and decoded, then it is the same: also an error, with its
// code and its reason.
TEST(Answers, ComeBackAsTheyWere) {
  const Receipt receipt{{17}, {3}, std::numeric_limits<Cents>::max(), {1'700'000'000'000}};
  EXPECT_EQ(decode_receipt(encode_answer(receipt)).value(), receipt);
  EXPECT_EQ(decode_balance(encode_answer(Result<Cents>(0))).value(), 0);
  const Statistics statistics{1, 2, 3, 4, 5, -1};
  EXPECT_EQ(decode_statistics(encode_answer(statistics)).value(), statistics);
  for (const std::size_t entries : {0U, 1U, 5U}) {
    const History history(entries, {{17}, {5}, Kind::sent, 100, {2}, 7});
    EXPECT_EQ(decode_history(encode_answer(Result<History>(history))).value(), history);
  }
  const Status error(Code::exhausted, "too little  money ");
  const Status decoded = decode_receipt(encode_answer(error)).status();
  EXPECT_EQ(decoded.code(), error.code());
  EXPECT_EQ(decoded.message(), error.message());
}

// Given bytes that are no answer, or the answer to something else, then they are not taken for one.
TEST(Answers, OthersAreNotTakenForOne) {
  for (const char* text : {"", "ok", "ok 1 2 3", "ok 1 2 3 4 5", "ok 1 2 3 x", "okay 1 2 3 4",
                           "error", "error what", "error ok fine", "fault not_found no"}) {
    EXPECT_EQ(decode_receipt(text).status().code(), Code::corrupted) << text;
  }
  for (const char* text : {"ok", "ok 1", "ok 1 17 5 sent 100 2", "ok 1 17 5 lent 100 2 7",
                           "ok 18446744073709551615", "ok 0 17 5 sent 100 2 7"}) {
    EXPECT_EQ(decode_history(text).status().code(), Code::corrupted) << text;
  }
}

}  // namespace
}  // namespace banking_smr
