// The services of the comparison.
#ifndef IPMPSC_BENCHMARKS_SERVICES_SERVICES_H_
#define IPMPSC_BENCHMARKS_SERVICES_SERVICES_H_

#include <string>
#include <vector>

#include "benchmarks/services/service.h"

namespace ipmpsc::benchmarks {

// Returns this library and its peers, including those that cannot be measured here. `rust_peers` is
// the library of `BuildRustPeers`, or "".
std::vector<ServiceKind> Services(const std::string& rust_peers);

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_SERVICES_SERVICES_H_
