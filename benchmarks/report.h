// Formats a run as tables and pictures.
#ifndef IPMPSC_BENCHMARKS_REPORT_H_
#define IPMPSC_BENCHMARKS_REPORT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "benchmarks/results.pb.h"

namespace ipmpsc::benchmarks {

// Returns all rows as Markdown. Each system has its median, its spread (first to third quartile),
// and its ratios to the limit and to this library. Above each table is the picture
// `pictures`/ROW.svg, unless `pictures` is empty.
std::string MarkdownTables(const Results& results, absl::string_view pictures);

// Returns one line for each of some rows: the limit, this library, its best peer, and two that most
// readers know. Rows missing from `results` are left out.
std::string SummaryTable(const Results& results, const std::vector<std::string>& ids);

// Returns a picture of a row: a bar for each system on a linear scale, with the best on top.
std::string BarChart(const RowResult& row);

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_REPORT_H_
