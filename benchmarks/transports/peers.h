// The other transports of the comparison.
#ifndef IPMPSC_BENCHMARKS_TRANSPORTS_PEERS_H_
#define IPMPSC_BENCHMARKS_TRANSPORTS_PEERS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "benchmarks/transport.h"

namespace ipmpsc::benchmarks {

// Returns all peers, including those that cannot be measured here. `rust_peers` is the library of
// `BuildRustPeers`, or "".
std::vector<TransportKind> Peers(const std::string& rust_peers);

// Builds the crate in `source` (benchmarks/peers/rust of the tree) with cargo, below `target`. The
// first build takes a minute and is announced on standard error. Returns the path of the library.
//
// Errors: kUnavailable - cargo is missing or fails.
absl::StatusOr<std::string> BuildRustPeers(const std::string& source, const std::string& target);

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_TRANSPORTS_PEERS_H_
