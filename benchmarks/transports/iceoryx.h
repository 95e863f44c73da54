#ifndef IPMPSC_BENCHMARKS_TRANSPORTS_ICEORYX_H_
#define IPMPSC_BENCHMARKS_TRANSPORTS_ICEORYX_H_

#include "benchmarks/transport.h"

namespace ipmpsc::benchmarks {

TransportKind Iceoryx();

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_TRANSPORTS_ICEORYX_H_
