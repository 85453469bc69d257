#include "sim/history/reply.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace rabia::sim::history {
namespace {

using Elements = std::vector<std::string>;

// Given a reply of any kind with more behind it, when it comes byte by byte, then its length is
// told as soon as it is complete, and not before.
TEST(Reply, EndsWhereItEnds) {
  for (const std::string& reply :
       {std::string("+OK\r\n"), std::string("-ERR no\r\n"), std::string(":-12\r\n"),
        std::string("$-1\r\n"), std::string("$0\r\n\r\n"), std::string("$6\r\na\r\nb\r\n\r\n"),
        std::string("*-1\r\n"), std::string("*0\r\n"),
        std::string("*3\r\n*2\r\n:1\r\n$1\r\na\r\n$-1\r\n-ERR\r\n")}) {
    for (std::size_t bytes = 0; bytes < reply.size(); ++bytes) {
      EXPECT_FALSE(reply_length(reply.substr(0, bytes))) << reply << bytes;
    }
    EXPECT_EQ(reply_length(reply + "+more\r\n"), reply.size());
  }
}

// Given a reply, when its word is asked for, then a text or a number is one, and nothing else.
TEST(Reply, TextsAndNumbersAreWords) {
  EXPECT_EQ(word_of("$3\r\na\r\n\r\n"), "a\r\n");
  EXPECT_EQ(word_of("$0\r\n\r\n"), "");
  EXPECT_EQ(word_of(":-12\r\n"), "-12");
  for (const char* other : {"", "+OK\r\n", "-ERR\r\n", "$-1\r\n", "*0\r\n", "$5\r\nab\r\n"}) {
    EXPECT_FALSE(word_of(other)) << other;
  }
}

// Given an array, when it is taken apart, then each element is as it was; nil, what is no array,
// and an array with too little or too much have none.
TEST(Reply, AnArrayIsTakenApart) {
  EXPECT_EQ(elements_of("*0\r\n"), Elements());
  EXPECT_EQ(elements_of("*4\r\n+OK\r\n$-1\r\n*2\r\n:1\r\n$2\r\n\r\n\r\n-ERR\r\n"),
            (Elements{"+OK\r\n", "$-1\r\n", "*2\r\n:1\r\n$2\r\n\r\n\r\n", "-ERR\r\n"}));
  for (const char* bad : {"", "*", "*-1\r\n", "+OK\r\n", "*1\r\n", "*0\r\n:1\r\n", "*x\r\n",
                          "*2\r\n:1\r\n", "*1\r\n$5\r\nab\r\n"}) {
    EXPECT_FALSE(elements_of(bad)) << bad;
  }
}

}  // namespace
}  // namespace rabia::sim::history
