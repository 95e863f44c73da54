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
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/address.h"
#include "bridge/headers.h"
#include "ipmpsc/deadline.h"

namespace ipmpsc::bridge {
namespace {

template <typename T, void (*destroy)(T*)>
struct Destroy {
  void operator()(T* object) const { destroy(object); }
};
using Handle = std::unique_ptr<rd_kafka_t, Destroy<rd_kafka_t, rd_kafka_destroy>>;
using Topic = std::unique_ptr<rd_kafka_topic_t, Destroy<rd_kafka_topic_t, rd_kafka_topic_destroy>>;
using Error = std::unique_ptr<rd_kafka_error_t, Destroy<rd_kafka_error_t, rd_kafka_error_destroy>>;
using Record =
    std::unique_ptr<rd_kafka_message_t, Destroy<rd_kafka_message_t, rd_kafka_message_destroy>>;
using Queue = std::unique_ptr<rd_kafka_queue_t, Destroy<rd_kafka_queue_t, rd_kafka_queue_destroy>>;

// The most of a large message that a dead letter keeps.
constexpr uint64_t kLetterBytes = 64 << 10;
// The bytes that librdkafka adds to a message.
constexpr uint64_t kRecordBytes = 512;
// How far before the end the first look for the last message begins. Marks of transactions take
// offsets, too. Each further look begins eight times as far.
constexpr int64_t kFirstLook = 4;
// How long to wait for one call of librdkafka that does not tell other events.
constexpr absl::Duration kSlice = absl::Milliseconds(100);

int Milliseconds(absl::Duration duration) {
  return static_cast<int>(std::max<int64_t>(1, absl::ToInt64Milliseconds(duration)));
}

bool IsFence(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR__FENCED || code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
         code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
}

bool IsRefusal(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR__SSL:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
      return true;
    default:
      return false;
  }
}

// The events of librdkafka that tell why brokers do not answer.
struct Events {
  std::mutex mutex;
  std::string last;
  bool refused = false;
};

// One message of the transaction that is open.
struct Entry {
  uint64_t position = 0;
  rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__IN_PROGRESS;
  int64_t offset = -1;
};

class KafkaEngine final : public Engine {
 public:
  explicit KafkaEngine(const KafkaOptions& options) : options_(options) {
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
    const uint64_t headers = HeaderBytes(channel) + kRecordBytes;
    return options_.max_message > headers ? options_.max_message - headers : 0;
  }
  bool pipelined() const override { return one_at_a_time_ == 0; }

 private:
  static void OnDelivery(rd_kafka_t*, const rd_kafka_message_t* record, void* self);
  static void OnError(rd_kafka_t*, int code, const char* text, void* self);
  static void OnLog(const rd_kafka_t*, int, const char*, const char*) {}

  absl::StatusOr<Handle> NewHandle(rd_kafka_type_t type, bool transactional);
  // Makes a status of a code. `what` was tried.
  absl::Status ToStatus(rd_kafka_resp_err_t code, absl::string_view text, absl::string_view what);
  absl::Status ToStatus(const Error& error, absl::string_view what) {
    return ToStatus(rd_kafka_error_code(error.get()), rd_kafka_error_string(error.get()), what);
  }
  // Errors: kNotFound - there is no such topic.
  absl::StatusOr<int> CountPartitions(const std::string& topic);
  absl::Status CreateTopic(const std::string& topic,
                           const std::vector<std::pair<const char*, const char*>>& settings);
  // Becomes the one producer of the topic: what another has under way is stored now or never.
  absl::Status TakeFence();
  // Calls `handle` for each committed record of partition 0 from `first` to the end. Ends early
  // when it returns false.
  absl::Status ReadRecords(const std::string& topic, int64_t first,
                           const std::function<bool(const rd_kafka_message_t*)>& handle);
  absl::Status BeginTransaction();
  // Commits what is produced. After an error nothing of it is stored, or the tail tells.
  Error Commit();
  rd_kafka_resp_err_t Produce(const std::string& topic, absl::string_view key,
                              absl::string_view value, const Headers& channel,
                              const Headers& message, void* opaque);
  // Stores one message by a transaction of its own.
  absl::Status StoreAlone(const std::string& topic, absl::string_view key, absl::string_view value,
                          const Headers& channel, const Headers& message);

