// The rows of the comparison on the content of messages: reading and writing protobuf.
#ifndef IPMPSC_BENCHMARKS_CODEC_ROWS_H_
#define IPMPSC_BENCHMARKS_CODEC_ROWS_H_

#include <vector>

#include "benchmarks/row.h"

namespace ipmpsc::benchmarks {

// Compares views and loans with protobuf's own classes, in one process.
std::vector<Row> CodecRows();

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_CODEC_ROWS_H_
