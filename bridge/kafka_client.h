// A client of a Kafka cluster: its settings, its errors and its topics. Also librdkafka's objects
// with owners. Only in builds with librdkafka.
#ifndef IPMPSC_BRIDGE_KAFKA_CLIENT_H_
#define IPMPSC_BRIDGE_KAFKA_CLIENT_H_

#ifdef IPMPSC_HAS_KAFKA

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/destroy.h"
#include "bridge/kafka_engine.h"

namespace ipmpsc::bridge {

// Destroys a handle. `rd_kafka_destroy` may never return after a topic was deleted that the handle
// has read (version 2.0.2). So it runs in another thread, which is left behind after two seconds.
// Where no thread can be made, the handle stays.
void DestroyHandle(rd_kafka_t* handle);

using Handle = std::unique_ptr<rd_kafka_t, Destroy<rd_kafka_t, DestroyHandle>>;
using Topic = std::unique_ptr<rd_kafka_topic_t, Destroy<rd_kafka_topic_t, rd_kafka_topic_destroy>>;
using Error = std::unique_ptr<rd_kafka_error_t, Destroy<rd_kafka_error_t, rd_kafka_error_destroy>>;
using Record =
    std::unique_ptr<rd_kafka_message_t, Destroy<rd_kafka_message_t, rd_kafka_message_destroy>>;
using Queue = std::unique_ptr<rd_kafka_queue_t, Destroy<rd_kafka_queue_t, rd_kafka_queue_destroy>>;

// The offsets of a partition's records: from `first` to before `end`. Marks of transactions have
// some of them.
struct Offsets {
  int64_t first = 0;
  int64_t end = 0;
};

// How long to wait for one call of librdkafka that does not tell other events.
constexpr absl::Duration kSlice = absl::Milliseconds(100);

// Whether an error of TLS tells that this client or the broker is refused. Others pass: a broker
// that restarts drops handshakes.
bool IsRefusedByTls(absl::string_view text);

// Returns at least 1.
int Milliseconds(absl::Duration duration);

// Returns the value of a header with a zero behind it, or null. A value is anybody's bytes.
const char* HeaderOf(const rd_kafka_message_t* record, const char* name, std::string* storage);

// The base of the engine. Thread-compatible.
class KafkaClient {
 protected:
  using DeliveryHandler = void (*)(rd_kafka_t*, const rd_kafka_message_t*, void* client);

  explicit KafkaClient(const KafkaOptions& options) : options_(options) {}
  KafkaClient(const KafkaClient&) = delete;
  KafkaClient& operator=(const KafkaClient&) = delete;
  ~KafkaClient() = default;

  // Makes a consumer, or a transactional producer whose outcomes go to `on_delivery`, with this
  // `KafkaClient*`.
  absl::StatusOr<Handle> NewHandle(rd_kafka_type_t type, DeliveryHandler on_delivery);
  // Makes a status of a code. `what` was tried.
  absl::Status ToStatus(rd_kafka_resp_err_t code, absl::string_view text, absl::string_view what);
  absl::Status ToStatus(const Error& error, absl::string_view what) {
    return ToStatus(rd_kafka_error_code(error.get()), rd_kafka_error_string(error.get()), what);
  }
  // The functions below need `consumer_`.
  //
  // Errors: kNotFound - there is no such topic.
  absl::StatusOr<int> CountPartitions(const std::string& topic);
  absl::Status CreateTopic(const std::string& topic,
                           const std::vector<std::pair<const char*, const char*>>& settings);
  // Returns a setting of a topic, as "cleanup.policy". Call `CountPartitions` before.
  //
  // Errors: kNotFound - the topic has no such setting; others: the broker does not tell.
  absl::StatusOr<std::string> ReadTopicSetting(const std::string& topic, absl::string_view name);
  // Returns the offsets that a partition has now.
  absl::StatusOr<Offsets> FindOffsets(const std::string& topic, int32_t partition);
  // Calls `handle` for each committed record of partition 0 from the offset `first` to before
  // `end`. Ends early when it returns false, and with kUnavailable after 12 times the timeout.
  absl::Status ReadRecords(const std::string& topic, int64_t first, int64_t end,
                           const std::function<bool(const rd_kafka_message_t*)>& handle);
  // Returns the last value of a key in partition 0.
  //
  // Errors: kNotFound - there is none.
  absl::StatusOr<std::string> ReadKey(const std::string& topic, absl::string_view key);

  KafkaOptions options_;

 private:
  // The events of librdkafka that tell why brokers do not answer.
  struct Events {
    std::mutex mutex;
    std::string last;
    bool refused = false;
  };

  static void OnError(rd_kafka_t*, int code, const char* text, void* client);
  static void OnLog(const rd_kafka_t*, int, const char*, const char*) {}

  Events events_;  // outlives `consumer_`, whose events it takes

  int32_t some_broker_ = -1;  // that has answered `CountPartitions`

 protected:
  Handle consumer_;
};

}  // namespace ipmpsc::bridge

#endif  // IPMPSC_HAS_KAFKA

#endif  // IPMPSC_BRIDGE_KAFKA_CLIENT_H_
