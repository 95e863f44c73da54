#ifndef IPMPSC_BENCHMARKS_TRANSPORTS_AERON_RING_H_
#define IPMPSC_BENCHMARKS_TRANSPORTS_AERON_RING_H_

#include <string>

#include "benchmarks/transport.h"

namespace ipmpsc::benchmarks {

// `library` is the library that benchmarks/peers/rust builds, or "".
TransportKind AeronRing(const std::string& library);

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_TRANSPORTS_AERON_RING_H_
