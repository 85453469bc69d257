// What is sent twice is executed once.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "kv/operations_text.h"

namespace rabia::kv {
namespace {

// Given machines of which only one has somebody who waits, then all keep the reply, and are equal.
TEST(Once, IsEqualWhoeverWaits) {
  StoreMachine one;
  StoreMachine other;
  const std::string command = once("s", 7, increment("n", 1));
  EXPECT_EQ(run(one, command), "(integer) 1");
  other.apply({}, command, nullptr);
  EXPECT_EQ(other.digest(), one.digest());
  EXPECT_EQ(run(other, command), "(integer) 1");
  EXPECT_EQ(other.digest(), one.digest());
  EXPECT_EQ(other.store().get("n"), "1");
  EXPECT_EQ(other.kept_replies().size(), 1U);
}

// Given a reply that was kept as long as it was to be, then it is forgotten, and FLUSHALL forgets
// none.
TEST(Once, IsForgottenByTheLogsClock) {
  StoreMachine machine;
  machine.begin_batch({.time = {100}});
  run(machine, once("s", 1, increment("n", 1), 50));
  run(machine, clear());
  machine.begin_batch({.time = {149}});
  EXPECT_EQ(run(machine, once("s", 1, increment("n", 1), 50)), "(integer) 1");
  EXPECT_FALSE(machine.store().contains("n"));
  machine.begin_batch({.time = {150}});
  EXPECT_EQ(machine.kept_replies().size(), 0U);
  run(machine, once("s", 1, increment("n", 1), 50));
  EXPECT_EQ(machine.store().get("n"), "1");
}

// Given more bytes of replies than are kept, then the oldest are forgotten first.
TEST(Once, IsBounded) {
  StoreMachine machine;
  const std::string large(1 << 20, 'x');
  for (std::uint64_t i = 0; i < 100; ++i) {
    machine.begin_batch({.time = {i}});
    run(machine, set("k", large));
    run(machine, once("s", i, get_and_erase("k")));
  }
  EXPECT_LE(machine.kept_replies().store().data_bytes(), KeptReplies::bytes_max);
  EXPECT_EQ(machine.kept_replies().size(), 63U);
  EXPECT_FALSE(machine.kept_replies().find("s", 30));
  EXPECT_TRUE(machine.kept_replies().find("s", 99));
}

// Given a machine restored from a snapshot, then it knows the replies; and a snapshot that ends
// between the two parts of the state is refused.
TEST(Once, IsPartOfTheState) {
  StoreMachine machine;
  run(machine, once("s", 1, increment("n", 1)));
  std::string stream;
  {
    const auto reader = machine.begin_snapshot();
    while (reader->read(10, stream)) {
    }
  }
  for (std::size_t piece = 1; piece < stream.size(); piece += 7) {
    StoreMachine restored;
    const auto loader = restored.begin_load();
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      ASSERT_TRUE(loader->add(std::string_view(stream).substr(at, piece)).ok());
    }
    ASSERT_TRUE(loader->finish().ok());
    ASSERT_EQ(restored.digest(), machine.digest());
    ASSERT_EQ(run(restored, once("s", 1, increment("n", 1))), "(integer) 1");
  }
  StoreMachine untouched;
  for (std::size_t size = 0; size < stream.size(); ++size) {
    const auto loader = untouched.begin_load();
    const bool added = loader->add(std::string_view(stream).substr(0, size)).ok();
    ASSERT_FALSE(added && loader->finish().ok()) << size;
  }
  const auto loader = untouched.begin_load();
  ASSERT_TRUE(loader->add(stream + "x").ok());
  EXPECT_EQ(loader->finish().code(), Code::corrupted);
  EXPECT_EQ(untouched.store().size(), 0U);
}

TEST(Once, RefusesWhatIsMalformed) {
  StoreMachine machine;
  const std::string whole = once("s", 1, increment("n", 1));
  for (std::size_t size = 1; size < whole.size(); ++size) {
    EXPECT_EQ(run(machine, whole.substr(0, size)), "(error) ERR malformed command");
  }
  EXPECT_EQ(run(machine, once(std::string(257, 's'), 1, increment("n", 1))),
            "(error) ERR malformed command");
  EXPECT_EQ(machine.kept_replies().size(), 0U);
  EXPECT_EQ(run(machine, once("s", 1, once("s", 2, clear()))), "(error) ERR malformed command");
  EXPECT_EQ(run(machine, once("s", 2, transaction({{false, clear()}}))),
            "(error) ERR malformed command");
  using std::string_literals::operator""s;
  EXPECT_EQ(once("s", 1, clear(), 300), "\x12\x01s\x01\xac\x02\x01\x0a"s);
}

// Given a message, whose answer differs between replicas, when it is to be sent once, then it is
// malformed, and replicas with and without listeners have the same state.
TEST(Once, KeepsNoAnswerThatDiffersBetweenReplicas) {
  StoreMachine machine;
  std::string message;
  encode_publish(message, ChannelKind::plain, "c", "m");
  EXPECT_EQ(run(machine, once("s", 1, message)), "(error) ERR malformed command");
  EXPECT_EQ(machine.kept_replies().size(), 0U);
}

}  // namespace
}  // namespace rabia::kv
