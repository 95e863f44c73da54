#include "bridge/kafka_engine.h"

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bridge/engine.h"

#ifndef IPMPSC_HAS_KAFKA

namespace ipmpsc::bridge {

bool HasKafka() { return false; }

absl::StatusOr<std::unique_ptr<Engine>> ConnectToKafka(const KafkaOptions&) {
  return absl::UnimplementedError(
      "this build has no engine for Kafka: librdkafka was missing; install librdkafka-dev and "
      "build again");
}

}  // namespace ipmpsc::bridge

#else

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/address.h"
#include "bridge/headers.h"
#include "bridge/kafka_client.h"
#include "ipmpsc/deadline.h"

namespace ipmpsc::bridge {
namespace {

// The most of a large message that a dead letter keeps.
constexpr uint64_t kLetterBytes = 64 << 10;
// The bytes that librdkafka adds to a message.
constexpr uint64_t kRecordBytes = 512;
// How far before the end the first look for the last message begins. Marks of transactions take
// offsets, too. Each further look begins eight times as far.
constexpr int64_t kFirstLook = 4;

bool IsFence(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR__FENCED || code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
         code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
}

// One message of the transaction that is open.
struct Entry {
  uint64_t position = 0;
  rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__IN_PROGRESS;
  int64_t offset = -1;
};

class KafkaEngine final : public Engine, private KafkaClient {
 public:
  explicit KafkaEngine(const KafkaOptions& options) : KafkaClient(options) {
    if (options_.dead_letter_topic.empty()) {
      options_.dead_letter_topic = options_.address.subject + ".dead_letters";
    }
  }

  absl::Status Connect();

  absl::StatusOr<Tail> ReadTail() override;
  absl::Status CreateStream() override {
    return CreateTopic(options_.address.subject,
                       {{"retention.ms", "-1"}, {"retention.bytes", "-1"}});
  }
  absl::Status Publish(const ChannelIdentity& channel, const Message& message,
                       const Fence& fence) override;
  void Poll(absl::Duration wait, std::vector<Acknowledgement>* outcomes) override;
  void Forget() override;
  absl::Status PublishDeadLetter(const ChannelIdentity& channel, const Message& message,
                                 absl::string_view reason) override;
  absl::Status PublishSchema(const ChannelIdentity& channel,
                             absl::string_view description) override;
  uint64_t MaxPayload(const ChannelIdentity& channel) const override {
    const uint64_t headers = HeaderBytes(channel) + kRecordBytes + channel.prefix.size();
    return options_.max_message > headers ? options_.max_message - headers : 0;
  }
  bool pipelined() const override { return one_at_a_time_ == 0; }

 private:
  static void OnDelivery(rd_kafka_t*, const rd_kafka_message_t* record, void* self);

  // Becomes the one producer of the topic: what another has under way is stored now or never.
  absl::Status TakeFence();
  absl::Status BeginTransaction();
  // Commits what is produced. After an error nothing of it is stored, or the tail tells.
  Error Commit();
  rd_kafka_resp_err_t Produce(const std::string& topic, absl::string_view key,
                              absl::string_view value, const Headers& channel,
                              const Headers& message, void* opaque);
  // Stores one message by a transaction of its own.
  absl::Status StoreAlone(const std::string& topic, absl::string_view key, absl::string_view value,
                          const Headers& channel, const Headers& message);

