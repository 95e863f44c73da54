// The results at a glance: each row beside its best peer, and each target.
#ifndef IPMPSC_BENCHMARKS_OVERVIEW_H_
#define IPMPSC_BENCHMARKS_OVERVIEW_H_

#include <string>
#include <vector>

#include "benchmarks/results.pb.h"

namespace ipmpsc::benchmarks {

// Returns a line for each row that this library and a peer took part in: their figures in the first
// run, and how many times as good this library is. Above 1 it is faster, or takes less. The ratios
// are those of all rounds of all runs, beside the peer that is best in the first run: median, and
// first to third quartile. `runs` must not be empty.
std::string OverviewTable(const std::vector<Results>& runs);

// Returns a line for each target: the figure that was wanted, and the median and quartiles of all
// rounds of all runs. A target without a measurement is called so.
std::string TargetTable(const std::vector<Results>& runs);

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_OVERVIEW_H_
