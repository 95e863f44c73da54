// A pipe that all senders share.
#ifndef IPMPSC_BENCHMARKS_TRANSPORTS_PIPE_H_
#define IPMPSC_BENCHMARKS_TRANSPORTS_PIPE_H_

#include "benchmarks/transport.h"

namespace ipmpsc::benchmarks {

TransportKind Pipe();

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_TRANSPORTS_PIPE_H_
