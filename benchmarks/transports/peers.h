// The other ways to get messages from process to process.
#ifndef IPMPSC_BENCHMARKS_TRANSPORTS_PEERS_H_
#define IPMPSC_BENCHMARKS_TRANSPORTS_PEERS_H_

#include <vector>

#include "benchmarks/transport.h"

namespace ipmpsc::benchmarks {

// All of them; some cannot be measured here.
std::vector<TransportKind> Peers();

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_TRANSPORTS_PEERS_H_
