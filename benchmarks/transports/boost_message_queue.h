// Boost.Interprocess's message_queue.
#ifndef IPMPSC_BENCHMARKS_TRANSPORTS_BOOST_MESSAGE_QUEUE_H_
#define IPMPSC_BENCHMARKS_TRANSPORTS_BOOST_MESSAGE_QUEUE_H_

#include "benchmarks/transport.h"

namespace ipmpsc::benchmarks {

TransportKind BoostMessageQueue();

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_TRANSPORTS_BOOST_MESSAGE_QUEUE_H_
