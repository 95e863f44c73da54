#include "tests/bridge/kafka_cluster.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#ifndef IPMPSC_HAS_KAFKA

namespace ipmpsc::bridge {

struct KafkaCluster::Parts {};
KafkaCluster::KafkaCluster() = default;
KafkaCluster::~KafkaCluster() = default;
void KafkaCluster::Start() {}
std::string KafkaCluster::bootstrap() const { return ""; }
void KafkaCluster::CreateTopic(const std::string&, int) {}
void KafkaCluster::HideTopic(const std::string&) {}
void KafkaCluster::ShowTopic(const std::string&) {}
void KafkaCluster::Produce(const std::string&, const std::vector<std::string>&, int) {}
void KafkaCluster::CutReaders(int) {}
void KafkaCluster::ForgetOffsetOnce() {}
void KafkaCluster::SetDown() {}
void KafkaCluster::CutConnections(int) {}
void KafkaCluster::FailNext(int) {}
void KafkaCluster::RefuseNextBatch() {}
void KafkaCluster::FenceNext() {}
std::vector<KafkaRecord> KafkaCluster::Read(const std::string&) { return {}; }

}  // namespace ipmpsc::bridge

#else

#include <librdkafka/rdkafka.h>
// Behind rdkafka.h, which it needs.
#include <librdkafka/rdkafka_mock.h>

#include "gtest/gtest.h"

