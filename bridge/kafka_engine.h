// The engine Kafka, over librdkafka.
#ifndef IPMPSC_BRIDGE_KAFKA_ENGINE_H_
#define IPMPSC_BRIDGE_KAFKA_ENGINE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bridge/address.h"
#include "bridge/engine.h"

namespace ipmpsc::bridge {

struct KafkaOptions {
  Address address;                // `subject` is the topic
  std::string dead_letter_topic;  // empty: the topic and ".dead_letters"
  std::string schema_topic = "ipmpsc_schemas";
  std::string sasl_mechanism = "PLAIN";  // with a user: or "SCRAM-SHA-256", "SCRAM-SHA-512"
  std::string user;
  std::string password;
  std::string tls_ca;  // files in PEM; any of them, or the scheme "kafka+tls", asks for TLS
  std::string tls_certificate;
  std::string tls_key;
  uint64_t max_message = 1000000;             // bytes of a message with its headers
  absl::Duration timeout = absl::Seconds(5);  // of every request
  // Only looks: `ReadTail` takes no fence, so a bridge that runs goes on. For --check.
  bool look_only = false;
  // For the feed: the partition to read; below 0: the only one.
  int partition = -1;
  // For the feed: also reads a compacted topic.
  bool any_cleanup = false;
};

// Whether this build has the engine. Without librdkafka-dev it does not.
bool HasKafka();

// Connects to the brokers. The connections come back by themselves when they are lost.
//
// Errors:
//  * kUnavailable      - no broker answers there; try again
//  * kPermissionDenied - the broker refuses the user, or TLS fails
//  * kInvalidArgument  - an option or a file of `options` cannot be used
//  * kUnimplemented    - this build has no librdkafka
absl::StatusOr<std::unique_ptr<Engine>> ConnectToKafka(const KafkaOptions& options);

}  // namespace ipmpsc::bridge

#endif  // IPMPSC_BRIDGE_KAFKA_ENGINE_H_
