// A connection to a NATS server, for both directions of the bridge, and libnats's objects with
// owners. Only in builds with libnats.
#ifndef IPMPSC_BRIDGE_NATS_CONNECTION_H_
#define IPMPSC_BRIDGE_NATS_CONNECTION_H_

#ifdef IPMPSC_HAS_NATS

#include <nats/nats.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bridge/destroy.h"
#include "bridge/nats_engine.h"

namespace ipmpsc::bridge {

using Connection = std::unique_ptr<natsConnection, Destroy<natsConnection, natsConnection_Destroy>>;
using Options = std::unique_ptr<natsOptions, Destroy<natsOptions, natsOptions_Destroy>>;
using Context = std::unique_ptr<jsCtx, Destroy<jsCtx, jsCtx_Destroy>>;
using Msg = std::unique_ptr<natsMsg, Destroy<natsMsg, natsMsg_Destroy>>;
using Info = std::unique_ptr<jsStreamInfo, Destroy<jsStreamInfo, jsStreamInfo_Destroy>>;
using Bucket = std::unique_ptr<kvStore, Destroy<kvStore, kvStore_Destroy>>;
using BucketEntry = std::unique_ptr<kvEntry, Destroy<kvEntry, kvEntry_Destroy>>;

// Connects to the server. The connection comes back by itself when it is lost. libnats calls
// `on_error` in a thread of its own, also after the connection is destroyed.
//
// Errors: as `ConnectToNats`.
absl::StatusOr<Connection> OpenConnection(const NatsOptions& options, natsErrHandler on_error,
                                          void* closure);

bool IsConnected(natsConnection* connection);
// The connection's last error, e.g. "Permissions Violation for Publish to ...".
std::string LastErrorOf(natsConnection* connection);

// Makes a status of an answer that is an error. `what` was tried. `closed_because` is told if the
// connection is closed for good. kUnavailable: it may be tried again.
absl::Status StatusOf(natsStatus status, jsErrCode code, absl::string_view what,
                      absl::string_view closed_because);

// Returns the value of a header, or null.
const char* Header(natsMsg* message, const char* name);

}  // namespace ipmpsc::bridge

#endif  // IPMPSC_HAS_NATS

#endif  // IPMPSC_BRIDGE_NATS_CONNECTION_H_
