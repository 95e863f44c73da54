// The rows of the comparison with one kind of data each: packed numbers of every width, texts,
// maps, small messages, deep ones.
#ifndef IPMPSC_BENCHMARKS_KIND_ROWS_H_
#define IPMPSC_BENCHMARKS_KIND_ROWS_H_

#include <vector>

#include "benchmarks/row.h"

namespace ipmpsc::benchmarks {

// Compares views and loans with protobuf's own classes, in one process.
std::vector<Row> KindRows();

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_KIND_ROWS_H_
