// A POSIX message queue.
#ifndef IPMPSC_BENCHMARKS_TRANSPORTS_POSIX_MQ_H_
#define IPMPSC_BENCHMARKS_TRANSPORTS_POSIX_MQ_H_

#include "benchmarks/transport.h"

namespace ipmpsc::benchmarks {

TransportKind PosixMessageQueue();

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_TRANSPORTS_POSIX_MQ_H_
