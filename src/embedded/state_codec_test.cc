#include "embedded/state_codec.h"

#include <gtest/gtest.h>

#include "kv/operations.h"

namespace rabia::embedded {
namespace {

void fill(kv::Store& store) {
  store.advance_clock(10);
  store.set("b", "2");
  store.set("a", std::string("\0\xff", 2), 500);
  store.set("", "");
  store.set("due", "x", 5);
}

// Given a store, also one that came to its contents otherwise, then its bytes are the same, and
// give what is not due.
TEST(StateCodec, ReadsBackWhatItWrote) {
  kv::Store store;
  fill(store);
  kv::Store other;
  other.set("gone", "x");
  other.erase("gone");
  fill(other);
  const std::string bytes = serialize(store);
  EXPECT_EQ(serialize(other), bytes);
  const auto keys = parse_state(bytes);
  ASSERT_TRUE(keys.ok()) << keys.status().message();
  ASSERT_EQ(keys.value().size(), 3U);
  EXPECT_EQ(keys.value()[0].key, "");
  EXPECT_EQ(keys.value()[1].key, "a");
  EXPECT_EQ(keys.value()[1].value, std::string("\0\xff", 2));
  EXPECT_EQ(keys.value()[1].deadline, 500U);
  EXPECT_EQ(keys.value()[2].deadline, kv::no_deadline);
}

TEST(StateCodec, RefusesAnyOtherBytes) {
  kv::Store store;
  fill(store);
  const std::string bytes = serialize(store);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    EXPECT_FALSE(parse_state(bytes.substr(0, at)).ok()) << at;
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    EXPECT_FALSE(parse_state(damaged).ok()) << at;
  }
  EXPECT_FALSE(parse_state(bytes + "x").ok());
}

// Given the replacement, when it is executed, then the store holds that and nothing else; also of
// no keys at all.
TEST(StateCodec, TheReplacementIsTheState) {
  kv::Store store;
  fill(store);
  const std::string bytes = serialize(store);
  kv::StoreMachine machine;
  machine.begin_batch({{1}, {1}, {20}});
  machine.store().set("other", "y");
  std::string reply;
  machine.apply({}, encode_replacement(parse_state(bytes).value()), &reply);
  EXPECT_EQ(serialize(machine.store()), bytes);
  const std::string nothing = serialize(kv::Store());
  reply.clear();
  machine.apply({}, encode_replacement(parse_state(nothing).value()), &reply);
  EXPECT_EQ(machine.store().size(), 0U);
}

}  // namespace
}  // namespace rabia::embedded
