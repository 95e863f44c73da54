// The other ways to get messages from process to process.
#ifndef IPMPSC_BENCHMARKS_TRANSPORTS_PEERS_H_
#define IPMPSC_BENCHMARKS_TRANSPORTS_PEERS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "benchmarks/transport.h"

namespace ipmpsc::benchmarks {

// All of them; some cannot be measured here. `rust_peers`: the library that `BuildRustPeers` built;
// empty: it is not there.
std::vector<TransportKind> Peers(const std::string& rust_peers);

// Builds what lies in `source` (benchmarks/peers/rust of the tree) with cargo, below `target`, which
// takes a minute the first time. Says so on standard error. Returns the path of the library.
//
// Errors: kUnavailable - cargo is not there, or fails.
absl::StatusOr<std::string> BuildRustPeers(const std::string& source, const std::string& target);

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_TRANSPORTS_PEERS_H_