  Handle producer_;  // null until the fence is taken, and after an error
  bool in_transaction_ = false;
  std::vector<Entry> batch_;               // of the open transaction
  std::vector<Acknowledgement> outcomes_;  // that need no commit
  size_t one_at_a_time_ = 0;               // messages that follow a batch that was too large
  std::string headers_for_;                // the channel's id
  Headers channel_headers_;
  std::string framed_;  // a payload behind its prefix
};

void KafkaEngine::OnDelivery(rd_kafka_t*, const rd_kafka_message_t* record, void* opaque) {
  auto* const self = static_cast<KafkaEngine*>(static_cast<KafkaClient*>(opaque));
  // Numbered from 1. Letters and schemas have none.
  const auto number = reinterpret_cast<uintptr_t>(record->_private);
  if (number == 0 || number > self->batch_.size()) return;
  self->batch_[number - 1].code = record->err;
  self->batch_[number - 1].offset = record->offset;
}

absl::Status KafkaEngine::Connect() {
  absl::StatusOr<Handle> consumer = NewHandle(RD_KAFKA_CONSUMER, nullptr);
  if (!consumer.ok()) return consumer.status();
  consumer_ = *std::move(consumer);
  // Finds mistakes of these options before anything waits for a broker.
  const absl::StatusOr<Handle> producer = NewHandle(RD_KAFKA_PRODUCER, &OnDelivery);
  if (!producer.ok()) return producer.status();
  const absl::StatusOr<int> partitions = CountPartitions(options_.address.subject);
  return absl::IsNotFound(partitions.status()) ? absl::OkStatus() : partitions.status();
}

absl::Status KafkaEngine::TakeFence() {
  Forget();
  producer_.reset();
  absl::StatusOr<Handle> producer = NewHandle(RD_KAFKA_PRODUCER, &OnDelivery);
  if (!producer.ok()) return producer.status();
  const Error error(rd_kafka_init_transactions(producer->get(), Milliseconds(options_.timeout)));
  rd_kafka_poll(producer->get(), 0);
  if (error != nullptr) return ToStatus(error, "taking the transactional id");
  producer_ = *std::move(producer);
  return absl::OkStatus();
}

absl::StatusOr<Tail> KafkaEngine::ReadTail() {
  const std::string& topic = options_.address.subject;
  const absl::StatusOr<int> partitions = CountPartitions(topic);
  if (!partitions.ok()) return partitions.status();
  if (*partitions != 1) {
    return absl::FailedPreconditionError(
        absl::StrCat("the topic ", topic, " has ", *partitions,
                     " partitions, and only one keeps the channel's order; use a topic with one"));
  }
  // Before reading: afterwards nothing of an earlier bridge can follow what was read.
  if (!options_.look_only) {
    const absl::Status taken = TakeFence();
    if (!taken.ok()) return taken;
  }
  const absl::StatusOr<Offsets> offsets = FindOffsets(topic, 0);
  if (!offsets.ok()) return offsets.status();
  const int64_t low = offsets->first;
  const int64_t high = offsets->end;
  Tail tail;
  // Numbers count from 1, since 0 says that there is none.
  for (int64_t look = kFirstLook; tail.empty && low < high; look *= 8) {
    const int64_t first = std::max(low, high - look);
    const absl::Status read =
        ReadRecords(topic, first, high, [&tail](const rd_kafka_message_t* record) {
          std::string channel;
          std::string position;
          std::string source;
          std::string bridge;
          tail.empty = false;
          tail.fence = static_cast<uint64_t>(record->offset) + 1;
          tail.mark = ParseMark(HeaderOf(record, kChannelHeader, &channel),
                                HeaderOf(record, kPositionHeader, &position),
                                HeaderOf(record, kSourceHeader, &source),
                                HeaderOf(record, kBridgeHeader, &bridge));
          return true;
        });
    if (!read.ok()) return read;
    if (first == low) break;
  }
  // A topic that has only aborted messages is as good as a new one. One that begins behind 0 has
  // lost its messages.
  tail.last_sequence = tail.empty ? static_cast<uint64_t>(low) : tail.fence;
  return tail;
}

absl::Status KafkaEngine::BeginTransaction() {
  if (producer_ == nullptr) {
    return absl::UnavailableError("the transactional id is not taken");
  }
  if (in_transaction_) return absl::OkStatus();
  const Error error(rd_kafka_begin_transaction(producer_.get()));
  if (error != nullptr) {
    const absl::Status failed = ToStatus(error, "beginning a transaction");
    producer_.reset();
    return absl::UnavailableError(failed.message());
  }
  in_transaction_ = true;
  return absl::OkStatus();
}

rd_kafka_resp_err_t KafkaEngine::Produce(const std::string& topic, absl::string_view key,
                                         absl::string_view value, const Headers& channel,
                                         const Headers& message, void* opaque) {
  rd_kafka_headers_t* const headers = rd_kafka_headers_new(channel.size() + message.size());
  for (const Headers* group : {&message, &channel}) {
    for (const auto& [name, text] : *group) {
      rd_kafka_header_add(headers, name, -1, text.data(), static_cast<ssize_t>(text.size()));
    }
  }
  const rd_kafka_resp_err_t code = rd_kafka_producev(
      producer_.get(), RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(0),
      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
      RD_KAFKA_V_KEY(key.empty() ? nullptr : const_cast<char*>(key.data()), key.size()),
      RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()), RD_KAFKA_V_HEADERS(headers),
      RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_END);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) rd_kafka_headers_destroy(headers);
  return code;
}

