// This library at the level of bytes, as its README shows it.
#ifndef IPMPSC_BENCHMARKS_TRANSPORTS_IPMPSC_H_
#define IPMPSC_BENCHMARKS_TRANSPORTS_IPMPSC_H_

#include "benchmarks/transport.h"

namespace ipmpsc::benchmarks {

TransportKind Ipmpsc();

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_TRANSPORTS_IPMPSC_H_
