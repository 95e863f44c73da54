#include "bridge/kafka_feed.h"

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bridge/feed.h"
#include "bridge/kafka_engine.h"

#ifndef IPMPSC_HAS_KAFKA

namespace ipmpsc::bridge {

absl::StatusOr<std::unique_ptr<Feed>> ConnectToKafkaFeed(const KafkaOptions& options) {
  return ConnectToKafka(options).status();
}

}  // namespace ipmpsc::bridge

#else

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/headers.h"
#include "bridge/kafka_client.h"
#include "ipmpsc/deadline.h"

namespace ipmpsc::bridge {
namespace {

class KafkaFeed final : public Feed, private KafkaClient {
 public:
  explicit KafkaFeed(const KafkaOptions& options)
      : KafkaClient(options), partition_(std::max(options.partition, 0)) {}
  ~KafkaFeed() override { StopReading(); }

  absl::Status Connect();

  absl::StatusOr<FeedState> Look() override;
  absl::Status Begin(uint64_t from) override;
  absl::StatusOr<Arrival> Next(absl::Duration wait) override;
  absl::StatusOr<std::string> Schema(const std::string& fingerprint) override;
  uint64_t read() const override { return read_; }

 private:
  // Checks that the topic exists and has the partition.
  absl::Status CheckTopic();
  // Checks that the topic keeps every message as long as it keeps those before it.
  absl::Status CheckCleanup();
  void StopReading();

  const int32_t partition_;
  Topic topic_;    // that is being read, or null
  Record record_;  // of the last arrival
  uint64_t read_ = 0;
  bool cleanup_checked_ = false;
  std::optional<Deadline> missing_until_;  // the topic is not known
  // Of the arrivals, for the mean size.
  uint64_t arrivals_ = 0;
  uint64_t arrived_bytes_ = 0;
};

absl::Status KafkaFeed::Connect() {
  absl::StatusOr<Handle> consumer = NewHandle(RD_KAFKA_CONSUMER, nullptr);
  if (!consumer.ok()) return consumer.status();
  consumer_ = *std::move(consumer);
  const absl::StatusOr<int> partitions = CountPartitions(options_.address.subject);
  return absl::IsNotFound(partitions.status()) ? absl::OkStatus() : partitions.status();
}

void KafkaFeed::StopReading() {
  record_.reset();
  if (topic_ != nullptr) rd_kafka_consume_stop(topic_.get(), partition_);
  topic_.reset();
  read_ = 0;
}

absl::Status KafkaFeed::CheckTopic() {
  const std::string& topic = options_.address.subject;
  const absl::StatusOr<int> partitions = CountPartitions(topic);
  if (absl::IsNotFound(partitions.status()) && !options_.look_only) {
    // A broker that has just started may not know its topics yet.
    if (!missing_until_.has_value()) missing_until_ = options_.timeout;
    return missing_until_->Passed() ? partitions.status()
                                    : absl::UnavailableError(partitions.status().message());
  }
  if (!partitions.ok()) return partitions.status();
  missing_until_.reset();
  if (options_.partition < 0 && *partitions != 1) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the topic ", topic, " has ", *partitions,
        " partitions, and a bridge reads one; give --partition, and run a bridge for each"));
  }
  if (partition_ >= *partitions) {
    return absl::FailedPreconditionError(absl::StrCat("the topic ", topic, " has no partition ",
                                                      partition_, " but 0 to ", *partitions - 1,
                                                      "; give another --partition"));
  }
  return absl::OkStatus();
}

absl::Status KafkaFeed::CheckCleanup() {
  if (cleanup_checked_ || options_.any_cleanup) return absl::OkStatus();
  const absl::StatusOr<std::string> policy =
      ReadTopicSetting(options_.address.subject, "cleanup.policy");
  // Not every user may ask.
  if (!policy.ok() && absl::IsUnavailable(policy.status())) return policy.status();
  if (policy.ok() && absl::StrContains(*policy, "compact")) {
    return absl::FailedPreconditionError(
        absl::StrCat("the topic ", options_.address.subject,
                     " is compacted (cleanup.policy=", HeaderText(*policy),
                     "): messages may go away before they are read, and nothing shows it; "
                     "--force reads those that are left"));
  }
  cleanup_checked_ = true;
  return absl::OkStatus();
}