  KafkaOptions options_;
  Events events_;
  Handle consumer_;
  Handle producer_;  // null until the fence is taken, and after an error
  bool in_transaction_ = false;
  std::vector<Entry> batch_;               // of the open transaction
  std::vector<Acknowledgement> outcomes_;  // that need no commit
  size_t one_at_a_time_ = 0;               // messages that follow a batch that was too large
  std::string headers_for_;                // the channel's id
  Headers channel_headers_;
};

absl::StatusOr<Handle> KafkaEngine::NewHandle(rd_kafka_type_t type, bool transactional) {
  std::unique_ptr<rd_kafka_conf_t, Destroy<rd_kafka_conf_t, rd_kafka_conf_destroy>> conf(
      rd_kafka_conf_new());
  const bool tls = options_.address.scheme == "kafka+tls" || !options_.tls_ca.empty() ||
                   !options_.tls_certificate.empty();
  const bool sasl = !options_.user.empty();
  std::vector<std::pair<const char*, std::string>> settings = {
      {"bootstrap.servers", options_.address.server},
      {"client.id", "ipmpsc-bridge"},
      {"security.protocol",
       sasl ? (tls ? "SASL_SSL" : "SASL_PLAINTEXT") : (tls ? "SSL" : "PLAINTEXT")},
      {"socket.timeout.ms", absl::StrCat(std::max(1000, Milliseconds(options_.timeout)))},
      {"reconnect.backoff.ms", "50"},
      {"reconnect.backoff.max.ms", "1000"},
      {"allow.auto.create.topics", "false"},
  };
  if (sasl) {
    settings.emplace_back("sasl.mechanisms", options_.sasl_mechanism);
    settings.emplace_back("sasl.username", options_.user);
    settings.emplace_back("sasl.password", options_.password);
  }
  if (!options_.tls_ca.empty()) settings.emplace_back("ssl.ca.location", options_.tls_ca);
  if (!options_.tls_certificate.empty()) {
    settings.emplace_back("ssl.certificate.location", options_.tls_certificate);
    settings.emplace_back("ssl.key.location", options_.tls_key);
  }
  if (type == RD_KAFKA_CONSUMER) {
    settings.emplace_back("isolation.level", "read_committed");
    settings.emplace_back("enable.partition.eof", "true");
    settings.emplace_back("fetch.wait.max.ms", "50");
  } else if (transactional) {
    // The topic's name and not the channel's id: two channels on one topic are fenced as well.
    settings.emplace_back("transactional.id",
                          absl::StrCat("ipmpsc-bridge-", options_.address.subject));
    settings.emplace_back("enable.idempotence", "true");
    settings.emplace_back("message.max.bytes", absl::StrCat(options_.max_message));
    settings.emplace_back("transaction.timeout.ms",
                          absl::StrCat(std::max(10000, 2 * Milliseconds(options_.timeout))));
    settings.emplace_back("queue.buffering.max.messages", "2000000");
    settings.emplace_back("linger.ms", "1");
  }
  char text[512] = "";
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(conf.get(), name, value.c_str(), text, sizeof(text)) !=
        RD_KAFKA_CONF_OK) {
      return absl::InvalidArgumentError(HeaderText(text, sizeof(text)));
    }
  }
  rd_kafka_conf_set_opaque(conf.get(), this);
  rd_kafka_conf_set_log_cb(conf.get(), &KafkaEngine::OnLog);
  rd_kafka_conf_set_error_cb(conf.get(), &KafkaEngine::OnError);
  if (type == RD_KAFKA_PRODUCER) rd_kafka_conf_set_dr_msg_cb(conf.get(), &KafkaEngine::OnDelivery);
  Handle handle(rd_kafka_new(type, conf.get(), text, sizeof(text)));
  if (handle == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("the options cannot be used: ", HeaderText(text, sizeof(text)),
                     "; check --max-message, --sasl and the files of --tls-*"));
  }
  static_cast<void>(conf.release());  // taken by the handle
  return handle;
}

