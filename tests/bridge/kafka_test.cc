// ipmpsc-bridge as a program, over librdkafka's mock cluster, which lives in the test's process. It
// stores the messages of aborted transactions as if they were committed, and checks no sequence
// numbers. So these tests show that the bridge goes on right behind what is stored.
#include <signal.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "examples/bridge/reading.ipmpsc.h"
#include "examples/bridge/reading.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/sender.h"
#include "tests/bridge/bridge_program.h"
#include "tests/bridge/kafka_cluster.h"
#include "tests/bridge/kafka_fixture.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc::bridge {
namespace {

using ::ipmpsc::testing::Await;
using ::ipmpsc::testing::ChildProcess;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class KafkaTest : public KafkaFixture {
 protected:
  KafkaTest() : KafkaFixture({"t", "t.dead_letters", "ipmpsc_schemas"}) {}

  Channel CreateChannel(const std::string& name = "c") {
    ChannelOptions options;
    options.timestamps = true;
    absl::StatusOr<Channel> channel = Channel::Create(memory_ / name, options);
    EXPECT_OK(channel);
    return *std::move(channel);
  }

  static void Send(const Channel& channel, const std::vector<std::string>& payloads) {
    SenderOptions options;
    options.name = "thermometer";
    absl::StatusOr<Sender> sender = Sender::Attach(channel, options);
    ASSERT_OK(sender);
    for (const std::string& payload : payloads) {
      ASSERT_OK(sender->Send(payload, absl::Seconds(20)));
    }
  }

  ChildProcess StartBridge(std::vector<std::string> options = {}, const std::string& topic = "t",
                           const std::string& channel = "c") {
    options.insert(options.begin(), {memory_ / channel, Address(topic)});
    return StartProgram(std::move(options), log_);
  }

  std::string RunBridge(const std::vector<std::string>& options = {},
                        const std::string& topic = "t", const std::string& channel = "c") {
    unlink(log_.c_str());
    return StartBridge(options, topic, channel).Wait();
  }

  bool AwaitStored(size_t count) {
    return Await([&] { return cluster_->Read("t").size() >= count; });
  }
};

TEST_F(KafkaTest, StoresMessagesWithTheirHeaders) {
  Channel channel = CreateChannel();
  Send(channel, {"a", ""});
  channel.Close();
  ASSERT_EQ(RunBridge(), "exited 0") << Log();
  EXPECT_THAT(Log(), HasSubstr("the channel is closed: 2 messages stored"));
  std::vector<std::string> lines;
  for (KafkaRecord& record : cluster_->Read("t")) {
    EXPECT_THAT(record.headers["Ipmpsc-Source"], HasSubstr(":" + channel.path()));
    EXPECT_THAT(record.headers["Ipmpsc-Bridge"], StartsWith("ipmpsc-bridge "));
    EXPECT_NE(record.headers["Ipmpsc-Time"], "");
    lines.push_back(absl::StrCat(
        record.value, " ", record.headers["Ipmpsc-Channel"], " ", record.headers["Ipmpsc-Position"],
        " ", record.headers["Ipmpsc-Sender"], " ", record.headers["Ipmpsc-Sequence"]));
  }
  EXPECT_THAT(lines, ElementsAre(absl::StrCat("a ", channel.id(), " 0 thermometer 1"),
                                 absl::StrCat(" ", channel.id(), " 64 thermometer 2")));
}

TEST_F(KafkaTest, StoresMessagesInConfluentsFormat) {
  examples::Reading reading;
  reading.set_number(7);
  {
    ASSERT_OK_AND_ASSIGN(Channel channel, examples::ReadingChannel::Create(memory_ / "c", {}));
    ASSERT_OK_AND_ASSIGN(examples::ReadingSender sender, examples::ReadingSender::Attach(channel));
    ASSERT_OK(sender.Send(reading, absl::Seconds(20)));
    channel.Close();
  }
  ASSERT_EQ(RunBridge({"--confluent-schema-id=259"}), "exited 0") << Log();
  // A zero byte, the id in four, and a zero for the first message of the file.
  const std::string prefix("\0\0\0\x01\x03\0", 6);
  EXPECT_THAT(Stored(), ElementsAre(prefix + reading.SerializeAsString()));
  // The id is that of one schema.
  const Channel other = CreateChannel("other");
  EXPECT_EQ(RunBridge({"--confluent-schema-id=259"}, "t", "other"), "exited 6") << Log();
  EXPECT_THAT(Log(), HasSubstr("the channel has no schema"));
  EXPECT_EQ(RunBridge({"--confluent-schema-id=259", "--check"}, "t", "other"), "exited 6");
  EXPECT_EQ(RunBridge({"--confluent-schema-id=0"}), "exited 2");
}

TEST_F(KafkaTest, EndsWhenTheSchemaIsNoLongerThatOfTheId) {
  ASSERT_OK_AND_ASSIGN(Channel channel, examples::ReadingChannel::Create(memory_ / "c", {}));
  ChildProcess bridge = StartBridge({"--confluent-schema-id=1"});
  ASSERT_TRUE(AwaitLog("bridging")) << Log();
  ChannelOptions options;
  options.exist_policy = ExistPolicy::kReplace;
  ASSERT_OK(Channel::Create(memory_ / "c", options));
  EXPECT_EQ(bridge.Wait(), "exited 6") << Log();
  EXPECT_THAT(Log(), HasSubstr("begin again with the new schema's id"));
}

TEST_F(KafkaTest, GoesOnAfterEachKill) {
  const Channel channel = CreateChannel();
  for (int round = 0; round < 4; ++round) {
    ChildProcess bridge = StartBridge({"--window=16"});
    Send(channel, Numbers(round * 300, round * 300 + 300));
    ASSERT_TRUE(AwaitStored(round * 300 + 20)) << Log();
    bridge.Kill();
  }
  Channel(channel).Close();
  ASSERT_EQ(RunBridge(), "exited 0") << Log();
  EXPECT_EQ(Stored(), Numbers(0, 1200));
}

TEST_F(KafkaTest, GoesOnAfterErrorsOfEachRequest) {
  const Channel channel = CreateChannel();
  ChildProcess bridge = StartBridge({"--timeout=2"});
  Send(channel, {"0"});
  ASSERT_TRUE(AwaitStored(1)) << Log();
  int next = 1;
  // Produce, AddPartitionsToTxn and EndTxn, by Kafka's numbers.
  for (const int request : {0, 24, 26}) {
    cluster_->FailNext(request);
    Send(channel, Numbers(next, next + 50));
    next += 50;
    ASSERT_TRUE(AwaitStored(next)) << Log();
  }
  Channel(channel).Close();
  EXPECT_EQ(bridge.Wait(), "exited 0") << Log();
  EXPECT_EQ(Stored(), Numbers(0, next));
}

TEST_F(KafkaTest, GoesOnAfterLostConnections) {
  const Channel channel = CreateChannel();
  ChildProcess bridge = StartBridge({"--timeout=1"});
  Send(channel, {"0"});
  ASSERT_TRUE(AwaitStored(1)) << Log();
  cluster_->CutConnections(6);
  Send(channel, Numbers(1, 200));
  ASSERT_TRUE(AwaitStored(200)) << Log();
  Channel(channel).Close();
  EXPECT_EQ(bridge.Wait(), "exited 0") << Log();
  EXPECT_EQ(Stored(), Numbers(0, 200));
}

TEST_F(KafkaTest, StoresLargeMessagesAsDeadLetters) {
  Channel channel = CreateChannel();
  Send(channel, {"a", std::string(20000, 'x'), "b"});
  channel.Close();
  ASSERT_EQ(RunBridge({"--max-message=10000"}), "exited 0") << Log();
  EXPECT_THAT(Stored(), ElementsAre("a", "b"));
  std::vector<KafkaRecord> letters = cluster_->Read("t.dead_letters");
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].key, channel.id() + "-64");
  EXPECT_THAT(letters[0].headers["Ipmpsc-Reason"], HasSubstr("the message has 20000 bytes"));
  EXPECT_EQ(letters[0].headers["Ipmpsc-Size"], "20000");
}

