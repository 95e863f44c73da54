#include "examples/bridge/kafka_broker.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#ifndef IPMPSC_HAS_KAFKA

namespace ipmpsc::examples {

absl::StatusOr<KafkaBroker> KafkaBroker::Start(const std::vector<std::string>&) {
  return absl::NotFoundError("this build has no librdkafka; install librdkafka-dev");
}
void KafkaBroker::Pause(absl::Duration) const {}
void KafkaBroker::Stop() {}
absl::Status ReadTopic(const std::string&, const std::string&, const std::function<bool()>&,
                       const std::function<void(const TopicMessage&)>&) {
  return absl::NotFoundError("this build has no librdkafka; install librdkafka-dev");
}

}  // namespace ipmpsc::examples

#else

#include <librdkafka/rdkafka.h>
// Behind rdkafka.h, which it needs.
#include <librdkafka/rdkafka_mock.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "examples/processes.h"

namespace ipmpsc::examples {
namespace {

constexpr int kStartTimeout = 10000;  // milliseconds
// The longest wait for an answer when all has been sent.
constexpr int kAnswerTimeout = 20000;  // milliseconds
constexpr int kSlice = 100;            // milliseconds

absl::StatusOr<rd_kafka_t*> NewHandle(
    rd_kafka_type_t type, const std::vector<std::pair<const char*, std::string> >& settings) {
  char text[512] = "";
  rd_kafka_conf_t* const conf = rd_kafka_conf_new();
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(conf, name, value.c_str(), text, sizeof(text)) != RD_KAFKA_CONF_OK) {
      rd_kafka_conf_destroy(conf);
      return absl::InvalidArgumentError(text);
    }
  }
  rd_kafka_conf_set_log_cb(conf, [](const rd_kafka_t*, int, const char*, const char*) {});
  rd_kafka_t* const handle = rd_kafka_new(type, conf, text, sizeof(text));
  if (handle != nullptr) return handle;
  rd_kafka_conf_destroy(conf);
  return absl::UnavailableError(text);
}

// The work of the broker's process. Tells its address, and lives until it is killed.
absl::Status Serve(const std::vector<std::string>& topics, int tell) {
  const absl::StatusOr<rd_kafka_t*> owner = NewHandle(RD_KAFKA_PRODUCER, {});
  if (!owner.ok()) return owner.status();
  rd_kafka_mock_cluster_t* const cluster = rd_kafka_mock_cluster_new(*owner, 1);
  if (cluster == nullptr) return absl::UnavailableError("the mock cluster does not start");
  for (const std::string& topic : topics) {
    const rd_kafka_resp_err_t code = rd_kafka_mock_topic_create(cluster, topic.c_str(), 1, 1);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return absl::UnavailableError(rd_kafka_err2str(code));
  }
  const std::string address = rd_kafka_mock_cluster_bootstraps(cluster);
  if (write(tell, address.data(), address.size()) != static_cast<ssize_t>(address.size())) {
    return absl::UnavailableError("the demo has gone");
  }
  close(tell);
  for (;;) pause();
}

}  // namespace

absl::StatusOr<KafkaBroker> KafkaBroker::Start(const std::vector<std::string>& topics) {
  int ends[2];
  if (pipe(ends) != 0) return absl::UnavailableError("no pipe");
  KafkaBroker broker;
  broker.process_ = examples::Start("broker", [&] {
    close(ends[0]);
    return Serve(topics, ends[1]);
  });
  close(ends[1]);
  pollfd waits = {ends[0], POLLIN, 0};
  char text[256];
  const ssize_t size = poll(&waits, 1, kStartTimeout) == 1 ? read(ends[0], text, sizeof(text)) : 0;
  close(ends[0]);
  if (size <= 0) {
    broker.Stop();
    return absl::UnavailableError("the mock cluster does not start");
  }
  broker.address_.assign(text, static_cast<size_t>(size));
  return broker;
}

void KafkaBroker::Pause(absl::Duration time) const {
  Signal(process_, SIGSTOP);
  absl::SleepFor(time);
  Signal(process_, SIGCONT);
}

void KafkaBroker::Stop() {
  Signal(process_, SIGKILL);
  Wait(&process_);
}

absl::Status ReadTopic(const std::string& server, const std::string& topic,
                       const std::function<bool()>& finished,
                       const std::function<void(const TopicMessage&)>& handle) {
  const absl::StatusOr<rd_kafka_t*> consumer =
      NewHandle(RD_KAFKA_CONSUMER, {{"bootstrap.servers", server},
                                    {"isolation.level", "read_committed"},
                                    {"enable.partition.eof", "true"},
                                    {"fetch.wait.max.ms", "50"}});
  if (!consumer.ok()) return consumer.status();
  rd_kafka_topic_t* const partition = rd_kafka_topic_new(*consumer, topic.c_str(), nullptr);
  absl::Status done;
  bool ended = rd_kafka_consume_start(partition, 0, RD_KAFKA_OFFSET_BEGINNING) != 0;
  if (ended) done = absl::UnavailableError(rd_kafka_err2str(rd_kafka_last_error()));
  int64_t next = RD_KAFKA_OFFSET_BEGINNING;
  int silent = 0;  // milliseconds since the last answer, once all is sent
  while (!ended) {
    // Before the look, so that the end that is found comes behind all.
    const bool all = finished();
    rd_kafka_message_t* const message = rd_kafka_consume(partition, 0, kSlice);
    if (message == nullptr) {
      silent += all ? kSlice : 0;
      if (silent >= kAnswerTimeout) {
        done = absl::UnavailableError("the broker does not answer");
        ended = true;
      }
      // The end was told before all was sent, and is told again after this.
      if (!ended && all && silent % 1000 == 0) rd_kafka_seek(partition, 0, next, kAnswerTimeout);
      continue;
    }
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) silent = 0;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      ended = all;
    } else if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      done = absl::UnavailableError(rd_kafka_message_errstr(message));
      ended = true;
    } else {
      next = message->offset + 1;
      TopicMessage stored;
      stored.key = {static_cast<const char*>(message->key), message->key_len};
      stored.payload = {static_cast<const char*>(message->payload), message->len};
      stored.header = [message](const char* name) -> std::string {
        rd_kafka_headers_t* headers = nullptr;
        const void* value = nullptr;
        size_t size = 0;
        if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
            rd_kafka_header_get_last(headers, name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR) {
          return "";
        }
        return std::string(static_cast<const char*>(value), size);
      };
      handle(stored);
    }
    rd_kafka_message_destroy(message);
  }
  rd_kafka_consume_stop(partition, 0);
  rd_kafka_topic_destroy(partition);
  rd_kafka_destroy(*consumer);
  return done;
}

}  // namespace ipmpsc::examples

#endif  // IPMPSC_HAS_KAFKA