void KafkaEngine::OnError(rd_kafka_t*, int code, const char* text, void* opaque) {
  auto* const self = static_cast<KafkaEngine*>(opaque);
  const std::lock_guard<std::mutex> lock(self->events_.mutex);
  if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && !self->events_.last.empty()) return;
  self->events_.last = HeaderText(text == nullptr ? "" : text, 512);
  if (IsRefusal(static_cast<rd_kafka_resp_err_t>(code))) self->events_.refused = true;
}

void KafkaEngine::OnDelivery(rd_kafka_t*, const rd_kafka_message_t* record, void* opaque) {
  auto* const self = static_cast<KafkaEngine*>(opaque);
  // Numbered from 1. Letters and schemas have none.
  const auto number = reinterpret_cast<uintptr_t>(record->_private);
  if (number == 0 || number > self->batch_.size()) return;
  self->batch_[number - 1].code = record->err;
  self->batch_[number - 1].offset = record->offset;
}

absl::Status KafkaEngine::ToStatus(rd_kafka_resp_err_t code, absl::string_view text,
                                   absl::string_view what) {
  std::string line = absl::StrCat(what, ": ", HeaderText(text, 512));
  bool refused = IsRefusal(code);
  {
    const std::lock_guard<std::mutex> lock(events_.mutex);
    refused = refused || events_.refused;
    if (!events_.last.empty()) absl::StrAppend(&line, " (", events_.last, ")");
    events_.last.clear();
    events_.refused = false;
  }
  if (refused) {
    return absl::PermissionDeniedError(absl::StrCat(
        line, "; check --user, --password-file, --sasl, --tls-ca and the permissions"));
  }
  switch (code) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      return absl::NotFoundError(line);
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION:
    case RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
      return absl::FailedPreconditionError(line);
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
      return absl::ResourceExhaustedError(line);
    default:
      return absl::UnavailableError(line);
  }
}

absl::Status KafkaEngine::Connect() {
  absl::StatusOr<Handle> consumer = NewHandle(RD_KAFKA_CONSUMER, false);
  if (!consumer.ok()) return consumer.status();
  consumer_ = *std::move(consumer);
  // Finds mistakes of these options before anything waits for a broker.
  const absl::StatusOr<Handle> producer = NewHandle(RD_KAFKA_PRODUCER, true);
  if (!producer.ok()) return producer.status();
  const absl::StatusOr<int> partitions = CountPartitions(options_.address.subject);
  return absl::IsNotFound(partitions.status()) ? absl::OkStatus() : partitions.status();
}