TEST_F(KafkaTest, SendsOneAtATimeAfterABatchThatTheBrokerRefuses) {
  Channel channel = CreateChannel();
  Send(channel, Numbers(0, 100));
  channel.Close();
  cluster_->RefuseNextBatch();
  EXPECT_EQ(RunBridge(), "exited 0") << Log();
  EXPECT_THAT(Log(), HasSubstr("reading the tail of the stream: the message is larger"));
  EXPECT_THAT(Log(), HasSubstr(" 0 dead letters"));
  EXPECT_EQ(Stored(), Numbers(0, 100));
}

TEST_F(KafkaTest, GoesOnAfterAnotherProducerHasFencedIt) {
  const Channel channel = CreateChannel();
  ChildProcess bridge = StartBridge();
  Send(channel, {"0"});
  ASSERT_TRUE(AwaitStored(1)) << Log();
  cluster_->FenceNext();
  Send(channel, {"1", "2"});
  ASSERT_TRUE(AwaitStored(3)) << Log();
  EXPECT_THAT(Log(), HasSubstr("another bridge took the topic over"));
  Channel(channel).Close();
  EXPECT_EQ(bridge.Wait(), "exited 0") << Log();
  EXPECT_EQ(Stored(), Numbers(0, 3));
}

TEST_F(KafkaTest, RefusesTheTopicOfAnotherChannel) {
  Channel first = CreateChannel("first");
  Send(first, {"0"});
  first.Close();
  ASSERT_EQ(RunBridge({}, "t", "first"), "exited 0") << Log();
  const Channel second = CreateChannel("second");
  Send(second, {"1"});
  EXPECT_EQ(RunBridge({}, "t", "second"), "exited 6") << Log();
  EXPECT_THAT(Log(), HasSubstr(first.path()));
  EXPECT_THAT(Stored(), ElementsAre("0"));
}

