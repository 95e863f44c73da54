// The rows of the comparison between transports.
#ifndef IPMPSC_BENCHMARKS_ROWS_H_
#define IPMPSC_BENCHMARKS_ROWS_H_

#include <vector>

#include "benchmarks/row.h"
#include "benchmarks/transport.h"

namespace ipmpsc::benchmarks {

// `systems` are those that can be measured on this machine.
std::vector<Row> TransportRows(const std::vector<TransportKind>& systems);

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_ROWS_H_
