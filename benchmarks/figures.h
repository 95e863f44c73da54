// Reads figures out of the results of a run.
#ifndef IPMPSC_BENCHMARKS_FIGURES_H_
#define IPMPSC_BENCHMARKS_FIGURES_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "benchmarks/results.pb.h"

namespace ipmpsc::benchmarks {

// Returns the value below which `fraction` of the samples lie, interpolated. REQUIRES: a sample.
double Quantile(std::vector<double> samples, double fraction);

// Returns 0 without a sample.
double Median(std::vector<double> samples);

std::vector<double> Samples(const Metric& metric);

// Returns the first metric's median, or 0 if the system has none.
double FigureOf(const RowResult::Entry& entry);

// Returns "1.25 us", "21.3 million/s" or "12.4 MB": three digits, with a unit that suits the size.
std::string FormatFigure(double value, const std::string& unit);

// Returns whether the entry is this library's.
bool IsOwn(const RowResult::Entry& entry);

// The functions below return null where nothing was measured.
const RowResult* FindRow(const Results& results, absl::string_view id);
const RowResult::Entry* FindSystem(const RowResult& row, absl::string_view system);
const RowResult::Entry* FindLimit(const RowResult& row);
// Returns this library's first entry.
const RowResult::Entry* FindOwn(const RowResult& row);
// Returns the best system that is neither this library nor a limit.
const RowResult::Entry* BestPeer(const RowResult& row);

// Returns what was measured, the limits before the systems and the best before the worse.
std::vector<const RowResult::Entry*> BestFirst(const RowResult& row);

// Returns value / base of each round, since a disturbance of the machine affects both. A ratio is
// not finite where the base is 0.
std::vector<double> RoundRatios(const Metric& value, const Metric& base);

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_FIGURES_H_
