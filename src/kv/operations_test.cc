#include "kv/operations.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "base/random.h"
#include "kv/operations_text.h"

namespace rabia::kv {
namespace {

constexpr std::int64_t smallest = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();

using Contents = std::map<std::string, std::string, std::less<>>;

Contents contents_of(const Store& store) {
  Contents contents;
  store.for_each([&contents](auto key, auto value) { contents.emplace(key, value); });
  return contents;
}

struct Case {
  std::string name;
  Contents before;
  std::string command;
  std::string reply;
  Contents after;
};

const std::string not_integer = "(error) ERR value is not an integer or out of range";
const std::string overflow = "(error) ERR increment or decrement would overflow";
const std::string not_float = "(error) ERR value is not a valid float";
const std::string not_finite = "(error) ERR increment would produce NaN or Infinity";
const std::string too_long = "(error) ERR string exceeds maximum allowed size (proto-max-bulk-len)";
constexpr SetOptions if_absent{SetCondition::if_absent, false};
constexpr SetOptions if_present{SetCondition::if_present, false};

std::vector<Case> set_cases() {
  return {
      {"SetNew", {}, set("a", "1"), "OK", {{"a", "1"}}},
      {"SetReplaces", {{"a", "0"}}, set("a", "1"), "OK", {{"a", "1"}}},
      {"SetEmpty", {}, set("", ""), "OK", {{"", ""}}},
      {"SetIfAbsentNew", {}, set("a", "1", if_absent), "OK", {{"a", "1"}}},
      {"SetIfAbsentOld", {{"a", "0"}}, set("a", "1", if_absent), "(nil)", {{"a", "0"}}},
      {"SetIfPresentNew", {}, set("a", "1", if_present), "(nil)", {}},
      {"SetIfPresentOld", {{"a", "0"}}, set("a", "1", if_present), "OK", {{"a", "1"}}},
      {"SetGetNew", {}, set("a", "1", {SetCondition::always, true}), "(nil)", {{"a", "1"}}},
      {"SetGetOld",
       {{"a", "0"}},
       set("a", "1", {SetCondition::always, true}),
       "\"0\"",
       {{"a", "1"}}},
      {"SetGetIfAbsentOld",
       {{"a", "0"}},
       set("a", "1", {SetCondition::if_absent, true}),
       "\"0\"",
       {{"a", "0"}}},
      {"SetGetIfPresentNew", {}, set("a", "1", {SetCondition::if_present, true}), "(nil)", {}},
      {"SetMany", {}, set_many({{"a", "1"}, {"b", "2"}}), "OK", {{"a", "1"}, {"b", "2"}}},
      {"SetManyRepeatedKey", {}, set_many({{"a", "1"}, {"a", "2"}}), "OK", {{"a", "2"}}},
      {"SetManyNothing", {{"a", "1"}}, set_many({}), "OK", {{"a", "1"}}},
      {"SetManyIfNoneExists",
       {},
       set_many({{"a", "1"}, {"a", "2"}}, true),
       "(integer) 1",
       {{"a", "2"}}},
      {"SetManyIfOneExists",
       {{"b", "0"}},
       set_many({{"a", "1"}, {"b", "2"}}, true),
       "(integer) 0",
       {{"b", "0"}}},
  };
}

std::vector<Case> erase_cases() {
  return {
      {"EraseSome", {{"a", "1"}, {"b", "2"}}, erase({"a", "x"}), "(integer) 1", {{"b", "2"}}},
      {"EraseRepeatedKey", {{"a", "1"}}, erase({"a", "a"}), "(integer) 1", {}},
      {"EraseNothing", {{"a", "1"}}, erase({}), "(integer) 0", {{"a", "1"}}},
      {"GetAndErase", {{"a", "1"}}, get_and_erase("a"), "\"1\"", {}},
      {"GetAndEraseNone", {}, get_and_erase("a"), "(nil)", {}},
      {"Clear", {{"a", "1"}, {"b", "2"}}, clear(), "OK", {}},
      {"ClearEmpty", {}, clear(), "OK", {}},
  };
}

std::vector<Case> increment_cases() {
  return {
      {"IncrementNew", {}, increment("a", 3), "(integer) 3", {{"a", "3"}}},
      {"IncrementDown", {{"a", "1"}}, increment("a", -3), "(integer) -2", {{"a", "-2"}}},
      {"IncrementToLargest",
       {{"a", "9223372036854775806"}},
       increment("a", 1),
       "(integer) 9223372036854775807",
       {{"a", "9223372036854775807"}}},
      {"IncrementOverflow",
       {{"a", "9223372036854775807"}},
       increment("a", 1),
       overflow,
       {{"a", "9223372036854775807"}}},
      {"IncrementUnderflow", {{"a", "-2"}}, increment("a", smallest), overflow, {{"a", "-2"}}},
      {"IncrementBySmallest",
       {},
       increment("a", smallest),
       "(integer) -9223372036854775808",
       {{"a", "-9223372036854775808"}}},
      {"IncrementByLargest",
       {{"a", "-1"}},
       increment("a", largest),
       "(integer) 9223372036854775806",
       {{"a", "9223372036854775806"}}},
      {"IncrementText", {{"a", "x"}}, increment("a", 1), not_integer, {{"a", "x"}}},
      {"IncrementEmpty", {{"a", ""}}, increment("a", 1), not_integer, {{"a", ""}}},
      {"IncrementLeadingZero", {{"a", "01"}}, increment("a", 1), not_integer, {{"a", "01"}}},
      {"IncrementSpace", {{"a", " 1"}}, increment("a", 1), not_integer, {{"a", " 1"}}},
      {"IncrementMinusZero", {{"a", "-0"}}, increment("a", 1), not_integer, {{"a", "-0"}}},
      {"FloatNew", {}, increment_float("a", "0.1"), "\"0.1\"", {{"a", "0.1"}}},
      {"FloatExponent",
       {{"a", "5.0e3"}},
       increment_float("a", "2.0e2"),
       "\"5200\"",
       {{"a", "5200"}}},
      {"FloatSum", {{"a", "10.50"}}, increment_float("a", "0.1"), "\"10.6\"", {{"a", "10.6"}}},
      {"FloatToZero", {{"a", "-1.5"}}, increment_float("a", "1.5"), "\"0\"", {{"a", "0"}}},
      {"FloatOfText", {{"a", "x"}}, increment_float("a", "1"), not_float, {{"a", "x"}}},
      {"FloatByText", {{"a", "1"}}, increment_float("a", "1x"), not_float, {{"a", "1"}}},
      {"FloatInfinite", {{"a", "1"}}, increment_float("a", "inf"), not_finite, {{"a", "1"}}},
      {"FloatNan", {{"a", "inf"}}, increment_float("a", "-inf"), not_finite, {{"a", "inf"}}},
  };
}

std::vector<Case> range_cases() {
  return {
      {"AppendNew", {}, append("a", "xy"), "(integer) 2", {{"a", "xy"}}},
      {"AppendOld", {{"a", "12"}}, append("a", "xy"), "(integer) 4", {{"a", "12xy"}}},
      {"AppendNothingToNew", {}, append("a", ""), "(integer) 0", {{"a", ""}}},
      {"AppendUpToLimit", {{"a", "12"}}, append("a", "34", 4), "(integer) 4", {{"a", "1234"}}},
      {"AppendBeyondLimit", {{"a", "12"}}, append("a", "345", 4), too_long, {{"a", "12"}}},
      {"SetRangeNew", {}, set_range("a", 2, "x"), "(integer) 3", {{"a", std::string("\0\0x", 3)}}},
      {"SetRangeInside", {{"a", "1234"}}, set_range("a", 1, "xy"), "(integer) 4", {{"a", "1xy4"}}},
      {"SetRangeOverEnd", {{"a", "12"}}, set_range("a", 1, "xyz"), "(integer) 4", {{"a", "1xyz"}}},
      {"SetRangeNothingNew", {}, set_range("a", 5, ""), "(integer) 0", {}},
      {"SetRangeNothingOld", {{"a", "12"}}, set_range("a", 5, ""), "(integer) 2", {{"a", "12"}}},
      {"SetRangeUpToLimit", {}, set_range("a", 0, "1234", 4), "(integer) 4", {{"a", "1234"}}},
      {"SetRangeBeyondLimit", {{"a", "1"}}, set_range("a", 2, "345", 4), too_long, {{"a", "1"}}},
      {"SetRangeFarOff", {}, set_range("a", ~std::uint64_t{0}, "1"), too_long, {}},
      {"SetRangeAbsurdLimit",
       {},
       set_range("a", ~std::uint64_t{0} - 1, "1", ~std::uint64_t{0}),
       too_long,
       {}},
  };
}

std::vector<Case> all_cases() {
  std::vector<Case> all;
  for (auto cases : {set_cases, erase_cases, increment_cases, range_cases}) {
    for (Case& one : cases()) all.push_back(std::move(one));
  }
  return all;
}

StoreMachine& fill(StoreMachine& machine, const Contents& contents) {
  for (const auto& [key, value] : contents) machine.store().set(key, value);
  return machine;
}

class Operations : public testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(, Operations, testing::ValuesIn(all_cases()),
                         [](const auto& instance) { return instance.param.name; });

// Given the contents of the row, when its command is applied, then it answers and leaves what the
// row says. Source: Redis 7.0, with which differential.py compares.
TEST_P(Operations, AnswerAndChangeAsTheRowSays) {
  StoreMachine machine;
  fill(machine, GetParam().before);
  EXPECT_EQ(run(machine, GetParam().command), GetParam().reply);
  EXPECT_EQ(contents_of(machine.store()), GetParam().after);
}

// Given the same, when nobody waits for the answer, then the state comes out the same.
TEST_P(Operations, ChangeTheSameWhenNobodyWaits) {
  StoreMachine machine;
  fill(machine, GetParam().before).apply({}, GetParam().command, nullptr);
  EXPECT_EQ(contents_of(machine.store()), GetParam().after);
}

// Given any true prefix of the command, or a byte too many, when applied, then it is refused whole.
TEST_P(Operations, RefuseTruncatedAndOverlongCommands) {
  StoreMachine machine;
  fill(machine, GetParam().before);
  const std::string& command = GetParam().command;
  for (std::size_t size = 0; size < command.size(); ++size) {
    EXPECT_EQ(run(machine, command.substr(0, size)), "(error) ERR malformed command");
  }
  EXPECT_EQ(run(machine, command + '\0'), "(error) ERR malformed command");
  EXPECT_EQ(contents_of(machine.store()), GetParam().before);
}

// A valid command of random kind over few keys.
std::string random_command(base::Random& random) {
  const std::string a(1, static_cast<char>('a' + random.below(6)));
  const std::string b(1, static_cast<char>('a' + random.below(6)));
  const std::string number = std::to_string(static_cast<std::int64_t>(random.next()));
  const auto delta = static_cast<std::int64_t>(random.next());
  switch (random.below(15)) {
    case 0:
      return set(a, number, {static_cast<SetCondition>(random.below(3)), random.chance(50)});
    case 1:
      return erase({a, b});
    case 2:
      return append(a, number);
    case 3:
      return increment(a, delta);
    case 4:
      return increment_float(a, number + "e-9");
    case 5:
      return set_range(a, random.below(50), number);
    case 6:
      return set_many({{a, number}, {b, "7"}}, random.chance(50));
    case 7:
      return get_and_erase(a);
    case 8:
      return random.chance(10) ? clear() : set(a, "1");
    case 9:
      return publish(static_cast<ChannelKind>(random.below(2)), a, number);
    case 10:
      return expire(a, {Expiry::Kind::at, delta});
    case 11:
      return random.chance(50) ? rename(a, b) : kv::copy(a, b, random.chance(50));
    case 12:
      return touch({a, b});
    case 13:
      return once("session", random.below(100), append(a, number));
    default:
      return set(a, std::to_string(random.below(100)));
  }
}

// Flips, cuts, repeats or invents bytes.
std::string damaged(std::string command, base::Random& random) {
  switch (random.below(4)) {
    case 0:
      command[random.below(command.size())] = static_cast<char>(random.next());
      return command;
    case 1:
      return command.substr(0, random.below(command.size()));
    case 2:
      return command + command;
    default:
      for (char& byte : command) byte = static_cast<char>(random.next() >> random.below(8));
      return command;
  }
}

// Given random commands, many of them damaged, when applied to two machines of which only one is
// asked for replies, and only one is shown them ahead, then neither crashes, both stay equal, and
// what was refused has changed nothing.
TEST(OperationsUnderFire, NeverCrashNorChangeHalfNorDependOnRepliesNorPrefetches) {
  StoreMachine answering;
  StoreMachine silent;
  base::Random random(11);
  int refused = 0;
  for (int step = 0; step < 30'000; ++step) {
    std::string command = random_command(random);
    if (random.chance(50)) command = damaged(std::move(command), random);
    const Contents before = contents_of(answering.store());
    const std::string reply = run(answering, command);
    silent.prefetch(std::vector<std::string_view>(1 + random.below(20), command));
    silent.apply({}, command, nullptr);
    const Contents after = contents_of(answering.store());
    ASSERT_EQ(contents_of(silent.store()), after);
    if (reply.starts_with("(error)")) {
      ++refused;
      ASSERT_EQ(after, before);
    }
    ASSERT_NE(reply, "(malformed reply)");
  }
  EXPECT_GT(refused, 5'000);
}

// Golden bytes. Source: docs/formats/command.md.

// Looks up the key that the bytes are.
class KeyReader final : public TransactionReader {
 public:
  explicit KeyReader(const Store& store) : store_(store) {}
  void read(std::string_view bytes, std::string& out) override {
    out.append(store_.get(bytes).value_or("(none)"));
    ++reads;
  }
  int reads = 0;

 private:
  const Store& store_;
};

std::vector<std::string> results_of(StoreMachine& machine, std::string_view command) {
  std::string reply;
  machine.apply({}, command, &reply);
  ResultReader reader(reply);
  std::vector<std::string> results;
  while (const auto item = reader.next()) {
    results.push_back(item->tag == ResultTag::list ? "list" : std::string(item->text));
  }
  EXPECT_TRUE(reader.complete());
  return results;
}

// Given reads between writes, then each sees what is before it; where nobody waits none is made,
// and the state is the same.
TEST(Transaction, ReadsAtTheirPlace) {
  StoreMachine machine;
  KeyReader reader(machine.store());
  machine.set_transaction_reader(&reader);
  const std::string one = set("k", "1", {.want_old = true});
  const std::string two = set("k", "2", {.want_old = true});
  const std::string command =
      transaction({{true, "k"}, {false, one}, {true, "k"}, {false, two}, {true, "k"}});
  EXPECT_EQ(results_of(machine, command),
            (std::vector<std::string>{"list", "(none)", "", "1", "1", "2"}));
  StoreMachine other;
  other.apply({}, command, nullptr);
  EXPECT_EQ(other.digest(), machine.digest());
  EXPECT_EQ(reader.reads, 3);
}

// Given items that are malformed, fail, or are transactions themselves, then the others are
// executed; given a list that is malformed, then nothing is.
TEST(Transaction, ExecutesWhatItCan) {
  StoreMachine machine;
  const std::string good = set("k", "v");
  const std::string nested = transaction({{false, good}});
  const auto results = results_of(machine, transaction({{false, "\xff"},
                                                        {false, nested},
                                                        {false, increment("k", 1)},
                                                        {false, good},
                                                        {true, "k"}}));
  ASSERT_EQ(results.size(), 6U);
  EXPECT_EQ(results[1], "ERR malformed command");
  EXPECT_EQ(results[2], "ERR malformed command");
  EXPECT_EQ(results[3], "");
  EXPECT_EQ(results[5], "ERR nothing can be read in a transaction here");
  EXPECT_EQ(machine.store().get("k"), "v");
  const std::string whole = transaction({{false, set("other", "v")}, {true, "k"}});
  for (std::size_t size = 1; size < whole.size(); ++size) {
    EXPECT_EQ(run(machine, whole.substr(0, size)), "(error) ERR malformed command") << size;
  }
  EXPECT_EQ(run(machine, whole + "x"), "(error) ERR malformed command");
  EXPECT_FALSE(machine.store().contains("other"));
}

// Given keys that were looked at, when one of them was changed since, then nothing is executed.
TEST(Transaction, IsExecutedIfNothingThatItDependsOnChanged) {
  StoreMachine machine;
  run(machine, set("k", "v"));
  const std::uint64_t seen = machine.store().find("k")->revision;
  const auto guarded = [&](std::uint64_t revision, std::string_view absent) {
    return run(machine, transaction({{false, set("done", "x")}}, {{"k", revision}, {absent, 0}}));
  };
  EXPECT_NE(guarded(seen, "absent"), "(nil)");
  EXPECT_TRUE(machine.store().contains("done"));
  run(machine, erase({"done"}));
  EXPECT_EQ(guarded(seen, "k"), "(nil)");
  EXPECT_EQ(guarded(0, "absent"), "(nil)");
  run(machine, set("other", "v"));
  EXPECT_EQ(guarded(seen + 1, "absent"), "(nil)");
  run(machine, set("k", "v"));  // The same value, but not the same change.
  EXPECT_EQ(guarded(seen, "absent"), "(nil)");
  EXPECT_FALSE(machine.store().contains("done"));
}

TEST(OperationsEncoding, IsAsDocumented) {
  using std::string_literals::operator""s;
  EXPECT_EQ(set("k", "vw", {SetCondition::if_present, true}), "\x01\x02\x01\x00\x01k\x02vw"s);
  EXPECT_EQ(set("k", "v", {.expiry = {Expiry::Kind::in, 300}}),
            "\x01\x00\x00\x01\xd8\x04\x01k\x01v"s);
  EXPECT_EQ(set("k", "v", {.expiry = {Expiry::Kind::keep}}), "\x01\x00\x00\x03\x01k\x01v"s);
  EXPECT_EQ(expire("k", {Expiry::Kind::at, -1}, {.if_any = true, .if_less = true}),
            "\x0d\x01k\x02\x01\x0a"s);
  EXPECT_EQ(get_and_expire("k", {}), "\x0e\x01k\x00"s);
  EXPECT_EQ(persist("k"), "\x0f\x01k"s);
  EXPECT_EQ(rename("a", "b", true),
            "\x10\x01"
            "a\x01"
            "b\x01"s);
  EXPECT_EQ(copy("a", "b", true),
            "\x11\x01"
            "a\x01"
            "b\x01"s);
  EXPECT_EQ(erase({"a", "bc"}),
            "\x02\x02\x01"
            "a\x02"
            "bc"s);
  EXPECT_EQ(append("k", "v", 300), "\x03\x01k\x01v\xac\x02"s);
  EXPECT_EQ(increment("k", -2), "\x04\x01k\x03"s);
  EXPECT_EQ(increment_float("k", "1.5"),
            "\x05\x01k\x03"
            "1.5"s);
  EXPECT_EQ(set_range("k", 128, "v", 1), "\x06\x01k\x80\x01\x01v\x01"s);
  EXPECT_EQ(set_many({{"k", "v"}}), "\x07\x01\x01k\x01v"s);
  EXPECT_EQ(set_many({{"k", ""}}, true), "\x08\x01\x01k\x00"s);
  EXPECT_EQ(get_and_erase("k"), "\x09\x01k"s);
  EXPECT_EQ(clear(), "\x0a"s);
  EXPECT_EQ(transaction({{false, clear()}, {true, "k"}}), "\x0b\x00\x02\x00\x01\x0a\x01\x01k"s);
  EXPECT_EQ(transaction({{false, clear()}}, {{"k", 300}, {"", 0}}),
            "\x0b\x02\x01k\xac\x02\x00\x00\x01\x00\x01\x0a"s);
  EXPECT_EQ(once("s", 300, clear(), 7), "\x12\x01s\xac\x02\x07\x01\x0a"s);
  EXPECT_EQ(set_limits({{LimitField::max_entries, 300}, {LimitField::policy, 7}}, true),
            "\x13\x01\x02\x01\xac\x02\x02\x07"s);
  EXPECT_EQ(touch({"a", ""}),
            "\x14\x02\x01"
            "a\x00"s);
  EXPECT_EQ(publish(ChannelKind::shard, "c", "pq"),
            "\x0c\x01\x01"
            "c\x02pq"s);
}

}  // namespace
}  // namespace rabia::kv
