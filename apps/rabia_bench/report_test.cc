#include "rabia_bench/report.h"

#include <gtest/gtest.h>

#include "rabia_bench/gap.h"
#include "rabia_bench/json.h"
#include "rabia_bench/server_cpu.h"

namespace rabia::bench {
namespace {

constexpr std::int64_t ms = 1'000'000;

Options two_targets() {
  Options options;
  options.targets = {{"a", 1}, {"b", 2}};
  options.name = "row";
  options.gap = true;
  return options;
}

Window one_second() {
  return {.start = 0, .from = 1000 * ms, .until = 2000 * ms};
}

// Given operations begun or answered within the window or not, then throughput counts what was
// answered within, and latency what was begun within.
TEST(Tally, CountsByTheWindow) {
  Tally tally(one_second(), 1);
  tally.complete(0, true, 900 * ms, 950 * ms);
  tally.complete(0, true, 990 * ms, 1010 * ms);
  tally.complete(0, false, 1500 * ms, 1501 * ms);
  tally.complete(0, true, 1990 * ms, 2500 * ms);
  EXPECT_EQ(tally.answered, 4U);
  EXPECT_EQ(tally.completed(), 2U);
  EXPECT_EQ(tally.targets()[0].reads.count(), 1U);
  EXPECT_EQ(tally.targets()[0].writes.count(), 1U);
  EXPECT_EQ(tally.targets()[0].writes.max(), 510 * ms);
}

// Given the tallies of threads, when merged, then sums are sums, errors are kept once, and write
// times are in order.
TEST(Tally, MergesThreads) {
  Tally one(one_second(), 1);
  Tally other(one_second(), 1);
  one.keep_write_times();
  other.keep_write_times();
  one.complete(0, true, 1000 * ms, 1300 * ms);
  other.complete(0, true, 1000 * ms, 1200 * ms);
  other.complete(0, true, 1000 * ms, 1205 * ms);
  for (Tally* each : {&one, &other}) each->fail("ERR same");
  other.fail("ERR more", 3);
  one.merge(other);
  EXPECT_EQ(one.completed(), 3U);
  EXPECT_EQ(one.errors(), 5U);
  EXPECT_EQ(one.first_errors(), (std::vector<std::string>{"ERR same", "ERR more"}));
  EXPECT_EQ(one.write_times(), (std::vector<std::int64_t>{1200 * ms, 1205 * ms, 1300 * ms}));
  EXPECT_EQ(one.slices()[20].completed, 2U);
  EXPECT_EQ(one.slices()[30].writes, 1U);
}

// Given times of completed writes, then the longest time without one is found, at the edges too.
TEST(Gap, IsTheLongestTimeWithoutACompletion) {
  const Window window = one_second();
  Gap gap = longest_gap({1100 * ms, 1150 * ms, 1600 * ms, 1900 * ms}, window);
  EXPECT_DOUBLE_EQ(gap.milliseconds, 450);
  EXPECT_DOUBLE_EQ(gap.at_second, 0.15);
  gap = longest_gap({1100 * ms}, window);
  EXPECT_DOUBLE_EQ(gap.milliseconds, 900);
  EXPECT_DOUBLE_EQ(gap.at_second, 0.1);
  gap = longest_gap({}, window);
  EXPECT_DOUBLE_EQ(gap.milliseconds, 1000);
  EXPECT_DOUBLE_EQ(gap.at_second, 0);
}

// Given a run, then its JSON has the figures under their names.
TEST(Report, HasAllFigures) {
  const Options options = two_targets();
  Outcome outcome{.tally = Tally(one_second(), 2), .seconds = 1, .servers = {{1, 0.5}, {2, {}}}};
  outcome.tally.keep_write_times();
  for (int i = 0; i < 1000; ++i) outcome.tally.complete(1, true, 1500 * ms, 1501 * ms);
  outcome.tally.fail("ERR \"odd\"\n");
  const std::string json = json_report(options, outcome);
  for (const char* part :
       {"\"per_second\":1000,", "\"completed\":1000,", "\"p50\":1000,", "\"target\":\"b:2\"",
        "\"errors\":{\"count\":1,\"first\":[\"ERR \\\"odd\\\"\\u000a\"]}",
        "\"server_seconds_per_million\":500,", "{\"pid\":2,\"seconds\":null}",
        "\"gap\":{\"milliseconds\":501,\"at_second\":0}"}) {
    EXPECT_NE(json.find(part), std::string::npos) << part << " in " << json;
  }
  const std::string text = text_report(options, outcome);
  EXPECT_NE(text.find("1 errors"), std::string::npos);
  EXPECT_NE(text.find("process 2 ended meanwhile"), std::string::npos);
}

// Given a run, then the timeline has a line for each 10 ms of the window, also where nothing was.
TEST(Report, TheTimelineHasNoHoles) {
  Tally tally(one_second(), 1);
  tally.complete(0, true, 1500 * ms, 1505 * ms);
  const std::string csv = timeline_csv(tally);
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 101);
  EXPECT_NE(csv.find("\n0.50,1,1\n0.51,0,0\n"), std::string::npos);
}

// Given numbers that JSON has no word for, then they are null.
TEST(Json, HasNoNumberForWhatIsNone) {
  EXPECT_EQ(json_number(1.0 / 0.0), "null");
  EXPECT_EQ(json_number(0.0 / 0.0), "null");
  EXPECT_EQ(json_number(1234567.8), "1234568");
  EXPECT_EQ(json_number(0.25), "0.25");
}

// Given a process's line of /proc, also with a name that looks like its end, then user and system
// time are added.
TEST(ServerCpu, IsReadBehindTheName) {
  EXPECT_EQ(ticks_in_stat("7 (a) b) S 1 2 3 4 5 6 7 8 9 10 20 30 40 50"), 50);
  EXPECT_EQ(ticks_in_stat("7 (a) S 1 2"), std::nullopt);
  EXPECT_EQ(ticks_in_stat(""), std::nullopt);
  EXPECT_FALSE(cpu_seconds_of(999'999'999).ok());
}

}  // namespace
}  // namespace rabia::bench
