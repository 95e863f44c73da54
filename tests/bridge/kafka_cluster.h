// KafkaCluster: librdkafka's mock cluster of one broker, and a consumer that looks into it.
#ifndef TESTS_BRIDGE_KAFKA_CLUSTER_H_
#define TESTS_BRIDGE_KAFKA_CLUSTER_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace ipmpsc::bridge {

struct KafkaRecord {
  std::string key;
  std::string value;
  std::map<std::string, std::string> headers;
};

// A topic keeps its last 5 MiB.
class KafkaCluster {
 public:
  KafkaCluster();
  ~KafkaCluster();

  // Starts the broker. Does nothing in a build without librdkafka.
  void Start();
  std::string bootstrap() const;
  void CreateTopic(const std::string& topic, int partitions);
  // Answers as if there were no such topic, until it is shown again.
  void HideTopic(const std::string& topic);
  void ShowTopic(const std::string& topic);
  // Stores values with a producer of its own, without headers.
  void Produce(const std::string& topic, const std::vector<std::string>& values, int partition = 0);
  // Cuts the connections and refuses new ones.
  void SetDown();
  // Cuts the connection instead of answering, for so many requests that store messages.
  void CutConnections(int count);
  // The same for requests that read messages.
  void CutReaders(int count);
  // Answers the next request that reads messages as if its offset were no more.
  void ForgetOffsetOnce();
  // Answers the next request of the kind with two errors that pass and one that does not.
  void FailNext(int request);
  // Refuses the next batch of messages as too large.
  void RefuseNextBatch();
  // Tells the producer of the next transaction that another one has taken its id. The mock cluster
  // itself lets both go on.
  void FenceNext();
  // Returns all records of partition 0.
  std::vector<KafkaRecord> Read(const std::string& topic);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace ipmpsc::bridge

#endif  // TESTS_BRIDGE_KAFKA_CLUSTER_H_
