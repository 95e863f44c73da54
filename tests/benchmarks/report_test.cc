// Tests the report of a run: the figures, their ratios, and the marks of this library's own
// figures.
#include "benchmarks/report.h"

#include <string>
#include <vector>

#include "benchmarks/figures.h"
#include "benchmarks/results.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/benchmarks/entries.h"

namespace ipmpsc::benchmarks {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

RowResult Latency() {
  RowResult row;
  row.set_id("one-way");
  row.set_title("One way");
  row.set_unit("ns");
  AddEntry(&row, "crate ipmpsc", {400, 200, 1000});
  // Twice the limit in each round, however slow the round was.
  AddEntry(&row, "ipmpsc", {200, 100, 500});
  AddEntry(&row, "a wire", {100, 50, 250})->set_is_limit(true);
  RowResult::Entry* const refused = row.add_entries();
  refused->set_system("pipe");
  refused->set_refused("at most 4096 bytes");
  return row;
}

TEST(ReportTest, MedianOfEvenOddAndEmptyLists) {
  EXPECT_EQ(Median({3, 1, 2}), 2);
  EXPECT_EQ(Median({4, 1, 2, 3}), 2.5);
  EXPECT_EQ(Median({}), 0);
}

TEST(ReportTest, FiguresHaveASuitableUnit) {
  EXPECT_EQ(FormatFigure(75, "ns"), "75.0 ns");
  EXPECT_EQ(FormatFigure(1234, "ns"), "1.23 us");
  EXPECT_EQ(FormatFigure(0.5, "ns"), "0.50 ns");
  EXPECT_EQ(FormatFigure(2.5e9, "ns"), "2.50 s");
  EXPECT_EQ(FormatFigure(21.34e6, "messages/s"), "21.3 million/s");
  EXPECT_EQ(FormatFigure(12441600, "bytes"), "12.4 MB");
}

TEST(ReportTest, TableSortsByMedianBehindTheLimit) {
  Results results;
  *results.add_rows() = Latency();
  const std::string tables = MarkdownTables(results, "");
  EXPECT_THAT(tables, HasSubstr("| _a wire_ | 100 ns | 75.0 ns to 175 ns | 1.00 | 0.50 |\n"
                                "| **ipmpsc** | 200 ns | 150 ns to 350 ns | 2.00 | 1.00 |\n"
                                "| crate ipmpsc | 400 ns | 300 ns to 700 ns | 4.00 | 2.00 |\n"));
  EXPECT_THAT(tables, HasSubstr("Not measured: pipe: at most 4096 bytes."));
  EXPECT_THAT(tables, Not(HasSubstr("![")));
  EXPECT_THAT(MarkdownTables(results, "plots"), HasSubstr("![One way](plots/one-way.svg)\n\n| |"));
}

TEST(ReportTest, SummaryHasALineForEachMeasuredRow) {
  Results results;
  *results.add_rows() = Latency();
  AddEntry(results.mutable_rows(0), "unix stream socket", {3000});
  RowResult* const rate = results.add_rows();
  rate->set_id("rate");
  rate->set_title("Rate");
  rate->set_unit("messages/s");
  rate->set_more_is_better(true);
  AddEntry(rate, "pipe", {1e6});
  AddEntry(rate, "ipmpsc", {2e6});
  AddEntry(rate, "a ring", {3e6});
  EXPECT_THAT(SummaryTable(results, {"rate", "missing", "one-way"}),
              ::testing::EndsWith(
                  "| --- |\n"
                  "| Rate | - | **2.00 million/s** | 3.00 million/s, a ring | - | - |\n"
                  "| One way | 100 ns | **200 ns** | 400 ns, crate ipmpsc | 400 ns | 3.00 us |\n"));
}

TEST(ReportTest, HighestComesFirstIfMoreIsBetter) {
  RowResult row;
  row.set_unit("messages/s");
  row.set_more_is_better(true);
  AddEntry(&row, "slow", {1e3});
  AddEntry(&row, "fast", {1e6});
  Results results;
  *results.add_rows() = row;
  const std::string tables = MarkdownTables(results, "");
  EXPECT_LT(tables.find("| fast |"), tables.find("| slow |"));
}

TEST(ReportTest, PictureHasABarForEachMeasuredSystem) {
  const std::string picture = BarChart(Latency());
  EXPECT_THAT(picture, AllOf(HasSubstr("<svg"), HasSubstr("</svg>"), HasSubstr(">a wire<"),
                             HasSubstr(">crate ipmpsc<"), HasSubstr(">400 ns<"),
                             Not(HasSubstr("pipe")), Not(HasSubstr("nan")), Not(HasSubstr("inf"))));
  EXPECT_EQ(BarChart(RowResult()), "");
}

TEST(ReportTest, BarsAreAsLongAsTheirFigures) {
  RowResult row;
  row.set_unit("ns");
  AddEntry(&row, "half", {50});
  AddEntry(&row, "whole", {100});
  AddEntry(&row, "nothing", {0});
  EXPECT_THAT(BarChart(row), AllOf(HasSubstr("width=\"420.0\""), HasSubstr("width=\"210.0\""),
                                   HasSubstr("width=\"1.0\"")));
}

TEST(ReportTest, LongNamesHaveRoom) {
  RowResult row;
  row.set_unit("ns");
  AddEntry(&row, "short", {50});
  EXPECT_THAT(BarChart(row), AllOf(HasSubstr("viewBox=\"0 0 800 "), HasSubstr("<rect x=\"250\"")));
  AddEntry(&row, std::string(40, 'x'), {100});
  EXPECT_THAT(BarChart(row), AllOf(HasSubstr("viewBox=\"0 0 850 "), HasSubstr("<rect x=\"300\"")));
}

TEST(ReportTest, ZeroFiguresArePrinted) {
  RowResult row;
  row.set_unit("ns");
  AddEntry(&row, "ipmpsc", {0, 0});
  EXPECT_EQ(BarChart(row), "");
  AddEntry(&row, "pipe", {20, 30});
  Results results;
  *results.add_rows() = row;
  EXPECT_THAT(MarkdownTables(results, ""),
              HasSubstr("| pipe | 25.0 ns | 22.5 ns to 27.5 ns | - |"));
  EXPECT_THAT(BarChart(row),
              AllOf(HasSubstr(">0.00 ns<"), Not(HasSubstr("nan")), Not(HasSubstr("inf"))));
}

TEST(ReportTest, PictureEscapesNames) {
  RowResult row;
  row.set_unit("ns");
  AddEntry(&row, "<a & b>", {1});
  EXPECT_THAT(BarChart(row), HasSubstr("&lt;a &amp; b&gt;"));
}

}  // namespace
}  // namespace ipmpsc::benchmarks
