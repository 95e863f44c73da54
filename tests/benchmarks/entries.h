// Results of systems that no measurement has made.
#ifndef IPMPSC_TESTS_BENCHMARKS_ENTRIES_H_
#define IPMPSC_TESTS_BENCHMARKS_ENTRIES_H_

#include <string>
#include <vector>

#include "benchmarks/results.pb.h"

namespace ipmpsc::benchmarks {

// Adds a system with one metric, of which each round gave a sample.
inline RowResult::Entry* AddEntry(RowResult* row, const std::string& system,
                                  const std::vector<double>& samples) {
  RowResult::Entry* const entry = row->add_entries();
  entry->set_system(system);
  Metric* const metric = entry->add_metrics();
  metric->set_name("p50");
  for (const double sample : samples) metric->add_samples(sample);
  return entry;
}

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_TESTS_BENCHMARKS_ENTRIES_H_
