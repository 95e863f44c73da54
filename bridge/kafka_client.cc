#include "bridge/kafka_client.h"

#ifdef IPMPSC_HAS_KAFKA

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/destroy.h"
#include "bridge/headers.h"
#include "bridge/kafka_engine.h"
#include "ipmpsc/deadline.h"

namespace ipmpsc::bridge {
namespace {

// The most that reading a topic to its end takes, in timeouts.
constexpr int kReadFactor = 12;

bool IsRefusal(rd_kafka_resp_err_t code, absl::string_view text) {
  switch (code) {
    case RD_KAFKA_RESP_ERR__SSL:
    case RD_KAFKA_RESP_ERR__TRANSPORT:  // TLS 1.3 refuses a certificate after the handshake
      return IsRefusedByTls(text);
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
      return true;
    default:
      return false;
  }
}

}  // namespace

void DestroyHandle(rd_kafka_t* handle) {
  try {
    auto destroyed = std::make_shared<std::promise<void>>();
    const std::future<void> done = destroyed->get_future();
    std::thread([handle, destroyed] {
      rd_kafka_destroy(handle);
      destroyed->set_value();
    }).detach();
    done.wait_for(std::chrono::seconds(2));
  } catch (const std::exception&) {
    // There is no memory, or no thread is to be had. The handle stays until the process ends, since
    // destroying it here could take for ever.
  }
}

bool IsRefusedByTls(absl::string_view text) {
  // The texts of OpenSSL. Alerts are what the broker sends; two of them say nothing of this client.
  if (absl::StrContains(text, "alert internal error") ||
      absl::StrContains(text, "alert user cancel")) {
    return false;
  }
  for (const char* const part : {"certificate", "alert", "wrong version number",
                                 "unsupported protocol", "no protocols available"}) {
    if (absl::StrContains(text, part)) return true;
  }
  return false;
}

int Milliseconds(absl::Duration duration) {
  return static_cast<int>(std::max<int64_t>(1, absl::ToInt64Milliseconds(duration)));
}

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

absl::StatusOr<Handle> KafkaClient::NewHandle(rd_kafka_type_t type, DeliveryHandler on_delivery) {
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
    // An offset that the broker no longer has is an error. The default goes on at the end.
    settings.emplace_back("auto.offset.reset", "error");
    // An answer has at least one message, however large.
    settings.emplace_back(
        "receive.message.max.bytes",
        absl::StrCat(std::max<uint64_t>(100000000, options_.max_message + 1000000)));
    settings.emplace_back("enable.partition.eof", "true");
    settings.emplace_back("fetch.wait.max.ms", "50");
  } else {
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
  rd_kafka_conf_set_log_cb(conf.get(), &KafkaClient::OnLog);
  rd_kafka_conf_set_error_cb(conf.get(), &KafkaClient::OnError);
  if (on_delivery != nullptr) rd_kafka_conf_set_dr_msg_cb(conf.get(), on_delivery);
  Handle handle(rd_kafka_new(type, conf.get(), text, sizeof(text)));
  if (handle == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("the options cannot be used: ", HeaderText(text, sizeof(text)),
                     "; check --max-message, --sasl and the files of --tls-*"));
  }
  static_cast<void>(conf.release());  // taken by the handle
  return handle;
}

void KafkaClient::OnError(rd_kafka_t*, int code, const char* text, void* opaque) {
  auto* const self = static_cast<KafkaClient*>(opaque);
  const std::lock_guard<std::mutex> lock(self->events_.mutex);
  if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && !self->events_.last.empty()) return;
  self->events_.last = HeaderText(text == nullptr ? "" : text, 512);
  if (IsRefusal(static_cast<rd_kafka_resp_err_t>(code), self->events_.last)) {
    self->events_.refused = true;
  }
}

