// ZeroMQ over ipc://.
#ifndef IPMPSC_BENCHMARKS_TRANSPORTS_ZEROMQ_H_
#define IPMPSC_BENCHMARKS_TRANSPORTS_ZEROMQ_H_

#include "benchmarks/transport.h"

namespace ipmpsc::benchmarks {

TransportKind ZeroMq();

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_TRANSPORTS_ZEROMQ_H_
