// Subscribers of changes: callbacks, streams, and what becomes of those who are slow.
#include "kv/change_bus.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/random.h"
#include "kv/operations_text.h"

namespace rabia::kv {
namespace {

std::string text_of(const ChangeNotification& told) {
  struct Text {
    std::string operator()(const KeySet& set) const {
      return "set " + set.key + "=" + set.value + (set.old_value ? " was " + *set.old_value : "") +
             (set.deadline ? " until " + std::to_string(set.deadline->value) : "");
    }
    std::string operator()(const KeyDeleted& gone) const {
      return "deleted " + gone.key + " was " + gone.old_value;
    }
    std::string operator()(const KeyExpired& gone) const {
      return "expired " + gone.key + " was " + gone.old_value;
    }
    std::string operator()(const KeyEvicted& gone) const {
      return "evicted " + gone.key + " was " + gone.old_value;
    }
    std::string operator()(const KeyRenamed& renamed) const {
      return "renamed " + renamed.key + ">" + renamed.new_key + "=" + renamed.value +
             (renamed.old_value ? " was " + *renamed.old_value : "");
    }
    std::string operator()(const DeadlineChanged& changed) const {
      return "deadline " + changed.key + "=" + changed.value +
             (changed.deadline ? " until " + std::to_string(changed.deadline->value) : "");
    }
    std::string operator()(const StoreCleared& cleared) const {
      return "cleared " + std::to_string(cleared.key_count);
    }
    std::string operator()(const Lagged&) const { return "lagged"; }
  };
  return std::to_string(told.revision) + " " + std::visit(Text{}, told.what);
}

using Texts = std::vector<std::string>;

// A machine whose changes go through a bus.
class ChangeBusTest : public testing::Test {
 protected:
  ChangeBusTest() {
    machine.keep_changes(1 << 20);
    machine.set_listener(&relay);
  }
  ~ChangeBusTest() override { machine.set_listener(nullptr); }

  ChangeBus::Callback into(Texts& texts) {
    return [&texts](const ChangeNotification& told) { texts.push_back(text_of(told)); };
  }
  // Until nothing is left; how many calls it took.
  int deliver() {
    int calls = 1;
    while (bus.deliver()) ++calls;
    return calls;
  }
  static Texts take(Texts& texts) { return std::exchange(texts, {}); }
  // What a stream has to tell now, by its revisions; "lagged" as -1.
  static std::vector<int> pull(ChangeCursor& stream) {
    std::vector<int> revisions;
    for (;;) {
      const ChangeCursor::Next next = stream.next();
      if (next.kind == ChangeCursor::Next::Kind::nothing) return revisions;
      if (next.kind == ChangeCursor::Next::Kind::later) continue;
      const bool lagged = next.kind == ChangeCursor::Next::Kind::lagged;
      revisions.push_back(lagged ? -1 : static_cast<int>(next.change.revision));
    }
  }

  struct Relay final : Listener {
    explicit Relay(ChangeBus& to) : bus(to) {}
    void on_change(const Change& change) override { bus.on_change(change); }
    std::uint64_t on_message(ChannelKind, std::string_view, std::string_view) override { return 0; }
    void on_missed(std::string_view) override {}
    void on_skipped() override { bus.on_skipped(); }
    ChangeBus& bus;
  };

