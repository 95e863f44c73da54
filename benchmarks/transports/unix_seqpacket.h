// A Unix seqpacket socket, which keeps messages apart.
#ifndef IPMPSC_BENCHMARKS_TRANSPORTS_UNIX_SEQPACKET_H_
#define IPMPSC_BENCHMARKS_TRANSPORTS_UNIX_SEQPACKET_H_

#include "benchmarks/transport.h"

namespace ipmpsc::benchmarks {

TransportKind UnixSeqpacket();

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_TRANSPORTS_UNIX_SEQPACKET_H_
