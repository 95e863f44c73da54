// Helpers for the waits of clients and servers.
#ifndef IPMPSC_RPC_WAITS_H_
#define IPMPSC_RPC_WAITS_H_

#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"

namespace ipmpsc::rpc {

inline Deadline Sooner(Deadline a, Deadline b) { return a.nanoseconds() < b.nanoseconds() ? a : b; }

// Returns whether the channel was closed, or replaced: a server whose methods have changed puts
// another channel in the place of its predecessor's.
inline bool HasEnded(const Channel& channel) {
  const ChannelState state = channel.state();
  return state == ChannelState::kClosed || state == ChannelState::kReplaced;
}

}  // namespace ipmpsc::rpc

#endif  // IPMPSC_RPC_WAITS_H_
