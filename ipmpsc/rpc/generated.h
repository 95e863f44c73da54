// The headers that generated code includes for services, beside those of messages.
#ifndef IPMPSC_RPC_GENERATED_H_
#define IPMPSC_RPC_GENERATED_H_

// IWYU pragma: begin_exports
#include "ipmpsc/rpc/client.h"
#include "ipmpsc/rpc/server.h"
#include "ipmpsc/rpc/service_type.h"
// IWYU pragma: end_exports

#endif  // IPMPSC_RPC_GENERATED_H_
