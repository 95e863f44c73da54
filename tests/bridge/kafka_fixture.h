// A mock cluster of Kafka with its topics, and the log of the bridges that a test runs over it.
#ifndef TESTS_BRIDGE_KAFKA_FIXTURE_H_
#define TESTS_BRIDGE_KAFKA_FIXTURE_H_

#include <unistd.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "bridge/kafka_engine.h"
#include "gtest/gtest.h"
#include "tests/bridge/kafka_cluster.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc::bridge {

class KafkaFixture : public ::testing::Test {
 protected:
  // Each cluster has these topics of one partition.
  explicit KafkaFixture(std::vector<std::string> topics)
      : log_(testing::PathOnDisk("kafka-bridge.log")), topics_(std::move(topics)) {
    unlink(log_.c_str());
  }

  void SetUp() override {
    // ./bazelw installs it, so this is for builds without it.
    if (!HasKafka()) GTEST_SKIP() << "this build has no librdkafka: install librdkafka-dev";
    StartCluster();
  }

  // A further call starts a cluster whose topics are new.
  void StartCluster() {
    cluster_ = std::make_unique<KafkaCluster>();
    cluster_->Start();
    for (const std::string& topic : topics_) cluster_->CreateTopic(topic, 1);
  }

  std::string Address(const std::string& topic = "t") const {
    return absl::StrCat("kafka://", cluster_->bootstrap(), "/", topic);
  }

  // Returns the values in the topic "t".
  std::vector<std::string> Stored() const {
    std::vector<std::string> values;
    for (const KafkaRecord& record : cluster_->Read("t")) values.push_back(record.value);
    return values;
  }

  std::string Log() const { return testing::ReadFile(log_); }
  bool AwaitLog(absl::string_view text) const {
    return testing::Await([&] { return testing::Exists(log_) && absl::StrContains(Log(), text); });
  }

  testing::SharedMemoryDirectory memory_;
  std::string log_;
  std::unique_ptr<KafkaCluster> cluster_;

 private:
  const std::vector<std::string> topics_;
};

}  // namespace ipmpsc::bridge

#endif  // TESTS_BRIDGE_KAFKA_FIXTURE_H_
