// Messages: what passes through the log to a listener and changes nothing.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kv/operations.h"
#include "kv/reply_text.h"

namespace rabia::kv {
namespace {

// Writes down what it is told.
class Ear final : public Listener {
 public:
  void on_change(const Change& /*change*/) override {}
  std::uint64_t on_message(ChannelKind kind, std::string_view channel,
                           std::string_view payload) override {
    const std::string mark = kind == ChannelKind::shard ? "shard " : "";
    heard.push_back(mark + std::string(channel) + "=" + std::string(payload));
    return heard.size();
  }
  void on_missed(std::string_view key) override { heard.push_back("missed " + std::string(key)); }
  void on_skipped() override { heard.emplace_back("skipped"); }

  std::vector<std::string> heard;
};

using Heard = std::vector<std::string>;

std::string publish(std::string_view channel, std::string_view payload,
                    ChannelKind kind = ChannelKind::plain) {
  std::string out;
  encode_publish(out, kind, channel, payload);
  return out;
}

std::string run(StoreMachine& machine, std::string_view command) {
  std::string reply;
  machine.apply({}, command, &reply);
  return reply_text(reply);
}

// Given a listener, when messages are applied, whether somebody waits or not, then it hears them in
// order, and its answer is the reply; the state is what it was.
TEST(Publish, TellsTheListenerInOrderAndChangesNothing) {
  StoreMachine machine;
  machine.store().set("k", "v");
  const StateDigest before = machine.digest();
  Ear ear;
  machine.set_listener(&ear);
  EXPECT_EQ(run(machine, publish("a", "1")), "(integer) 1");
  machine.apply({}, publish("", ""), nullptr);
  EXPECT_EQ(run(machine, publish("a", "3", ChannelKind::shard)), "(integer) 3");
  EXPECT_EQ(ear.heard, (Heard{"a=1", "=", "shard a=3"}));
  EXPECT_EQ(machine.digest(), before);
}

// Given no listener, or one that was taken away, then a message has no receivers.
TEST(Publish, HasNoReceiversWithoutAListener) {
  StoreMachine machine;
  EXPECT_EQ(run(machine, publish("a", "1")), "(integer) 0");
  Ear ear;
  machine.set_listener(&ear);
  machine.set_listener(nullptr);
  EXPECT_EQ(run(machine, publish("a", "1")), "(integer) 0");
  EXPECT_EQ(ear.heard, Heard{});
}

// Given bytes that are no message, then nobody is told.
TEST(Publish, MalformedTellsNobody) {
  StoreMachine machine;
  Ear ear;
  machine.set_listener(&ear);
  const std::string whole = publish("a", "1");
  for (std::size_t size = 1; size < whole.size(); ++size) {
    EXPECT_EQ(run(machine, whole.substr(0, size)), "(error) ERR malformed command") << size;
  }
  std::string other_kind = whole;
  other_kind[1] = 2;
  for (const std::string& wrong : {whole + "x", other_kind}) {
    EXPECT_EQ(run(machine, wrong), "(error) ERR malformed command");
  }
  EXPECT_EQ(ear.heard, Heard{});
}

// Given a transaction, then its messages are told at their places.
TEST(Publish, HasItsPlaceInATransaction) {
  StoreMachine machine;
  Ear ear;
  machine.set_listener(&ear);
  const std::string one = publish("a", "1");
  const std::string two = publish("b", "2");
  std::string command;
  const TransactionItem items[] = {{false, one}, {false, two}};
  encode_transaction(command, {}, items);
  machine.apply({}, command, nullptr);
  EXPECT_EQ(ear.heard, (Heard{"a=1", "b=2"}));
}

// Given a listener, when the state is replaced by another one's, then it is told that it missed
// what lies between; a load that is given up tells nothing.
TEST(Publish, AReplacedStateIsToldOf) {
  StoreMachine from;
  from.store().set("k", "v");
  std::string state;
  const auto reader = from.begin_snapshot();
  while (reader->read(1000, state)) {
  }
  StoreMachine to;
  Ear ear;
  to.set_listener(&ear);
  {
    const auto given_up = to.begin_load();
    EXPECT_TRUE(given_up->add(state.substr(0, 5)).ok());
    EXPECT_FALSE(given_up->finish().ok());
  }
  EXPECT_EQ(ear.heard, Heard{});
  const auto loader = to.begin_load();
  EXPECT_TRUE(loader->add(state).ok());
  EXPECT_TRUE(loader->finish().ok());
  EXPECT_EQ(ear.heard, Heard{"skipped"});
  EXPECT_TRUE(to.store().contains("k"));
}

// Given commands that read a key which is not there, then the listener is told where a client waits
// for the reply, and only there.
TEST(Missed, IsToldWhereSomebodyWaits) {
  StoreMachine machine;
  Ear ear;
  machine.set_listener(&ear);
  std::string get_set;
  std::string get_del;
  std::string get_ex;
  std::string copied;
  std::string set_only;
  encode_set(get_set, "a", "1", {.condition = SetCondition::if_present, .want_old = true});
  encode_get_and_erase(get_del, "b");
  encode_get_and_expire(get_ex, "c", {.kind = Expiry::Kind::keep});
  encode_copy(copied, "d", "e", false);
  encode_set(set_only, "f", "1", {.condition = SetCondition::if_present});
  for (const std::string& command : {get_set, get_del, get_ex, copied, set_only}) {
    machine.apply({}, command, nullptr);
  }
  EXPECT_EQ(ear.heard, Heard{});
  for (const std::string& command : {get_set, get_del, get_ex, copied, set_only}) {
    run(machine, command);
  }
  EXPECT_EQ(ear.heard, (Heard{"missed a", "missed b", "missed c", "missed d"}));
  for (const char* key : {"a", "b", "c", "d"}) machine.store().set(key, "v");
  for (const std::string& command : {get_set, get_del, get_ex, copied}) run(machine, command);
  EXPECT_EQ(ear.heard.size(), 4U);
}

}  // namespace
}  // namespace rabia::kv