absl::Status KafkaEngine::Publish(const ChannelIdentity& channel, const Message& message,
                                  const Fence&) {
  const absl::Status begun = BeginTransaction();
  if (!begun.ok()) return begun;
  if (headers_for_ != channel.id) {
    headers_for_ = channel.id;
    channel_headers_ = ChannelHeaders(channel);
  }
  Entry entry;
  entry.position = message.position;
  batch_.push_back(entry);
  // An empty payload is a value of no bytes, not the null that deletes a key.
  absl::string_view payload =
      message.payload.data() == nullptr ? absl::string_view("") : message.payload;
  if (!channel.prefix.empty()) {
    framed_ = absl::StrCat(channel.prefix, payload);
    payload = framed_;
  }
  const rd_kafka_resp_err_t code =
      Produce(options_.address.subject, "", payload, channel_headers_, MessageHeaders(message),
              reinterpret_cast<void*>(batch_.size()));
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
  batch_.pop_back();
  if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
    Acknowledgement outcome;
    outcome.position = message.position;
    outcome.outcome = Outcome::kTooLarge;
    outcome.text = "the message is larger than --max-message";
    outcomes_.push_back(std::move(outcome));
    return absl::OkStatus();
  }
  return absl::UnavailableError(absl::StrCat("publishing: ", rd_kafka_err2str(code)));
}

Error KafkaEngine::Commit() {
  const Deadline deadline = options_.timeout;
  Error error;
  for (;;) {
    error.reset(rd_kafka_commit_transaction(producer_.get(), Milliseconds(options_.timeout)));
    if (error == nullptr || rd_kafka_error_is_retriable(error.get()) == 0 || deadline.Passed()) {
      break;
    }
    rd_kafka_poll(producer_.get(), Milliseconds(std::min(options_.timeout, kSlice)));
  }
  rd_kafka_poll(producer_.get(), 0);
  in_transaction_ = false;
  if (error == nullptr) return error;
  if (rd_kafka_error_txn_requires_abort(error.get()) != 0) {
    const Error aborted(
        rd_kafka_abort_transaction(producer_.get(), Milliseconds(options_.timeout)));
  }
  // A transaction that is still open is decided when the fence is taken again.
  rd_kafka_purge(producer_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  rd_kafka_poll(producer_.get(), 0);
  return error;
}

// Commits the transaction, which holds all that was published since the last call.
void KafkaEngine::Poll(absl::Duration wait, std::vector<Acknowledgement>* outcomes) {
  for (Acknowledgement& outcome : outcomes_) outcomes->push_back(std::move(outcome));
  outcomes_.clear();
  if (batch_.empty()) {
    if (outcomes->empty() && wait > absl::ZeroDuration()) {
      rd_kafka_poll(producer_ == nullptr ? consumer_.get() : producer_.get(), Milliseconds(wait));
    }
    return;
  }
  const Error error = Commit();
  const bool fenced = error != nullptr && IsFence(rd_kafka_error_code(error.get()));
  const std::string text =
      error == nullptr ? "" : std::string(ToStatus(error, "the transaction").message());
  bool too_large = false;
  for (const Entry& entry : batch_) {
    Acknowledgement outcome;
    outcome.position = entry.position;
    if (error == nullptr && entry.code == RD_KAFKA_RESP_ERR_NO_ERROR) {
      outcome.outcome = Outcome::kStored;
      outcome.sequence = static_cast<uint64_t>(entry.offset) + 1;
      if (one_at_a_time_ > 0) --one_at_a_time_;
    } else if (fenced) {
      outcome.outcome = Outcome::kFenced;
      outcome.text = absl::StrCat("another bridge took the topic over (", text, ")");
    } else if (entry.code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
      too_large = true;
      // The broker refuses whole batches. Which message it was shows when each is sent alone.
      outcome.outcome = batch_.size() == 1 ? Outcome::kTooLarge : Outcome::kUnknown;
      outcome.text = "the message is larger than the broker takes (max.message.bytes)";
    } else {
      outcome.text = text.empty() ? rd_kafka_err2str(entry.code) : text;
    }
    outcomes->push_back(std::move(outcome));
  }
  if (too_large && batch_.size() > 1) one_at_a_time_ = batch_.size();
  if (too_large && batch_.size() == 1 && one_at_a_time_ > 0) --one_at_a_time_;
  batch_.clear();
  if (error != nullptr) producer_.reset();
}

void KafkaEngine::Forget() {
  outcomes_.clear();
  batch_.clear();
  // The transaction that is open ends when the fence is taken again.
  if (in_transaction_) producer_.reset();
  in_transaction_ = false;
}

absl::Status KafkaEngine::StoreAlone(const std::string& topic, absl::string_view key,
                                     absl::string_view value, const Headers& channel,
                                     const Headers& message) {
  if (!batch_.empty()) return absl::UnavailableError("a transaction is under way");
  if (producer_ == nullptr) {
    // An error of the last letter or schema has ended the producer.
    const absl::Status taken = TakeFence();
    if (!taken.ok()) return taken;
  }
  const absl::Status begun = BeginTransaction();
  if (!begun.ok()) return begun;
  const rd_kafka_resp_err_t code = Produce(topic, key, value, channel, message, nullptr);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    Forget();
    return ToStatus(code, rd_kafka_err2str(code), absl::StrCat("the topic ", topic));
  }
  const Error error = Commit();
  if (error == nullptr) return absl::OkStatus();
  absl::Status failed = ToStatus(error, absl::StrCat("the topic ", topic));
  producer_.reset();
  return failed;
}