absl::StatusOr<FeedState> KafkaFeed::Look() {
  if (const absl::Status there = CheckTopic(); !there.ok()) return there;
  if (const absl::Status kept = CheckCleanup(); !kept.ok()) return kept;
  const absl::StatusOr<Offsets> offsets = FindOffsets(options_.address.subject, partition_);
  if (!offsets.ok()) return offsets.status();
  FeedState state;
  state.first = static_cast<uint64_t>(offsets->first) + 1;
  state.last = static_cast<uint64_t>(offsets->end);
  state.messages = state.last + 1 - state.first;
  // The broker does not tell the bytes.
  const double mean =
      arrivals_ == 0 ? 0 : static_cast<double>(arrived_bytes_) / static_cast<double>(arrivals_);
  state.bytes = static_cast<uint64_t>(mean * static_cast<double>(state.messages));
  // Kafka drops messages by age unless its administrator says otherwise.
  state.refuse_gap = true;
  return state;
}

absl::Status KafkaFeed::Begin(uint64_t from) {
  StopReading();
  cleanup_checked_ = false;
  from = std::max<uint64_t>(from, 1);
  if (from > static_cast<uint64_t>(INT64_MAX)) {
    return absl::FailedPreconditionError(
        absl::StrCat("the place has the number ", from, ", and Kafka has none so large"));
  }
  Topic topic(rd_kafka_topic_new(consumer_.get(), options_.address.subject.c_str(), nullptr));
  if (topic == nullptr ||
      rd_kafka_consume_start(topic.get(), partition_, static_cast<int64_t>(from) - 1) != 0) {
    const rd_kafka_resp_err_t code = rd_kafka_last_error();
    return ToStatus(code, rd_kafka_err2str(code), "reading the topic");
  }
  topic_ = std::move(topic);
  return absl::OkStatus();
}

absl::StatusOr<Arrival> KafkaFeed::Next(absl::Duration wait) {
  if (topic_ == nullptr) return absl::UnavailableError("the topic is not being read");
  const Deadline deadline = wait;
  const absl::Duration slice = std::min(std::max(wait, absl::ZeroDuration()), kSlice);
  for (;;) {
    record_.reset();
    record_.reset(rd_kafka_consume(topic_.get(), partition_,
                                   static_cast<int>(absl::ToInt64Milliseconds(slice))));
    rd_kafka_poll(consumer_.get(), 0);
    if (record_ == nullptr) {
      if (deadline.Passed()) return absl::DeadlineExceededError("");
      continue;
    }
    if (record_->err == RD_KAFKA_RESP_ERR_NO_ERROR) break;
    if (record_->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      // Everything before this offset has been returned.
      if (record_->offset > 0) read_ = std::max(read_, static_cast<uint64_t>(record_->offset));
      if (deadline.Passed()) return absl::DeadlineExceededError("");
      continue;
    }
    const absl::Status failed =
        ToStatus(record_->err, rd_kafka_message_errstr(record_.get()), "reading the topic");
    StopReading();
    // The caller looks at the topic to find out the meaning.
    return absl::IsPermissionDenied(failed) ? failed : absl::UnavailableError(failed.message());
  }
  if (record_->offset < 0 || record_->offset == INT64_MAX) {
    StopReading();
    return absl::UnavailableError("a record has an offset that cannot be");
  }
  Arrival arrival;
  if (record_->payload != nullptr) {
    arrival.payload = {static_cast<const char*>(record_->payload), record_->len};
  }
  arrival.sequence = static_cast<uint64_t>(record_->offset) + 1;
  rd_kafka_timestamp_type_t type;
  const int64_t milliseconds = rd_kafka_message_timestamp(record_.get(), &type);
  if (type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE && milliseconds > 0 &&
      milliseconds < INT64_MAX / 1000000) {
    arrival.stored_nanoseconds = milliseconds * 1000000;
  }
  std::string fingerprint;
  if (HeaderOf(record_.get(), kSchemaHeader, &fingerprint) != nullptr &&
      IsFingerprint(fingerprint)) {
    arrival.fingerprint = std::move(fingerprint);
  }
  ++arrivals_;
  arrived_bytes_ += arrival.payload.size();
  return arrival;
}

absl::StatusOr<std::string> KafkaFeed::Schema(const std::string& fingerprint) {
  const absl::StatusOr<int> partitions = CountPartitions(options_.schema_topic);
  if (!partitions.ok()) return partitions.status();
  return ReadKey(options_.schema_topic, fingerprint);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Feed>> ConnectToKafkaFeed(const KafkaOptions& options) {
  auto feed = std::make_unique<KafkaFeed>(options);
  const absl::Status connected = feed->Connect();
  if (!connected.ok()) return connected;
  return feed;
}

}  // namespace ipmpsc::bridge

#endif  // IPMPSC_HAS_KAFKA
