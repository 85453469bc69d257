#include "library/once_machine.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "library/testing/notes.h"

namespace rabia::library {
namespace {

using rabia::testing::Notes;

std::string plain(std::string_view command) {
  std::string out;
  encode_plain(out, command);
  return out;
}
std::string named(std::string session, std::uint64_t number, std::string command) {
  std::string out;
  encode_named(out, {std::move(session), number, std::move(command)});
  return out;
}
std::string whole(StateMachine& machine) {
  std::string out;
  const auto reader = machine.begin_snapshot();
  while (reader->read(7, out)) continue;
  return out;
}

struct Once {
  Notes notes;
  OnceMachine machine{notes};

  std::string apply(const std::string& command, std::uint64_t time = 0, bool waited_for = true) {
    const ApplyContext context{{1}, {1}, {time}};
    machine.begin_batch(context);
    std::string reply;
    machine.apply(context, command, waited_for ? &reply : nullptr);
    return reply;
  }
};

// docs/formats/library.md.
TEST(OnceMachine, HasTheBytesOfTheDocument) {
  EXPECT_EQ(plain("go"), std::string("\x00go", 3));
  EXPECT_EQ(named("me", 300, "go"), std::string("\x01\x02me\xac\x02go", 8));
}

TEST(OnceMachine, ExecutesANamedCommandOnce) {
  Once once;
  EXPECT_EQ(once.apply(named("s", 1, "a")), "1");
  EXPECT_EQ(once.apply(named("s", 1, "something else")), "1");
  EXPECT_EQ(once.apply(named("s", 2, "b")), "2");
  EXPECT_EQ(once.apply(named("t", 1, "c")), "3");
  EXPECT_EQ(once.apply(named("s", 2, "b")), "2");
  EXPECT_EQ(once.notes.notes, (std::vector<std::string>{"a", "b", "c"}));
}

TEST(OnceMachine, ExecutesAPlainCommandEachTime) {
  Once once;
  EXPECT_EQ(once.apply(plain("a")), "1");
  EXPECT_EQ(once.apply(plain("a")), "2");
}

// Given that nobody waited the first time, then the answer is kept all the same.
TEST(OnceMachine, KeepsTheAnswerWhoeverWaits) {
  Once once;
  EXPECT_EQ(once.apply(named("s", 1, "a"), 0, false), "");
  EXPECT_EQ(once.apply(named("s", 1, "a")), "1");
}

TEST(OnceMachine, ForgetsAnAnswerWhenItsTimeHasCome) {
  Once once;
  EXPECT_EQ(once.apply(named("s", 1, "a"), 1'000), "1");
  EXPECT_EQ(once.apply(named("s", 1, "a"), 1'000 + OnceMachine::keep_milliseconds - 1), "1");
  EXPECT_EQ(once.apply(named("s", 1, "a"), 1'000 + OnceMachine::keep_milliseconds), "2");
}

// Given a snapshot, however it is cut, then the machine that takes it knows the state and what was
// answered; given one that is damaged or cut short, then it stays as it was.
TEST(OnceMachine, TakesItsSnapshotWholeOrNotAtAll) {
  Once once;
  once.apply(named("s", 1, "a"), 5);
  once.apply(plain("b"), 6);
  const std::string state = whole(once.machine);
  for (std::size_t piece = 1; piece <= state.size(); ++piece) {
    Once other;
    other.apply(named("t", 9, "gone"), 3);
    {
      const auto loader = other.machine.begin_load();
      for (std::size_t at = 0; at < state.size(); at += piece) {
        ASSERT_TRUE(loader->add(std::string_view(state).substr(at, piece)).ok());
      }
      ASSERT_TRUE(loader->finish().ok());
    }
    ASSERT_EQ(other.machine.digest(), once.machine.digest());
    ASSERT_EQ(whole(other.machine), state);
    ASSERT_EQ(other.apply(named("s", 1, "a"), 7), "1");
    ASSERT_EQ(other.apply(named("t", 9, "new"), 7), "3");
  }
  for (std::size_t at = 0; at < state.size(); ++at) {
    for (const bool cut : {false, true}) {
      std::string damaged = cut ? state.substr(0, at) : state;
      if (!cut) damaged[at] = static_cast<char>(damaged[at] ^ 4);
      Once other;
      other.apply(named("t", 9, "here"), 3);
      const StateDigest before = other.machine.digest();
      {
        const auto loader = other.machine.begin_load();
        const bool added = loader->add(damaged).ok();
        ASSERT_FALSE(loader->finish().ok() && added) << at << (cut ? " cut" : " damaged");
      }
      ASSERT_EQ(other.machine.digest(), before);
      ASSERT_EQ(other.apply(named("t", 9, "again"), 3), "1");
    }
  }
}

// Given any bytes, then whoever waits or not the state is the same, and so it is when it was
// restored.
TEST(OnceMachine, TakesAnyBytes) {
  base::Random random(3);
  Once waited_for;
  Once not_waited_for;
  for (int i = 0; i < 20'000; ++i) {
    std::string command(random.below(9), '\0');
    for (char& byte : command) byte = static_cast<char>(random.below(4));
    static_cast<void>(waited_for.apply(command, 1, true));
    static_cast<void>(not_waited_for.apply(command, 1, false));
    const std::array<std::string_view, 2> both = {command, "x"};
    waited_for.machine.prefetch(both);
  }
  EXPECT_EQ(waited_for.machine.digest(), not_waited_for.machine.digest());
  EXPECT_FALSE(waited_for.notes.notes.empty());
}

TEST(Session, HasANameOfItsOwnAndCounts) {
  Session one;
  Session other;
  EXPECT_EQ(one.name().size(), 32U);
  EXPECT_NE(one.name(), other.name());
  const NamedCommand first = one.name("a");
  const NamedCommand second = one.name("b");
  EXPECT_EQ(first.session, second.session);
  EXPECT_NE(first.number, second.number);
  Session goes_on(one.name(), one.next_number());
  EXPECT_EQ(goes_on.name("c").number, second.number + 1);
}

}  // namespace
}  // namespace rabia::library
