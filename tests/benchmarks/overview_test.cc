// Tests the results at a glance: the ratios of several runs, and the verdicts on targets.
#include "benchmarks/overview.h"

#include <string>
#include <vector>

#include "benchmarks/results.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/benchmarks/entries.h"

namespace ipmpsc::benchmarks {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

RowResult* AddRow(Results* results, const std::string& id, bool more_is_better) {
  RowResult* const row = results->add_rows();
  row->set_id(id);
  row->set_title("row " + id);
  row->set_unit(more_is_better ? "messages/s" : "ns");
  row->set_more_is_better(more_is_better);
  return row;
}

Results Rates(const std::vector<double>& own, const std::vector<double>& aeron) {
  Results results;
  RowResult* const row = AddRow(&results, "throughput-64-from-1", /*more_is_better=*/true);
  AddEntry(row, "ipmpsc", own);
  AddEntry(row, "aeron ring", aeron);
  return results;
}

TEST(OverviewTest, FiguresAreOfAllRoundsAndThePeerIsOneSystem) {
  // The pipe is the best peer of the second run, and of all rounds.
  Results first = Rates({2e6, 2e6}, {1e6, 1e6});
  AddEntry(first.mutable_rows(0), "pipe", {9e5, 8e5});
  Results second = Rates({6e6, 6e6, 6e6}, {1e6, 1e6, 1e6});
  AddEntry(second.mutable_rows(0), "pipe", {4e6, 4e6, 3e6});
  EXPECT_THAT(OverviewTable({first, second}),
              HasSubstr("| row throughput-64-from-1 | **6.00 million/s** | 3.00 million/s, pipe | "
                        "2.00 | 1.50 to 2.22 |\n"));
  EXPECT_THAT(OverviewTable({first}), HasSubstr("| 1.00 million/s, aeron ring | 2.00 |"));
}

TEST(OverviewTest, ASystemThatOneRunLacksIsComparedInTheOthers) {
  Results first = Rates({2e6, 2e6}, {1e6, 1e6});
  Results second = Rates({6e6, 6e6, 6e6}, {1e6, 1e6, 1e6});
  AddEntry(second.mutable_rows(0), "pipe", {3e6, 3e6, 3e6});
  EXPECT_THAT(OverviewTable({first, second}), HasSubstr(", pipe | 2.00 | 2.00 to 2.00 |\n"));
}

TEST(OverviewTest, ShorterTimesAreBetter) {
  Results results;
  RowResult* const row = AddRow(&results, "frame-copied", /*more_is_better=*/false);
  AddEntry(row, "memcpy", {50, 50})->set_is_limit(true);
  AddEntry(row, "ipmpsc", {100, 100});
  AddEntry(row, "iceoryx2", {250, 250});
  EXPECT_THAT(OverviewTable({results}),
              HasSubstr("| **100 ns** | 250 ns, iceoryx2 | 2.50 | 2.50 to 2.50 |\n"));
  EXPECT_THAT(TargetTable({results}),
              HasSubstr("| time of a frame copied in, beside iceoryx2 | at most 1.00 | 0.40 | 0.40 "
                        "to 0.40 | met |\n"));
}

TEST(OverviewTest, RatiosHaveAsManyDigitsAsTheyNeed) {
  const auto table = [](double own, double peer) {
    Results results;
    RowResult* const row = AddRow(&results, "attach", /*more_is_better=*/false);
    AddEntry(row, "ipmpsc", {own});
    AddEntry(row, "pipe", {peer});
    return OverviewTable({results});
  };
  EXPECT_THAT(table(1, 26181.6), HasSubstr("| 26182 | 26182 to 26182 |"));
  EXPECT_THAT(table(1, 23.14), HasSubstr("| 23.1 | 23.1 to 23.1 |"));
  EXPECT_THAT(table(44'000, 50), HasSubstr("| 0.001 | 0.001 to 0.001 |"));
}

TEST(OverviewTest, RowsOfOneSideAreLeftOut) {
  Results results;
  AddEntry(AddRow(&results, "alone", /*more_is_better=*/true), "ipmpsc", {1});
  AddEntry(AddRow(&results, "others", /*more_is_better=*/true), "pipe", {1});
  EXPECT_THAT(OverviewTable({results}), Not(HasSubstr("row ")));
}

TEST(OverviewTest, RatiosToZeroAreLeftOut) {
  Results results;
  RowResult* const row = AddRow(&results, "idle", /*more_is_better=*/false);
  AddEntry(row, "ipmpsc", {10, 10, 10});
  AddEntry(row, "pipe", {0, 20, 0});
  EXPECT_THAT(TargetTable({results}), HasSubstr("| at most 1.00 | 0.50 | 0.50 to 0.50 | met |\n"));
}

TEST(TargetTest, VerdictIsOfTheMedianOfAllRounds) {
  const char* const kTarget = "| 64 bytes from 1 sender, beside Aeron's ring | at least 1.70 | ";
  EXPECT_THAT(TargetTable({Rates({2, 2, 2}, {1, 1, 1})}),
              HasSubstr(std::string(kTarget) + "2.00 | 2.00 to 2.00 | met |\n"));
  EXPECT_THAT(TargetTable({Rates({1, 1, 2}, {1, 1, 1})}),
              HasSubstr(std::string(kTarget) + "1.00 | 1.00 to 1.50 | **missed** |\n"));
  EXPECT_THAT(TargetTable({Rates({2, 2}, {1, 1}), Rates({1, 1, 3}, {1, 1, 1})}),
              HasSubstr(std::string(kTarget) + "2.00 | 1.00 to 2.00 | met, within the quartiles "
                                               "|\n"));
}

TEST(TargetTest, TheBestPeerIsOneSystemInAllRuns) {
  const auto run = [](double own, double crate, double iceoryx2) {
    Results results;
    RowResult* const row = AddRow(&results, "latency-4096-spinning", /*more_is_better=*/false);
    AddEntry(row, "ipmpsc", {own, own, own});
    AddEntry(row, "crate ipmpsc", {crate, crate, crate});
    AddEntry(row, "iceoryx2", {iceoryx2, iceoryx2, iceoryx2});
    return results;
  };
  // Of the last run by itself, iceoryx2 would be the best, with a ratio of 0.4.
  EXPECT_THAT(TargetTable({run(270, 300, 700), run(270, 300, 700), run(280, 800, 700)}),
              HasSubstr("| time one way, 4 KiB, beside the best peer | at most 0.50 | 0.90 | 0.35 "
                        "to 0.90 | **missed**, within the quartiles |\n"));
}

TEST(TargetTest, DifferencesOfTimesHaveAUnitAndASign) {
  Results results;
  RowResult* const row = AddRow(&results, "latency-64-sleeping", /*more_is_better=*/false);
  AddEntry(row, "a bare futex wake", {30'000, 30'000, 30'000})->set_is_limit(true);
  AddEntry(row, "ipmpsc", {29'500, 34'000, 33'000});
  EXPECT_THAT(TargetTable({results}),
              HasSubstr("| at most 2.00 us | 3.00 us | 1.25 us to 3.50 us | **missed**, within the "
                        "quartiles |\n"));
  AddEntry(AddRow(&results, "read-frame", /*more_is_better=*/false), "ipmpsc view", {20});
  EXPECT_THAT(TargetTable({results}), HasSubstr("| at most 200 ns | 20.0 ns | "));
}

TEST(TargetTest, TheLeastShareIsAMetricByItself) {
  Results results;
  RowResult* const row = AddRow(&results, "throughput-64-from-8", /*more_is_better=*/true);
  RowResult::Entry* const own = AddEntry(row, "ipmpsc", {5e6});
  Metric* const share = own->add_metrics();
  share->set_name("least share");
  share->add_samples(0.62);
  EXPECT_THAT(TargetTable({results}),
              HasSubstr("| share of the least served of 8 senders | at least 0.80 | 0.62 | 0.62 to "
                        "0.62 | **missed** |\n"));
}

TEST(TargetTest, WithoutAMeasurementThereIsNoVerdict) {
  EXPECT_THAT(TargetTable({Results()}),
              HasSubstr("| processor time while idle, beside a pipe | at most 1.00 | - | - | not "
                        "measured |\n"));
}

}  // namespace
}  // namespace ipmpsc::benchmarks
