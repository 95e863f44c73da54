// The rows of the comparison between services: request and reply.
#ifndef IPMPSC_BENCHMARKS_SERVICE_ROWS_H_
#define IPMPSC_BENCHMARKS_SERVICE_ROWS_H_

#include <vector>

#include "benchmarks/row.h"
#include "benchmarks/services/service.h"

namespace ipmpsc::benchmarks {

// `systems` are those that can be measured on this machine.
std::vector<Row> ServiceRows(const std::vector<ServiceKind>& systems);

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_SERVICE_ROWS_H_