  StoreMachine machine;
  int woken = 0;
  ChangeBus bus{machine.changes(), 1, [this] { ++woken; }};
  Relay relay{bus};
};

// Given callbacks for everything, a prefix and a key, then each is told of its own, with values, in
// order, when it is delivered and not before; and nothing when it has unsubscribed.
TEST_F(ChangeBusTest, CallbacksAreToldOfWhatMatches) {
  Texts all;
  Texts prefixed;
  Texts one;
  const SubscriptionId id = bus.subscribe_to_changes(into(all));
  bus.subscribe_to_prefix("a", into(prefixed));
  const SubscriptionId last = bus.subscribe_to_key("b", into(one));
  EXPECT_LT(id, last);
  run(machine, set("a1", "1", {.expiry = {Expiry::Kind::at, 50}}));
  run(machine, set("b", "1"));
  run(machine, rename("a1", "b"));
  EXPECT_EQ(all, Texts());
  EXPECT_EQ(woken, 1);
  deliver();
  EXPECT_EQ(take(all), (Texts{"1 set a1=1 until 50", "2 set b=1", "3 renamed a1>b=1 was 1"}));
  EXPECT_EQ(take(prefixed), (Texts{"1 set a1=1 until 50", "3 renamed a1>b=1 was 1"}));
  EXPECT_EQ(take(one), (Texts{"2 set b=1", "3 renamed a1>b=1 was 1"}));
  run(machine, persist("b"));
  run(machine, expire("b", {Expiry::Kind::at, 60}));
  EXPECT_EQ(woken, 2);
  machine.begin_batch({.time = {60}});
  run(machine, set_many({{"a2", "1"}, {"a3", "2"}}));
  run(machine, erase({"a2"}));
  run(machine, clear());
  EXPECT_TRUE(bus.unsubscribe(id));
  EXPECT_FALSE(bus.unsubscribe(id));
  deliver();
  EXPECT_EQ(all, Texts());
  EXPECT_EQ(take(prefixed),
            (Texts{"7 set a2=1", "8 set a3=2", "9 deleted a2 was 1", "10 cleared 1"}));
  EXPECT_EQ(take(one), (Texts{"4 deadline b=1", "5 deadline b=1 until 60", "6 expired b was 1",
                              "10 cleared 1"}));
  EXPECT_EQ(bus.subscribers(), 2U);
}

// Given a key that is renamed, when somebody is subscribed to a prefix of both its names, then it
// is told once.
TEST_F(ChangeBusTest, ARenamingIsToldOnce) {
  Texts texts;
  bus.subscribe_to_prefix("", into(texts));
  run(machine, set("a", "1"));
  run(machine, rename("a", "b"));
  deliver();
  EXPECT_EQ(texts, (Texts{"1 set a=1", "2 renamed a>b=1"}));
}

// Given a callback that ends itself, or others, or begins a subscription, then that counts at once.
TEST_F(ChangeBusTest, CallbacksMaySubscribeAndUnsubscribe) {
  Texts texts;
  SubscriptionId self = 0;
  SubscriptionId other = 0;
  self = bus.subscribe_to_changes([&](const ChangeNotification& told) {
    texts.push_back("self " + text_of(told));
    bus.unsubscribe(other);
    bus.unsubscribe(self);
    bus.subscribe_to_changes(
        [&](const ChangeNotification& again) { texts.push_back("new " + text_of(again)); }, 1);
  });
  other = bus.subscribe_to_changes([&](const ChangeNotification&) { texts.emplace_back("other"); });
  run(machine, set("a", "1"));
  run(machine, set("a", "2"));
  deliver();
  EXPECT_EQ(texts, (Texts{"self 1 set a=1", "new 2 set a=2 was 1"}));
  EXPECT_EQ(bus.subscribers(), 1U);
}

// Given a revision of the past, then a subscription goes on behind it and into what happens then.
TEST_F(ChangeBusTest, GoesOnFromARevision) {
  for (int i = 0; i < 5'000; ++i) run(machine, set(i % 2'500 == 13 ? "rare" : "k", "v"));
  Texts texts;
  bus.subscribe_to_key("rare", into(texts), 10);
  run(machine, set("rare", "w"));
  EXPECT_GT(deliver(), 1);  // It is led through the log a part at a time.
  EXPECT_EQ(texts, (Texts{"14 set rare=v", "2514 set rare=v was v", "5001 set rare=w was v"}));
}

// Given a stream, then it is called for when there is something, once until all was taken.
TEST_F(ChangeBusTest, AStreamIsPulledFrom) {
  int ready = 0;
  auto stream = bus.open_cursor({ChangeFilter::Scope::prefix, "a"}, [&] { ++ready; });
  EXPECT_EQ(pull(*stream), std::vector<int>());
  run(machine, set("b", "1"));
  EXPECT_EQ(ready, 0);
  run(machine, set("a", "1"));
  run(machine, set("ab", "1"));
  EXPECT_EQ(ready, 1);
  const ChangeCursor::Next next = stream->next();
  EXPECT_EQ(next.change.key, "a");
  EXPECT_EQ(next.change.revision, 2U);
  run(machine, set("abc", "1"));
  EXPECT_EQ(ready, 1);
  EXPECT_EQ(pull(*stream), (std::vector<int>{3, 4}));
  run(machine, set("a", "2"));
  EXPECT_EQ(ready, 2);
  stream.reset();
  EXPECT_EQ(bus.subscribers(), 0U);
  run(machine, set("a", "3"));
  EXPECT_EQ(ready, 2);
}

// Given a subscriber for whom more happens than is noted, then it is led through the log, and is
// told everything, once and in order.
TEST_F(ChangeBusTest, BeyondTheBufferTheLogIsGoneThrough) {
  bus.set_buffer_size(10);
  const auto stream = bus.open_cursor({ChangeFilter::Scope::prefix, "a"}, [] {});
  std::vector<int> expected;
  std::vector<int> told;
  base::Random random(7);
  for (int revision = 1; revision <= 2'000; ++revision) {
    const bool matches = random.below(2) == 0;
    run(machine, set(matches ? "a" : "b", "v"));
    if (matches) expected.push_back(revision);
    if (random.below(15) == 0) {
      const ChangeCursor::Next next = stream->next();
      if (next.kind == ChangeCursor::Next::Kind::change) {
        told.push_back(static_cast<int>(next.change.revision));
      }
    }
    if (random.below(200) == 0) {
      for (const int each : pull(*stream)) told.push_back(each);
    }
  }
  for (const int each : pull(*stream)) told.push_back(each);
  EXPECT_EQ(told, expected);
  EXPECT_GT(bus.buffers_filled(), 5U);
}

// Given a subscriber that takes nothing while the log loses what is next for it, then it is told
// so, and goes on behind what is lost, without a gap; who takes in time is told everything.
TEST_F(ChangeBusTest, WhoIsSlowIsToldThatItLagged) {
  machine.keep_changes(1);  // One block.
  const auto slow = bus.open_cursor({}, [] {});
  const auto fast = bus.open_cursor({}, [] {});
  Texts texts;
  bus.subscribe_to_changes(into(texts));
  std::vector<int> told;
  const std::string large(1'000, 'x');
  for (int i = 0; i < 500; ++i) {
    run(machine, set("k", large));
    for (const int each : pull(*fast)) told.push_back(each);
  }
  ASSERT_EQ(told.size(), 500U);
  EXPECT_EQ(told.back(), 500);
  const int begin = static_cast<int>(machine.changes().begin());
  ASSERT_GT(begin, 0);
  const std::vector<int> rest = pull(*slow);
  ASSERT_EQ(static_cast<int>(rest.size()), 1 + 500 - begin);
  EXPECT_EQ(rest[0], -1);
  for (std::size_t i = 1; i < rest.size(); ++i) ASSERT_EQ(rest[i], begin + static_cast<int>(i));
  deliver();
  EXPECT_EQ(texts.front(), std::to_string(begin) + " lagged");
  EXPECT_EQ(static_cast<int>(texts.size()), 1 + 500 - begin);
}

// Given a state that is replaced by a later one, then all are told that they lagged.
TEST_F(ChangeBusTest, AReplacedStateIsALag) {
  StoreMachine from;
  for (int i = 0; i < 5; ++i) run(from, set("a", "v"));
  std::string state;
  const auto reader = from.begin_snapshot();
  while (reader->read(1000, state)) {
  }
  const auto stream = bus.open_cursor({ChangeFilter::Scope::key, "b"}, [] {});
  run(machine, set("a", "1"));
  const auto loader = machine.begin_load();
  ASSERT_TRUE(loader->add(state).ok());
  ASSERT_TRUE(loader->finish().ok());
  run(machine, set("b", "1"));
  EXPECT_EQ(pull(*stream), (std::vector<int>{-1, 6}));
}

// Given ten thousand subscribers to prefixes of several lengths, when keys are changed, then each
// is told of its own and of nothing else.
TEST_F(ChangeBusTest, ManyPrefixesAreToldApart) {
  constexpr int count = 10'000;
  std::vector<int> told(count);
  for (int i = 0; i < count; ++i) {
    bus.subscribe_to_prefix("user:" + std::to_string(i) + ":",
                            [&told, i](const ChangeNotification&) { ++told[i]; });
  }
  for (int i = 0; i < count; i += 3) {
    run(machine, set("user:" + std::to_string(i) + ":name", "v"));
    run(machine, set("user:" + std::to_string(i), "v"));
  }
  deliver();
  for (int i = 0; i < count; ++i) ASSERT_EQ(told[i], i % 3 == 0 ? 1 : 0) << i;
}

}  // namespace
}  // namespace rabia::kv
