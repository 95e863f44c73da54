// The results at a glance: each row beside its best peer, and each target.
#ifndef IPMPSC_BENCHMARKS_OVERVIEW_H_
#define IPMPSC_BENCHMARKS_OVERVIEW_H_

#include <string>
#include <vector>

#include "benchmarks/results.pb.h"

namespace ipmpsc::benchmarks {

// Returns a line for each row that this library and a peer took part in: the medians of all rounds
// of all runs, and how many times as good this library is. Above 1 it is faster, or takes less. The
// peer is the best by the same medians. The ratios are those of all rounds in which both took part:
// median, and first to third quartile. `runs` must not be empty.
std::string OverviewTable(const std::vector<Results>& runs);

// Returns a line for each target: the figure that was wanted, and the median and quartiles of all
// rounds of all runs. The best peer of a target is one system, as above. A target without a
// measurement is called so.
std::string TargetTable(const std::vector<Results>& runs);

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_OVERVIEW_H_
