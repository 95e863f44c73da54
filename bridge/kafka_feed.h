// The feed from Kafka, over librdkafka. A message has the number of its offset and one more, since
// offsets count from 0.
#ifndef IPMPSC_BRIDGE_KAFKA_FEED_H_
#define IPMPSC_BRIDGE_KAFKA_FEED_H_

#include <memory>

#include "absl/status/statusor.h"
#include "bridge/feed.h"
#include "bridge/kafka_engine.h"

namespace ipmpsc::bridge {

// Connects to the brokers. The connections come back by themselves when they are lost.
//
// Errors: as `ConnectToKafka`.
absl::StatusOr<std::unique_ptr<Feed>> ConnectToKafkaFeed(const KafkaOptions& options);

}  // namespace ipmpsc::bridge

#endif  // IPMPSC_BRIDGE_KAFKA_FEED_H_
