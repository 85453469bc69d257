#include "consensus/published/decided_log.h"

#include <gtest/gtest.h>

namespace rabia::consensus::published {
namespace {

DecidedLog::Entry entry(std::uint64_t number, std::size_t size = 10) {
  return {RequestId{number, {1}, number}, base::SharedBytes(std::string(size, 'x')), 1};
}

// Given slots that all members have executed, then they are discarded (section 3.4 of the paper),
// and the others are found by their number.
TEST(PublishedLog, DiscardsWhatAllHaveExecuted) {
  DecidedLog log(1 << 20);
  for (std::uint64_t i = 0; i < 5; ++i) log.append(entry(i + 1));
  log.discard_below({3});
  EXPECT_EQ(log.begin(), Seq{3});
  EXPECT_EQ(log.end(), Seq{5});
  EXPECT_EQ(log.find({2}), nullptr);
  EXPECT_EQ(log.find({4})->request->number, 5U);
  EXPECT_EQ(log.find({5}), nullptr);
  log.discard_below({9});
  EXPECT_EQ(log.begin(), Seq{5}) << "the next slot has its number";
  EXPECT_EQ(log.bytes(), 0U);
}

// Given a member that stays behind, then no more is kept for it than the bound.
TEST(PublishedLog, ForgetsTheOldestAtItsBound) {
  DecidedLog log(4000);
  for (std::uint64_t i = 0; i < 100; ++i) log.append(entry(i + 1, 500));
  EXPECT_LE(log.bytes(), 4000U);
  EXPECT_EQ(log.end(), Seq{100});
  EXPECT_GT(log.begin(), Seq{90});
  log.append(entry(101, 50'000));
  EXPECT_EQ(log.begin(), Seq{100}) << "the last one is kept, whatever its size";
}

// Given slots that end empty, then they take room too.
TEST(PublishedLog, CountsEmptySlots) {
  DecidedLog log(2000);
  for (int i = 0; i < 1000; ++i) log.append({std::nullopt, {}, 1});
  EXPECT_GT(log.begin(), Seq{900});
}

}  // namespace
}  // namespace rabia::consensus::published
