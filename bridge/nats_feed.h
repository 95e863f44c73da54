// The feed from NATS JetStream, over libnats.
#ifndef IPMPSC_BRIDGE_NATS_FEED_H_
#define IPMPSC_BRIDGE_NATS_FEED_H_

#include <memory>

#include "absl/status/statusor.h"
#include "bridge/feed.h"
#include "bridge/nats_engine.h"

namespace ipmpsc::bridge {

// Connects to the server. The connection comes back by itself when it is lost.
//
// Errors: as `ConnectToNats`.
absl::StatusOr<std::unique_ptr<Feed>> ConnectToNatsFeed(const NatsOptions& options);

}  // namespace ipmpsc::bridge

#endif  // IPMPSC_BRIDGE_NATS_FEED_H_
