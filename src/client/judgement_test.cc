// What answers mean, and what the client needs to know of commands.
#include "client/judgement.h"

#include <gtest/gtest.h>

#include "client/commands.h"
#include "client/testing/fake_replicas.h"

namespace rabia::client {
namespace {

using testing::error;
using testing::integer;

// Given errors of a server, then those that say that nothing was done are refusals, the one that
// says that nobody knows is unknown, and all others are answers with the code that fits.
TEST(Judgement, KnowsWhatErrorsMean) {
  EXPECT_EQ(judge(integer(1)), Verdict::answered);
  for (const char* refusal : {"CLUSTERDOWN The cluster has no quorum: the command was not executed",
                              "DISKFULL x", "LOADING x", "ERR max number of clients reached"}) {
    EXPECT_EQ(judge(error(refusal)), Verdict::refused) << refusal;
    EXPECT_EQ(to_status(refusal).code(), Code::unavailable) << refusal;
  }
  EXPECT_EQ(judge(error("ERR outcome unknown: x")), Verdict::unknown);
  const std::pair<const char*, Code> answers[] = {
      {"ERR value is not an integer or out of range", Code::invalid_argument},
      {"OOM command not allowed when used memory > 'maxmemory'.", Code::exhausted},
      {"EXECABORT Transaction discarded because of: OOM command not allowed", Code::exhausted},
      {"NOAUTH Authentication required.", Code::failed_precondition}};
  for (const auto& [text, code] : answers) {
    EXPECT_EQ(judge(error(text)), Verdict::answered) << text;
    EXPECT_EQ(to_status(text).code(), code) << text;
  }
}

// Given sendings that were refused or lost, then a read may always be sent again and has done
// nothing; a named write may be sent again, and may have been done from its first loss on; and what
// is sent once may be sent again until then.
TEST(Judgement, KnowsWhatMayBeSentAgain) {
  for (const Repeat repeat : {Repeat::freely, Repeat::by_name, Repeat::never}) {
    Attempts attempts(repeat);
    attempts.refused("down");
    EXPECT_TRUE(attempts.may_send_again());
    EXPECT_EQ(attempts.failure().code(), Code::unavailable);
    attempts.lost("gone");
    EXPECT_EQ(attempts.may_send_again(), repeat != Repeat::never);
    attempts.refused("down again");
    const bool harmless = repeat == Repeat::freely;
    EXPECT_EQ(attempts.failure().code(), harmless ? Code::unavailable : Code::unknown_outcome);
    EXPECT_EQ(attempts.answered(error("OOM x")).code(),
              harmless ? Code::exhausted : Code::unknown_outcome);
    EXPECT_EQ(attempts.answered(error("ERR x")).code(), Code::invalid_argument);
    EXPECT_TRUE(attempts.answered(integer(1)).ok());
  }
}

// Given commands in any case, then it is known what they are and which keys they may change; one
// that is not known may change whatever, and is sent once.
TEST(Commands, AreKnown) {
  const std::vector<std::string_view> words = {"?", "a", "b", "c", "d"};
  using Words = std::vector<std::string_view>;
  EXPECT_EQ(facts_of("get").kind, CommandKind::read);
  EXPECT_EQ(facts_of("GetDel").kind, CommandKind::write);
  EXPECT_EQ(changed_keys(facts_of("SET").keys, words), (Words{"a"}));
  EXPECT_EQ(changed_keys(facts_of("RENAME").keys, words), (Words{"a", "b"}));
  EXPECT_EQ(changed_keys(facts_of("DEL").keys, words), (Words{"a", "b", "c", "d"}));
  EXPECT_EQ(changed_keys(facts_of("MSET").keys, words), (Words{"a", "c"}));
  EXPECT_EQ(changed_keys(facts_of("SET").keys, Words{"SET"}), Words{});
  EXPECT_EQ(facts_of("FLUSHALL").keys, ChangedKeys::whatever);
  EXPECT_EQ(facts_of("MULTI").kind, CommandKind::bound);
  EXPECT_EQ(facts_of("RABIA.ONCE").kind, CommandKind::named);
  EXPECT_EQ(facts_of("PUBLISH").kind, CommandKind::other);
  EXPECT_EQ(facts_of("NOSUCH").kind, CommandKind::other);
  EXPECT_EQ(facts_of("NOSUCH").keys, ChangedKeys::whatever);
  EXPECT_EQ(facts_of("").kind, CommandKind::other);
}

}  // namespace
}  // namespace rabia::client