namespace ipmpsc::bridge {
namespace {

rd_kafka_t* NewHandle(rd_kafka_type_t type,
                      const std::vector<std::pair<const char*, std::string> >& settings) {
  char text[512] = "";
  rd_kafka_conf_t* const conf = rd_kafka_conf_new();
  for (const auto& [name, value] : settings) {
    EXPECT_EQ(rd_kafka_conf_set(conf, name, value.c_str(), text, sizeof(text)), RD_KAFKA_CONF_OK)
        << text;
  }
  rd_kafka_conf_set_log_cb(conf, [](const rd_kafka_t*, int, const char*, const char*) {});
  rd_kafka_t* const handle = rd_kafka_new(type, conf, text, sizeof(text));
  EXPECT_NE(handle, nullptr) << text;
  return handle;
}

constexpr int kTimeout = 20000;  // milliseconds

}  // namespace

struct KafkaCluster::Parts {
  rd_kafka_t* owner = nullptr;
  rd_kafka_mock_cluster_t* cluster = nullptr;
  rd_kafka_t* consumer = nullptr;
};

KafkaCluster::KafkaCluster() = default;

KafkaCluster::~KafkaCluster() {
  if (parts_ == nullptr) return;
  rd_kafka_destroy(parts_->consumer);
  rd_kafka_mock_cluster_destroy(parts_->cluster);
  rd_kafka_destroy(parts_->owner);
}

void KafkaCluster::Start() {
  parts_ = std::make_unique<Parts>();
  parts_->owner = NewHandle(RD_KAFKA_PRODUCER, {});
  parts_->cluster = rd_kafka_mock_cluster_new(parts_->owner, 1);
  ASSERT_NE(parts_->cluster, nullptr);
  parts_->consumer = NewHandle(RD_KAFKA_CONSUMER, {{"bootstrap.servers", bootstrap()},
                                                   {"enable.partition.eof", "true"},
                                                   {"fetch.wait.max.ms", "10"}});
}

std::string KafkaCluster::bootstrap() const {
  return rd_kafka_mock_cluster_bootstraps(parts_->cluster);
}

void KafkaCluster::CreateTopic(const std::string& topic, int partitions) {
  EXPECT_EQ(rd_kafka_mock_topic_create(parts_->cluster, topic.c_str(), partitions, 1),
            RD_KAFKA_RESP_ERR_NO_ERROR);
}

void KafkaCluster::HideTopic(const std::string& topic) {
  rd_kafka_mock_topic_set_error(parts_->cluster, topic.c_str(),
                                RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
}

void KafkaCluster::ShowTopic(const std::string& topic) {
  rd_kafka_mock_topic_set_error(parts_->cluster, topic.c_str(), RD_KAFKA_RESP_ERR_NO_ERROR);
}

void KafkaCluster::Produce(const std::string& topic, const std::vector<std::string>& values,
                           int partition) {
  rd_kafka_t* const producer = NewHandle(
      RD_KAFKA_PRODUCER, {{"bootstrap.servers", bootstrap()}, {"enable.idempotence", "true"}});
  for (const std::string& value : values) {
    EXPECT_EQ(rd_kafka_producev(
                  producer, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(partition),
                  RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                  RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()), RD_KAFKA_V_END),
              RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  EXPECT_EQ(rd_kafka_flush(producer, kTimeout), RD_KAFKA_RESP_ERR_NO_ERROR);
  rd_kafka_destroy(producer);
}

void KafkaCluster::SetDown() { rd_kafka_mock_broker_set_down(parts_->cluster, 1); }

void KafkaCluster::CutConnections(int count) {
  const std::vector<rd_kafka_resp_err_t> errors(count, RD_KAFKA_RESP_ERR__TRANSPORT);
  rd_kafka_mock_push_request_errors_array(parts_->cluster, 0, errors.size(), errors.data());
}

void KafkaCluster::CutReaders(int count) {
  const std::vector<rd_kafka_resp_err_t> errors(count, RD_KAFKA_RESP_ERR__TRANSPORT);
  rd_kafka_mock_push_request_errors_array(parts_->cluster, 1, errors.size(), errors.data());
}

void KafkaCluster::ForgetOffsetOnce() {
  rd_kafka_mock_push_request_errors(parts_->cluster, 1, 1, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE);
}

void KafkaCluster::FailNext(int request) {
  const rd_kafka_resp_err_t errors[] = {RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
                                        RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
                                        RD_KAFKA_RESP_ERR_INVALID_TXN_STATE};
  const rd_kafka_resp_err_t produce[] = {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                                         RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
                                         RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED};
  rd_kafka_mock_push_request_errors_array(parts_->cluster, static_cast<int16_t>(request), 3,
                                          request == 0 ? produce : errors);
}

void KafkaCluster::RefuseNextBatch() {
  rd_kafka_mock_push_request_errors(parts_->cluster, 0, 1, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
}

void KafkaCluster::FenceNext() {
  // To AddPartitionsToTxn.
  rd_kafka_mock_push_request_errors(parts_->cluster, 24, 1, RD_KAFKA_RESP_ERR_PRODUCER_FENCED);
}

std::vector<KafkaRecord> KafkaCluster::Read(const std::string& topic) {
  std::vector<KafkaRecord> records;
  rd_kafka_topic_t* const handle = rd_kafka_topic_new(parts_->consumer, topic.c_str(), nullptr);
  EXPECT_EQ(rd_kafka_consume_start(handle, 0, RD_KAFKA_OFFSET_BEGINNING), 0);
  for (;;) {
    rd_kafka_message_t* const message = rd_kafka_consume(handle, 0, kTimeout);
    if (message == nullptr) {
      ADD_FAILURE() << "the mock cluster does not answer";
      break;
    }
    const rd_kafka_resp_err_t code = message->err;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
      KafkaRecord record;
      record.key.assign(static_cast<const char*>(message->key), message->key_len);
      record.value.assign(static_cast<const char*>(message->payload), message->len);
      rd_kafka_headers_t* headers = nullptr;
      const char* name;
      const void* value;
      size_t size;
      if (rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) ==
                           RD_KAFKA_RESP_ERR_NO_ERROR;
             ++i) {
          record.headers[name].assign(static_cast<const char*>(value), size);
        }
      }
      records.push_back(std::move(record));
    }
    rd_kafka_message_destroy(message);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
      EXPECT_EQ(code, RD_KAFKA_RESP_ERR__PARTITION_EOF) << rd_kafka_err2str(code);
      break;
    }
  }
  rd_kafka_consume_stop(handle, 0);
  rd_kafka_topic_destroy(handle);
  return records;
}

}  // namespace ipmpsc::bridge

#endif  // IPMPSC_HAS_KAFKA
