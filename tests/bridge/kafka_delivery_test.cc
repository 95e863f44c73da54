// ipmpsc-bridge from a topic into a channel, as a program over librdkafka's mock cluster, which
// lives in the test's process. It has no marks of transactions, and no settings of topics.
#include <signal.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "bridge/place.h"
#include "examples/bridge/reading.ipmpsc.h"
#include "examples/bridge/reading.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "tests/bridge/bridge_program.h"
#include "tests/bridge/kafka_fixture.h"
#include "tests/bridge/received.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc::bridge {
namespace {

using ::ipmpsc::testing::ChildProcess;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class KafkaDeliveryTest : public KafkaFixture {
 protected:
  KafkaDeliveryTest() : KafkaFixture({"t", "ipmpsc_schemas"}) {}

  Channel CreateIn(uint64_t capacity = 1 << 20) {
    ChannelOptions options;
    options.timestamps = true;
    options.capacity = capacity;
    absl::StatusOr<Channel> channel = Channel::Create(memory_ / "in", options);
    EXPECT_OK(channel);
    return *std::move(channel);
  }
  // Starts the bridge from the topic into the channel "in".
  ChildProcess StartIn(std::vector<std::string> options = {}, const std::string& topic = "t") {
    options.insert(options.begin(), {Address(topic), memory_ / "in"});
    return StartProgram(std::move(options), log_);
  }
  std::string RunIn(const std::vector<std::string>& options = {}, const std::string& topic = "t") {
    unlink(log_.c_str());
    return StartIn(options, topic).Wait();
  }
  static void Stop(ChildProcess* bridge) {
    bridge->Signal(SIGTERM);
    EXPECT_EQ(bridge->Wait(), "exited 0");
  }

  std::string PlacePath() const { return memory_ / "in.t.place"; }

  // Receives `count` messages. Expects the numbers of the topic from `first` on.
  std::vector<std::string> Receive(Receiver* receiver, size_t count, uint64_t first) const {
    return bridge::Receive(receiver, count, first, log_);
  }
};

TEST_F(KafkaDeliveryTest, SendsTheTopicWithItsNumbers) {
  cluster_->Produce("t", {"a", "", "c"});
  const Channel channel = CreateIn();
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
  ChildProcess bridge = StartIn();
  EXPECT_THAT(Receive(&receiver, 3, 1), ElementsAre("a", "", "c"));
  EXPECT_EQ(channel.Stats().senders[0].name, "ipmpsc-bridge " + Address());
  cluster_->Produce("t", {"d"});
  EXPECT_THAT(Receive(&receiver, 1, 4), ElementsAre("d"));
  Stop(&bridge);
  EXPECT_THAT(Log(), HasSubstr("asked to end: 4 messages sent, 0 found, 0 uncertain, 0 missed"));
  // The next one goes on behind the last.
  cluster_->Produce("t", {"e"});
  bridge = StartIn();
  EXPECT_THAT(Receive(&receiver, 1, 5), ElementsAre("e"));
}

TEST_F(KafkaDeliveryTest, CreatesTheChannelWithTheSchemaOfTheFirstMessage) {
  // Another schema before, so the right one has to be found.
  cluster_->Produce("ipmpsc_schemas", {"not this one"});
  ASSERT_OK_AND_ASSIGN(Channel out, examples::ReadingChannel::Create(memory_ / "out", {}));
  {
    ASSERT_OK_AND_ASSIGN(examples::ReadingSender sender, examples::ReadingSender::Attach(out));
    examples::Reading reading;
    reading.set_number(7);
    ASSERT_OK(sender.Send(reading, absl::Seconds(1)));
  }
  out.Close();
  ASSERT_EQ(StartProgram({memory_ / "out", Address()}, log_).Wait(), "exited 0") << Log();
  ChildProcess bridge = StartIn();
  ASSERT_TRUE(AwaitLog("created the channel")) << Log();
  // A typed receiver takes no channel of another schema.
  ASSERT_OK_AND_ASSIGN(const Channel channel, examples::ReadingChannel::Open(memory_ / "in"));
  ASSERT_OK_AND_ASSIGN(examples::ReadingReceiver receiver,
                       examples::ReadingReceiver::Attach(channel));
  absl::StatusOr<examples::ReadingLease> received = receiver.Receive(testing::kPatience);
  ASSERT_OK(received);
  EXPECT_EQ((*received)->number(), 7u);
}

TEST_F(KafkaDeliveryTest, SendsEachMessageOnceUnderKillsAndLostConnections) {
  const Channel channel = CreateIn(16384);
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
  const std::vector<std::string> messages = Numbers(0, 1500);
  cluster_->Produce("t", messages);
  ChildProcess bridge;
  const auto start = [&](int round) {
    if (round % 2 == 1) cluster_->CutReaders(3);
    bridge = StartIn();
  };
  // The ring is small, so the bridge waits for space when it is killed, or sends.
  ASSERT_NO_FATAL_FAILURE(ReceiveUnderKills(&receiver, messages, &bridge, start, log_));
  // A running bridge reads on behind lost connections.
  cluster_->CutReaders(3);
  cluster_->Produce("t", {"more"});
  EXPECT_THAT(Receive(&receiver, 1, 1501), ElementsAre("more"));
}

// librdkafka's own default is to go on at the end of the topic.
TEST_F(KafkaDeliveryTest, LeavesOutNothingWhenTheBrokerDoesNotKnowTheOffset) {
  const Channel channel = CreateIn();
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
  cluster_->Produce("t", Numbers(0, 100));
  cluster_->ForgetOffsetOnce();
  ChildProcess bridge = StartIn();
  EXPECT_EQ(Receive(&receiver, 100, 1), Numbers(0, 100));
}

TEST_F(KafkaDeliveryTest, RefusesATopicThatHasDroppedMessagesUnread) {
  const Channel channel = CreateIn(8 << 20);
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
  cluster_->Produce("t", {"a"});
  ChildProcess bridge = StartIn();
  EXPECT_THAT(Receive(&receiver, 1, 1), ElementsAre("a"));
  Stop(&bridge);
  // The topic keeps its last 5 MiB.
  cluster_->Produce("t", std::vector<std::string>(70, std::string(100000, 'x')));
  EXPECT_EQ(RunIn({"--check"}), "exited 6") << Log();
  EXPECT_EQ(RunIn(), "exited 6") << Log();
  EXPECT_THAT(Log(), HasSubstr("has dropped"));
  EXPECT_FALSE(receiver.TryReceive().ok());
  bridge = StartIn({"--force"});
  absl::StatusOr<Lease> lease = receiver.Receive(testing::kPatience);
  ASSERT_OK(lease) << Log();
  const uint64_t missed = lease->sequence() - 2;
  EXPECT_GT(missed, 0u);
  Stop(&bridge);
  EXPECT_THAT(Log(), HasSubstr(absl::StrCat(" ", missed, " missed")));
  lease = absl::UnavailableError("");
  // A new bridge begins with what there is.
  unlink(PlacePath().c_str());
  EXPECT_EQ(RunIn({"--check"}), "exited 0") << Log();
}

TEST_F(KafkaDeliveryTest, RefusesATopicThatWasDeletedOrMadeAnew) {
  const Channel channel = CreateIn();
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
  cluster_->Produce("t", {"a", "b"});
  ChildProcess bridge = StartIn({"--timeout=0.5"});
  EXPECT_THAT(Receive(&receiver, 2, 1), ElementsAre("a", "b"));
  cluster_->HideTopic("t");
  EXPECT_EQ(bridge.Wait(), "exited 6") << Log();
  EXPECT_THAT(Log(), HasSubstr("the stream is gone"));
  StartCluster();
  cluster_->Produce("t", {"c"});
  EXPECT_EQ(RunIn(), "exited 6") << Log();
  EXPECT_THAT(Log(), HasSubstr("a new one"));
  EXPECT_EQ(RunIn({"--check"}), "exited 6") << Log();
  bridge = StartIn({"--force"});
  absl::StatusOr<Lease> lease = receiver.Receive(testing::kPatience);
  ASSERT_OK(lease) << Log();
  EXPECT_EQ(lease->payload(), "c");
}

TEST_F(KafkaDeliveryTest, WaitsForATopicThatNoBridgeHasRead) {
  cluster_->HideTopic("t");
  const Channel channel = CreateIn();
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
  ChildProcess bridge = StartIn({"--timeout=0.2"});
  ASSERT_TRUE(AwaitLog("the topic t")) << Log();
  cluster_->ShowTopic("t");
  cluster_->Produce("t", {"a"});
  EXPECT_THAT(Receive(&receiver, 1, 1), ElementsAre("a"));
}

TEST_F(KafkaDeliveryTest, ReadsOnePartitionOfSeveral) {
  cluster_->CreateTopic("three", 3);
  cluster_->Produce("three", {"0a"}, 0);
  cluster_->Produce("three", {"2a", "2b"}, 2);
  const Channel channel = CreateIn();
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
  EXPECT_EQ(RunIn({}, "three"), "exited 6") << Log();
  EXPECT_THAT(Log(), HasSubstr("has 3 partitions"));
  EXPECT_EQ(RunIn({"--partition=3"}, "three"), "exited 6") << Log();
  EXPECT_THAT(Log(), HasSubstr("no partition 3"));
  EXPECT_FALSE(receiver.TryReceive().ok());
  ChildProcess two = StartIn({"--partition=2"}, "three");
  EXPECT_THAT(Receive(&receiver, 2, 1), ElementsAre("2a", "2b"));
  // Each partition has a bridge and a place of its own.
  ChildProcess zero = StartIn({"--partition=0"}, "three");
  EXPECT_THAT(Receive(&receiver, 1, 1), ElementsAre("0a"));
  cluster_->Produce("three", {"2c"}, 2);
  EXPECT_THAT(Receive(&receiver, 1, 3), ElementsAre("2c"));
  EXPECT_TRUE(testing::Exists(memory_ / "in.three@0.place"));
}

TEST_F(KafkaDeliveryTest, NamesWhatIsWrong) {
  EXPECT_EQ(RunIn({"--check"}), "exited 0") << Log();
  EXPECT_THAT(Log(), HasSubstr("the bridge can begin"));
  EXPECT_EQ(RunIn({"--stream=x"}), "exited 2");
  EXPECT_THAT(Log(), HasSubstr("--stream is an option for NATS"));
  EXPECT_EQ(RunIn({"--wait=1"}), "exited 2");
  EXPECT_THAT(Log(), HasSubstr("give the channel first"));
  EXPECT_EQ(StartProgram({memory_ / "in", Address(), "--partition=0"}, log_).Wait(), "exited 2");
  EXPECT_THAT(Log(), HasSubstr("--partition is for the direction from an engine"));
  EXPECT_EQ(StartProgram({"nats://127.0.0.1/x", memory_ / "in", "--partition=0"}, log_).Wait(),
            "exited 2");
  EXPECT_THAT(Log(), HasSubstr("--partition is an option for Kafka"));
  // A place of no topic.
  Place place;
  place.done = UINT64_MAX - 1;
  testing::WriteFile(PlacePath(), PlaceText(place));
  EXPECT_EQ(RunIn(), "exited 6") << Log();
  unlink(PlacePath().c_str());
  cluster_->SetDown();
  EXPECT_EQ(RunIn({"--connect=0.1", "--timeout=0.3"}), "exited 5") << Log();
}

}  // namespace
}  // namespace ipmpsc::bridge
