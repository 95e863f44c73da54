#include "benchmarks/transports/peers.h"
namespace ipmpsc::benchmarks {
std::vector<TransportKind> Peers() { return {}; }
}  // namespace ipmpsc::benchmarks