absl::Status KafkaEngine::PublishDeadLetter(const ChannelIdentity& channel, const Message& message,
                                            absl::string_view reason) {
  const absl::StatusOr<int> partitions = CountPartitions(options_.dead_letter_topic);
  if (absl::IsNotFound(partitions.status())) {
    const absl::Status created = CreateTopic(options_.dead_letter_topic, {});
    if (!created.ok()) return created;
  } else if (!partitions.ok()) {
    return partitions.status();
  }
  Headers headers = MessageHeaders(message);
  headers.emplace_back(kReasonHeader, HeaderText(reason));
  headers.emplace_back(kSizeHeader, absl::StrCat(message.payload.size()));
  const uint64_t kept =
      std::min({static_cast<uint64_t>(message.payload.size()), kLetterBytes, MaxPayload(channel)});
  return StoreAlone(options_.dead_letter_topic, MessageId(channel, message),
                    message.payload.substr(0, kept), ChannelHeaders(channel), headers);
}

absl::Status KafkaEngine::PublishSchema(const ChannelIdentity& channel,
                                        absl::string_view description) {
  const std::string& topic = options_.schema_topic;
  const absl::StatusOr<int> partitions = CountPartitions(topic);
  bool found = false;
  if (absl::IsNotFound(partitions.status())) {
    const absl::Status created = CreateTopic(topic, {{"cleanup.policy", "compact"}});
    if (!created.ok()) return created;
  } else if (!partitions.ok()) {
    return partitions.status();
  } else {
    const absl::StatusOr<std::string> stored = ReadKey(topic, channel.fingerprint);
    if (!stored.ok() && !absl::IsNotFound(stored.status())) return stored.status();
    found = stored.ok();
  }
  if (found) return absl::OkStatus();
  if (description.size() > MaxPayload(channel)) {
    return absl::ResourceExhaustedError(absl::StrCat("it has ", description.size(),
                                                     " bytes, and the limit is ",
                                                     MaxPayload(channel), " (--max-message)"));
  }
  return StoreAlone(topic, channel.fingerprint, description, {}, {});
}

}  // namespace

bool HasKafka() { return true; }

absl::StatusOr<std::unique_ptr<Engine>> ConnectToKafka(const KafkaOptions& options) {
  auto engine = std::make_unique<KafkaEngine>(options);
  const absl::Status connected = engine->Connect();
  if (!connected.ok()) return connected;
  return engine;
}

}  // namespace ipmpsc::bridge

#endif  // IPMPSC_HAS_KAFKA