TEST_F(KafkaTest, RefusesATopicOfSeveralPartitions) {
  cluster_->CreateTopic("three", 3);
  const Channel channel = CreateChannel();
  EXPECT_EQ(RunBridge({}, "three"), "exited 6") << Log();
  EXPECT_THAT(Log(), HasSubstr("has 3 partitions"));
}

TEST_F(KafkaTest, NamesATopicThatItCannotCreate) {
  cluster_->HideTopic("t");
  const Channel channel = CreateChannel();
  // The mock cluster does not create topics on request.
  ChildProcess bridge = StartBridge({"--timeout=0.5"});
  EXPECT_TRUE(AwaitLog("create it with one partition")) << Log();
  bridge.Signal(SIGTERM);
  EXPECT_EQ(bridge.Wait(), "exited 0") << Log();
}

TEST_F(KafkaTest, ChecksWithoutFencing) {
  const Channel running = CreateChannel();
  ChildProcess bridge = StartBridge();
  Send(running, {"0"});
  ASSERT_TRUE(AwaitStored(1)) << Log();
  const Channel other = CreateChannel("other");
  EXPECT_EQ(RunBridge({"--check"}, "t", "other"), "exited 6") << Log();
  EXPECT_THAT(Log(), HasSubstr("another channel"));
  Send(running, {"1"});
  ASSERT_TRUE(AwaitStored(2)) << Log();
  Channel(running).Close();
  EXPECT_EQ(bridge.Wait(), "exited 0") << Log();
  EXPECT_THAT(Log(), Not(HasSubstr("reading the tail")));
}

TEST_F(KafkaTest, EndsWhenNoBrokerAnswers) {
  const Channel channel = CreateChannel();
  cluster_->SetDown();
  EXPECT_EQ(RunBridge({"--connect=0.1", "--timeout=0.3"}), "exited 5") << Log();
}

TEST_F(KafkaTest, RefusesFilesThatItCannotUse) {
  const Channel channel = CreateChannel();
  EXPECT_EQ(RunBridge({"--tls-ca=/nowhere"}), "exited 2") << Log();
  EXPECT_THAT(Log(), HasSubstr("--tls-*"));
}

}  // namespace
}  // namespace ipmpsc::bridge
