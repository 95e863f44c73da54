#ifndef IPMPSC_BENCHMARKS_TRANSPORTS_RUST_IPMPSC_H_
#define IPMPSC_BENCHMARKS_TRANSPORTS_RUST_IPMPSC_H_

#include <string>

#include "benchmarks/transport.h"

namespace ipmpsc::benchmarks {

// `library` is the library that benchmarks/peers/rust builds, or "".
TransportKind RustIpmpsc(const std::string& library);

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_TRANSPORTS_RUST_IPMPSC_H_
