// A Kafka broker for demos: librdkafka's mock cluster in a process of its own, in memory.
#ifndef IPMPSC_EXAMPLES_BRIDGE_KAFKA_BROKER_H_
#define IPMPSC_EXAMPLES_BRIDGE_KAFKA_BROKER_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "examples/processes.h"

namespace ipmpsc::examples {

class KafkaBroker {
 public:
  // Starts the broker with topics of one partition. A topic keeps its last 5 MiB.
  //
  // Errors: kNotFound - this build has no librdkafka; kUnavailable - it did not start.
  static absl::StatusOr<KafkaBroker> Start(const std::vector<std::string>& topics);

  // Returns "HOST:PORT".
  const std::string& address() const { return address_; }
  // Stops the process for a while, so that it answers nobody.
  void Pause(absl::Duration time) const;
  void Stop();

 private:
  Process process_;
  std::string address_;
};

struct TopicMessage {
  absl::string_view key;  // valid during the call, as the payload
  absl::string_view payload;
  // Returns the value of a header, or "".
  std::function<std::string(const char* name)> header;
};

// Calls `handle` for each committed message of the topic's only partition. Goes on to wait for more
// until `finished` returns true and the end is reached.
//
// Errors: kNotFound - this build has no librdkafka; kUnavailable - the broker does not answer.
absl::Status ReadTopic(const std::string& server, const std::string& topic,
                       const std::function<bool()>& finished,
                       const std::function<void(const TopicMessage&)>& handle);

}  // namespace ipmpsc::examples

#endif  // IPMPSC_EXAMPLES_BRIDGE_KAFKA_BROKER_H_