absl::StatusOr<int> KafkaEngine::CountPartitions(const std::string& topic) {
  const Topic handle(rd_kafka_topic_new(consumer_.get(), topic.c_str(), nullptr));
  if (handle == nullptr) {
    return ToStatus(rd_kafka_last_error(), rd_kafka_err2str(rd_kafka_last_error()), topic);
  }
  const Deadline deadline = options_.timeout;
  for (;;) {
    const rd_kafka_metadata_t* metadata = nullptr;
    // In slices, since a refusal is told by an event and not by this call.
    const rd_kafka_resp_err_t code =
        rd_kafka_metadata(consumer_.get(), 0, handle.get(), &metadata,
                          Milliseconds(std::min(options_.timeout, kSlice * 5)));
    rd_kafka_poll(consumer_.get(), 0);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
      {
        // A broker has taken the user, so a refusal that an event told before is over.
        const std::lock_guard<std::mutex> lock(events_.mutex);
        events_.last.clear();
        events_.refused = false;
      }
      rd_kafka_resp_err_t found = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
      int partitions = 0;
      if (metadata->topic_cnt == 1) {
        found = metadata->topics[0].err;
        partitions = metadata->topics[0].partition_cnt;
      }
      rd_kafka_metadata_destroy(metadata);
      if (found == RD_KAFKA_RESP_ERR_NO_ERROR && partitions > 0) return partitions;
      if (found == RD_KAFKA_RESP_ERR_NO_ERROR) found = RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
      return ToStatus(found, rd_kafka_err2str(found), absl::StrCat("the topic ", topic));
    }
    bool refused;
    {
      const std::lock_guard<std::mutex> lock(events_.mutex);
      refused = events_.refused;
    }
    if (refused || deadline.Passed()) {
      return ToStatus(code, rd_kafka_err2str(code), options_.address.server);
    }
    rd_kafka_poll(consumer_.get(), Milliseconds(std::min(options_.timeout, kSlice)));
  }
}

absl::Status KafkaEngine::CreateTopic(
    const std::string& topic, const std::vector<std::pair<const char*, const char*>>& settings) {
  char text[512] = "";
  // -1: the cluster's own number of replicas.
  rd_kafka_NewTopic_t* request = rd_kafka_NewTopic_new(topic.c_str(), 1, -1, text, sizeof(text));
  if (request == nullptr) return absl::FailedPreconditionError(HeaderText(text, sizeof(text)));
  const std::unique_ptr<rd_kafka_NewTopic_t,
                        Destroy<rd_kafka_NewTopic_t, rd_kafka_NewTopic_destroy>>
      owned(request);
  for (const auto& [name, value] : settings) rd_kafka_NewTopic_set_config(request, name, value);
  const Queue queue(rd_kafka_queue_new(consumer_.get()));
  const std::unique_ptr<rd_kafka_AdminOptions_t,
                        Destroy<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy>>
      admin(rd_kafka_AdminOptions_new(consumer_.get(), RD_KAFKA_ADMIN_OP_CREATETOPICS));
  rd_kafka_AdminOptions_set_request_timeout(admin.get(), Milliseconds(options_.timeout), text,
                                            sizeof(text));
  rd_kafka_CreateTopics(consumer_.get(), &request, 1, admin.get(), queue.get());
  const std::unique_ptr<rd_kafka_event_t, Destroy<rd_kafka_event_t, rd_kafka_event_destroy>> event(
      rd_kafka_queue_poll(queue.get(), Milliseconds(options_.timeout) + 1000));
  rd_kafka_poll(consumer_.get(), 0);
  const std::string what = absl::StrCat("creating the topic ", topic);
  if (event == nullptr) return absl::UnavailableError(absl::StrCat(what, ": no answer"));
  rd_kafka_resp_err_t code = rd_kafka_event_error(event.get());
  const char* detail = code == 0 ? nullptr : rd_kafka_event_error_string(event.get());
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const rd_kafka_CreateTopics_result_t* result = rd_kafka_event_CreateTopics_result(event.get());
    size_t count = 0;
    const rd_kafka_topic_result_t** topics = rd_kafka_CreateTopics_result_topics(result, &count);
    for (size_t i = 0; i < count; ++i) {
      code = rd_kafka_topic_result_error(topics[i]);
      detail = rd_kafka_topic_result_error_string(topics[i]);
    }
  }
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
    return absl::OkStatus();
  }
  return ToStatus(code, detail == nullptr ? rd_kafka_err2str(code) : detail,
                  absl::StrCat(what, " (create it with one partition)"));
}

