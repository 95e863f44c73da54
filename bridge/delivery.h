// The direction from an engine to a channel, as a program.
#ifndef IPMPSC_BRIDGE_DELIVERY_H_
#define IPMPSC_BRIDGE_DELIVERY_H_

#include <signal.h>

#include "bridge/command_line.h"

namespace ipmpsc::bridge {

// Sends the messages of the stream into the channel until `stop_requested` becomes 1 or something
// ends it. Returns the exit status.
int Deliver(const CommandLine& options, const volatile sig_atomic_t& stop_requested);

}  // namespace ipmpsc::bridge

#endif  // IPMPSC_BRIDGE_DELIVERY_H_
