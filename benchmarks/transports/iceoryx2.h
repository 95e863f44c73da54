#ifndef IPMPSC_BENCHMARKS_TRANSPORTS_ICEORYX2_H_
#define IPMPSC_BENCHMARKS_TRANSPORTS_ICEORYX2_H_

#include <string>

#include "benchmarks/transport.h"

namespace ipmpsc::benchmarks {

// `library` is the library that benchmarks/peers/rust builds, or "".
TransportKind Iceoryx2(const std::string& library);

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_TRANSPORTS_ICEORYX2_H_