absl::Status KafkaEngine::TakeFence() {
  Forget();
  producer_.reset();
  absl::StatusOr<Handle> producer = NewHandle(RD_KAFKA_PRODUCER, true);
  if (!producer.ok()) return producer.status();
  const Error error(rd_kafka_init_transactions(producer->get(), Milliseconds(options_.timeout)));
  rd_kafka_poll(producer->get(), 0);
  if (error != nullptr) return ToStatus(error, "taking the transactional id");
  producer_ = *std::move(producer);
  return absl::OkStatus();
}

absl::Status KafkaEngine::ReadRecords(
    const std::string& topic, int64_t first,
    const std::function<bool(const rd_kafka_message_t*)>& handle) {
  const Topic partition(rd_kafka_topic_new(consumer_.get(), topic.c_str(), nullptr));
  const std::string what = absl::StrCat("reading the topic ", topic);
  if (partition == nullptr || rd_kafka_consume_start(partition.get(), 0, first) != 0) {
    const rd_kafka_resp_err_t code = rd_kafka_last_error();
    return ToStatus(code, rd_kafka_err2str(code), what);
  }
  // Since the last record that came.
  Deadline deadline = options_.timeout;
  absl::Status done;
  for (;;) {
    const Record record(
        rd_kafka_consume(partition.get(), 0, Milliseconds(std::min(options_.timeout, kSlice))));
    rd_kafka_poll(consumer_.get(), 0);
    if (record != nullptr) {
      if (record->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) break;
      if (record->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        done = ToStatus(record->err, rd_kafka_message_errstr(record.get()), what);
        break;
      }
      deadline = options_.timeout;
      if (!handle(record.get())) break;
    } else if (deadline.Passed()) {
      done = ToStatus(RD_KAFKA_RESP_ERR__TIMED_OUT, "no answer in time", what);
      break;
    }
  }
  rd_kafka_consume_stop(partition.get(), 0);
  return done;
}

// Returns the value of a header with a zero behind it, or null. A value is anybody's bytes.
const char* HeaderOf(const rd_kafka_message_t* record, const char* name, std::string* storage) {
  rd_kafka_headers_t* headers = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  if (rd_kafka_message_headers(record, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
      rd_kafka_header_get_last(headers, name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR ||
      value == nullptr) {
    return nullptr;
  }
  storage->assign(static_cast<const char*>(value), size);
  return storage->c_str();
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
  int64_t low = 0;
  int64_t high = 0;
  const rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(
      consumer_.get(), topic.c_str(), 0, &low, &high, Milliseconds(options_.timeout));
  rd_kafka_poll(consumer_.get(), 0);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return ToStatus(code, rd_kafka_err2str(code), absl::StrCat("the end of the topic ", topic));
  }
  Tail tail;
  // Numbers count from 1, since 0 says that there is none.
  for (int64_t look = kFirstLook; tail.empty && low < high; look *= 8) {
    const int64_t first = std::max(low, high - look);
    const absl::Status read = ReadRecords(topic, first, [&tail](const rd_kafka_message_t* record) {
      std::string channel;
      std::string position;
      std::string source;
      std::string bridge;
      tail.empty = false;
      tail.fence = static_cast<uint64_t>(record->offset) + 1;
      tail.mark = ParseMark(
          HeaderOf(record, kChannelHeader, &channel), HeaderOf(record, kPositionHeader, &position),
          HeaderOf(record, kSourceHeader, &source), HeaderOf(record, kBridgeHeader, &bridge));
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
  const absl::string_view payload =
      message.payload.data() == nullptr ? absl::string_view("") : message.payload;
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
    const absl::Status read =
        ReadRecords(topic, RD_KAFKA_OFFSET_BEGINNING, [&](const rd_kafka_message_t* record) {
          found = record->key_len == channel.fingerprint.size() && record->payload != nullptr &&
                  absl::string_view(static_cast<const char*>(record->key), record->key_len) ==
                      channel.fingerprint;
          return !found;
        });
    if (!read.ok()) return read;
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
