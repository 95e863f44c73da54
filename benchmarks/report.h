// The report of a run: tables and pictures.
#ifndef IPMPSC_BENCHMARKS_REPORT_H_
#define IPMPSC_BENCHMARKS_REPORT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "benchmarks/results.pb.h"

namespace ipmpsc::benchmarks {

double Median(std::vector<double> samples);

// "1.25 us", "21.3 million/s", "12.4 MB": three digits, with a unit that suits the size.
std::string FormatFigure(double value, const std::string& unit);

// All rows as Markdown: of each system the median, the spread (first to third quartile), and its
// ratio to the limit and to this library. Above each table stands the picture `pictures`/ROW.svg,
// unless that is empty.
std::string MarkdownTables(const Results& results, absl::string_view pictures);

// Some rows, a line for each: the limit, this library, the best of its peers, and two that most
// readers know. Rows that `results` does not have are left out.
std::string SummaryTable(const Results& results, const std::vector<std::string>& ids);

// A row as a picture: a bar for each system, on a logarithmic scale, the best one on top.
std::string BarChart(const RowResult& row);

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_REPORT_H_
