// A Unix stream socket.
#ifndef IPMPSC_BENCHMARKS_TRANSPORTS_UNIX_STREAM_H_
#define IPMPSC_BENCHMARKS_TRANSPORTS_UNIX_STREAM_H_

#include "benchmarks/transport.h"

namespace ipmpsc::benchmarks {

TransportKind UnixStream();

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_TRANSPORTS_UNIX_STREAM_H_
