#include "benchmarks/transports/peers.h"

#include <vector>

#include "benchmarks/transports/boost_message_queue.h"
#include "benchmarks/transports/pipe.h"
#include "benchmarks/transports/posix_mq.h"
#include "benchmarks/transports/unix_seqpacket.h"
#include "benchmarks/transports/unix_stream.h"
#include "benchmarks/transports/zeromq.h"

namespace ipmpsc::benchmarks {

std::vector<TransportKind> Peers() {
  return {BoostMessageQueue(), ZeroMq(), UnixStream(),
          UnixSeqpacket(),     Pipe(),   PosixMessageQueue()};
}

}  // namespace ipmpsc::benchmarks
