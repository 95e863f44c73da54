// Row: one measurement of the comparison, for every system that supports it.
#ifndef IPMPSC_BENCHMARKS_ROW_H_
#define IPMPSC_BENCHMARKS_ROW_H_

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace ipmpsc::benchmarks {

// Named figures of one measurement. The first is the main one.
using Figures = std::vector<std::pair<std::string, double>>;

// One system's part of a row.
struct Measurement {
  std::string system;
  bool is_limit = false;
  // Errors: kUnimplemented - the system cannot do this; the text says why.
  std::function<absl::StatusOr<Figures>()> measure;
};

struct Row {
  std::string id;     // "latency-64-spin"
  std::string title;  // for display
  std::string unit;   // of the first figure
  bool more_is_better = false;
  std::vector<Measurement> measurements;
};

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_ROW_H_