absl::Status KafkaClient::ToStatus(rd_kafka_resp_err_t code, absl::string_view text,
                                   absl::string_view what) {
  std::string line = absl::StrCat(what, ": ", HeaderText(text, 512));
  bool refused = IsRefusal(code, text);
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

absl::StatusOr<int> KafkaClient::CountPartitions(const std::string& topic) {
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
      some_broker_ = metadata->orig_broker_id;
      if (some_broker_ < 0 && metadata->broker_cnt > 0) some_broker_ = metadata->brokers[0].id;
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

absl::Status KafkaClient::CreateTopic(
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

absl::StatusOr<std::string> KafkaClient::ReadTopicSetting(const std::string& topic,
                                                          absl::string_view name) {
  rd_kafka_ConfigResource_t* request =
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str());
  const std::unique_ptr<rd_kafka_ConfigResource_t,
                        Destroy<rd_kafka_ConfigResource_t, rd_kafka_ConfigResource_destroy>>
      owned(request);
  const Queue queue(rd_kafka_queue_new(consumer_.get()));
  const std::unique_ptr<rd_kafka_AdminOptions_t,
                        Destroy<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy>>
      admin(rd_kafka_AdminOptions_new(consumer_.get(), RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS));
  char text[512] = "";
  // Every broker knows it. librdkafka would wait for the controller, which may be none of them.
  rd_kafka_AdminOptions_set_broker(admin.get(), some_broker_, text, sizeof(text));
  rd_kafka_AdminOptions_set_request_timeout(admin.get(), Milliseconds(options_.timeout), text,
                                            sizeof(text));
  rd_kafka_DescribeConfigs(consumer_.get(), &request, 1, admin.get(), queue.get());
  const std::unique_ptr<rd_kafka_event_t, Destroy<rd_kafka_event_t, rd_kafka_event_destroy>> event(
      rd_kafka_queue_poll(queue.get(), Milliseconds(options_.timeout) + 1000));
  rd_kafka_poll(consumer_.get(), 0);
  const std::string what = absl::StrCat("the settings of the topic ", topic);
  if (event == nullptr) return absl::UnavailableError(absl::StrCat(what, ": no answer"));
  rd_kafka_resp_err_t code = rd_kafka_event_error(event.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return ToStatus(code, rd_kafka_event_error_string(event.get()), what);
  }
  size_t resources = 0;
  const rd_kafka_ConfigResource_t** const described = rd_kafka_DescribeConfigs_result_resources(
      rd_kafka_event_DescribeConfigs_result(event.get()), &resources);
  for (size_t i = 0; i < resources; ++i) {
    code = rd_kafka_ConfigResource_error(described[i]);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return ToStatus(code, rd_kafka_err2str(code), what);
    size_t settings = 0;
    const rd_kafka_ConfigEntry_t** const entries =
        rd_kafka_ConfigResource_configs(described[i], &settings);
    for (size_t j = 0; j < settings; ++j) {
      const char* const value = rd_kafka_ConfigEntry_value(entries[j]);
      if (name == rd_kafka_ConfigEntry_name(entries[j]) && value != nullptr) return value;
    }
  }
  return absl::NotFoundError(absl::StrCat(what, " lack ", name));
}

absl::StatusOr<Offsets> KafkaClient::FindOffsets(const std::string& topic, int32_t partition) {
  Offsets offsets;
  const rd_kafka_resp_err_t code =
      rd_kafka_query_watermark_offsets(consumer_.get(), topic.c_str(), partition, &offsets.first,
                                       &offsets.end, Milliseconds(options_.timeout));
  rd_kafka_poll(consumer_.get(), 0);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return ToStatus(code, rd_kafka_err2str(code), absl::StrCat("the end of the topic ", topic));
  }
  // The answer is anybody's.
  if (offsets.first < 0 || offsets.end < offsets.first || offsets.end == INT64_MAX) {
    return absl::UnavailableError(absl::StrCat("the broker says that the topic ", topic,
                                               " has the offsets ", offsets.first, " to ",
                                               offsets.end, ", which cannot be"));
  }
  return offsets;
}

absl::Status KafkaClient::ReadRecords(
    const std::string& topic, int64_t first, int64_t end,
    const std::function<bool(const rd_kafka_message_t*)>& handle) {
  if (first >= end) return absl::OkStatus();
  const Topic partition(rd_kafka_topic_new(consumer_.get(), topic.c_str(), nullptr));
  const std::string what = absl::StrCat("reading the topic ", topic);
  if (partition == nullptr || rd_kafka_consume_start(partition.get(), 0, first) != 0) {
    const rd_kafka_resp_err_t code = rd_kafka_last_error();
    return ToStatus(code, rd_kafka_err2str(code), what);
  }
  // A broker that sends a record now and then would never end it.
  const absl::Duration limit = kReadFactor * options_.timeout;
  const Deadline last = limit;
  Deadline deadline = options_.timeout;  // of the next record
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
      // Others may write all the time, so the end is that of the beginning.
      if (record->offset >= end || !handle(record.get()) || record->offset + 1 >= end) break;
    } else if (deadline.Passed()) {
      done = ToStatus(RD_KAFKA_RESP_ERR__TIMED_OUT, "no answer in time", what);
      break;
    }
    if (last.Passed()) {
      done = absl::UnavailableError(absl::StrCat(what, ": it was not read to its end in ",
                                                 absl::FormatDuration(limit), "; raise --timeout"));
      break;
    }
  }
  rd_kafka_consume_stop(partition.get(), 0);
  return done;
}

absl::StatusOr<std::string> KafkaClient::ReadKey(const std::string& topic, absl::string_view key) {
  const absl::StatusOr<Offsets> offsets = FindOffsets(topic, 0);
  if (!offsets.ok()) return offsets.status();
  bool found = false;
  std::string value;
  const absl::Status read =
      ReadRecords(topic, offsets->first, offsets->end, [&](const rd_kafka_message_t* record) {
        if (record->key_len == key.size() &&
            absl::string_view(static_cast<const char*>(record->key), record->key_len) == key) {
          found = record->payload != nullptr;
          value.clear();
          if (found) value.assign(static_cast<const char*>(record->payload), record->len);
        }
        return true;
      });
  if (!read.ok()) return read;
  if (!found) return absl::NotFoundError(absl::StrCat("the topic ", topic, " has no key ", key));
  return value;
}

}  // namespace ipmpsc::bridge

#endif  // IPMPSC_HAS_KAFKA
