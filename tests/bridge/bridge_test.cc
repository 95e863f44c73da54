// ipmpsc-bridge as a program, over a real server: what it stores, and what it does in each fault.
#include <signal.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "examples/bridge/reading.ipmpsc.h"
#include "examples/bridge/reading.pb.h"
#include "examples/bridge/stream_reader.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/info.pb.h"
#include "ipmpsc/receiver.h"
#include "tests/bridge/bridge_fixture.h"
#include "tests/bridge/bridge_program.h"
#include "tests/bridge/nats_admin.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc::bridge {
namespace {

using examples::ReadStream;
using examples::StreamMessage;
using ::ipmpsc::testing::Await;
using ::ipmpsc::testing::ChildProcess;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class BridgeTest : public BridgeFixture {};

TEST_F(BridgeTest, StoresMessagesWithTheirHeaders) {
  Channel channel = CreateChannel();
  Send(channel, {"a", ""});
  channel.Close();
  ASSERT_EQ(RunBridge(), "exited 0") << Log();
  EXPECT_THAT(Log(), HasSubstr("the channel is closed: 2 messages stored"));
  std::vector<std::string> lines;
  ASSERT_OK(ReadStream(server_->address(), "s_x", "s.x", [&](const StreamMessage& message) {
    int64_t time = 0;
    ASSERT_TRUE(absl::SimpleAtoi(message.header("Ipmpsc-Time"), &time));
    EXPECT_LT(absl::AbsDuration(absl::Now() - absl::FromUnixNanos(time)), absl::Hours(1));
    EXPECT_EQ(message.header("Nats-Msg-Id"),
              absl::StrCat(channel.id(), "-", message.header("Ipmpsc-Position")));
    EXPECT_THAT(message.header("Ipmpsc-Source"), HasSubstr(":" + channel.path()));
    EXPECT_THAT(message.header("Ipmpsc-Bridge"), StartsWith("ipmpsc-bridge "));
    lines.push_back(
        absl::StrCat(message.payload, " ", message.header("Ipmpsc-Channel"), " ",
                     message.header("Ipmpsc-Position"), " ", message.header("Ipmpsc-Sender"), " ",
                     message.header("Ipmpsc-Sequence"), " ", message.header("Ipmpsc-Type")));
  }));
  EXPECT_THAT(lines, ElementsAre(absl::StrCat("a ", channel.id(), " 0 thermo\\nmeter 1 "),
                                 absl::StrCat(" ", channel.id(), " 64 thermo\\nmeter 2 ")));
}

TEST_F(BridgeTest, StoresTheSchemaUnderItsFingerprint) {
  absl::StatusOr<Channel> channel = examples::ReadingChannel::Create(memory_ / "c", {});
  ASSERT_OK(channel);
  absl::StatusOr<examples::ReadingSender> sender = examples::ReadingSender::Attach(*channel);
  ASSERT_OK(sender);
  examples::Reading reading;
  reading.set_number(5);
  ASSERT_OK(sender->Send(reading, absl::Seconds(1)));
  channel->Close();
  ASSERT_EQ(RunBridge(), "exited 0") << Log();
  std::string fingerprint;
  std::string type;
  ASSERT_OK(ReadStream(server_->address(), "s_x", "s.x", [&](const StreamMessage& message) {
    fingerprint = message.header("Ipmpsc-Schema");
    type = message.header("Ipmpsc-Type");
  }));
  EXPECT_EQ(type, "ipmpsc.examples.Reading");
  ASSERT_OK_AND_ASSIGN(const std::string schema,
                       examples::ReadKey(server_->address(), "ipmpsc_schemas", fingerprint));
  ChannelInfo info;
  ASSERT_TRUE(info.ParseFromString(schema));
  EXPECT_EQ(info.message(), "ipmpsc.examples.Reading");
  EXPECT_GT(info.schema().file_size(), 0);
}

TEST_F(BridgeTest, GoesOnWithoutABucketForSchemas) {
  absl::StatusOr<Channel> channel = examples::ReadingChannel::Create(memory_ / "c", {});
  ASSERT_OK(channel);
  absl::StatusOr<examples::ReadingSender> sender = examples::ReadingSender::Attach(*channel);
  ASSERT_OK(sender);
  ASSERT_OK(sender->Send(examples::Reading(), absl::Seconds(1)));
  channel->Close();
  ASSERT_EQ(RunBridge({"--schemas=no.bucket"}), "exited 0") << Log();
  EXPECT_THAT(Log(), HasSubstr("the schema is not stored"));
  EXPECT_EQ(CountMessages(server_->address(), "s_x"), 1);
}

TEST_F(BridgeTest, RefusesANameThatNoStreamHas) {
  const Channel channel = CreateChannel();
  EXPECT_EQ(RunBridge({"--stream=s.x"}), "exited 6") << Log();
}

TEST_F(BridgeTest, GoesOnAfterEachKill) {
  const Channel channel = CreateChannel();
  for (int round = 0; round < 5; ++round) {
    ChildProcess bridge = StartBridge({"--window=64"});
    Send(channel, Numbers(round * 300, round * 300 + 300));
    ASSERT_TRUE(Await([&] { return CountMessages(server_->address(), "s_x") > round * 300; }));
    bridge.Kill();
  }
  Channel(channel).Close();
  ASSERT_EQ(RunBridge(), "exited 0") << Log();
  EXPECT_EQ(Stored(), Numbers(0, 1500));
}

TEST_F(BridgeTest, EndsWhenAskedAndKeepsTheChannel) {
  const Channel channel = CreateChannel();
  Send(channel, {"a"});
  ChildProcess bridge = StartBridge();
  ASSERT_TRUE(AwaitStored(1)) << Log();
  bridge.Signal(SIGTERM);
  EXPECT_EQ(bridge.Wait(), "exited 0");
  EXPECT_THAT(Log(), HasSubstr("asked to end: 1 messages stored"));
  Send(channel, {"b"});
  Channel(channel).Close();
  ASSERT_EQ(RunBridge(), "exited 0");
  EXPECT_THAT(Stored(), ElementsAre("a", "b"));
}

TEST_F(BridgeTest, WaitsWhileTheServerIsGone) {
  ChannelOptions options = WithTimestamps();
  options.capacity = 4096;
  const Channel channel = CreateChannel(options);
  ChildProcess bridge = StartBridge();
  Send(channel, {"0"});
  ASSERT_TRUE(AwaitStored(1)) << Log();
  server_->Stop(SIGKILL);
  // The ring fills, and the sender waits.
  ChildProcess sender = ChildProcess::Fork([&] {
    Send(channel, Numbers(1, 200));
    return HasFailure() ? 1 : 0;
  });
  ASSERT_TRUE(Await([&] { return channel.Stats().fill == options.capacity; })) << Log();
  EXPECT_EQ(sender.Wait(absl::ZeroDuration()), "still lives");
  ASSERT_OK(server_->StartAgain());
  EXPECT_EQ(sender.Wait(), "exited 0");
  Channel(channel).Close();
  EXPECT_EQ(bridge.Wait(), "exited 0") << Log();
  EXPECT_EQ(Stored(), Numbers(0, 200));
}

// The server takes the messages and does not answer in time.
TEST_F(BridgeTest, ReadsTheTailWhenTheOutcomeIsUnknown) {
  const Channel channel = CreateChannel();
  ChildProcess bridge = StartBridge({"--timeout=0.3", "--metrics=" + folder_ + "/b.prom"});
  Send(channel, {"0"});
  ASSERT_TRUE(AwaitStored(1)) << Log();
  server_->Pause();
  Send(channel, Numbers(1, 100));
  EXPECT_TRUE(Await([&] { return absl::StrContains(Log(), "no acknowledgement in time"); }));
  // Longer than the time-out, so that the look at the tail gets no answer either.
  absl::SleepFor(absl::Milliseconds(500));
  server_->Resume();
  Channel(channel).Close();
  EXPECT_EQ(bridge.Wait(), "exited 0") << Log();
  EXPECT_EQ(Stored(), Numbers(0, 100));
  const std::string metrics = testing::ReadFile(folder_ + "/b.prom");
  EXPECT_THAT(metrics, HasSubstr(absl::StrCat("ipmpsc_bridge_acknowledged_total{channel=\"",
                                              channel.path(), "\"} 100\n")));
  EXPECT_THAT(metrics, HasSubstr("# TYPE ipmpsc_bridge_lag_messages gauge\n"));
}

TEST_F(BridgeTest, RefusesAPurgedStream) {
  const Channel channel = CreateChannel();
  ChildProcess bridge = StartBridge();
  Send(channel, {"a"});
  ASSERT_TRUE(AwaitStored(1)) << Log();
  ASSERT_EQ(PurgeStream(server_->address(), "s_x"), "");
  Send(channel, {"b"});
  EXPECT_EQ(bridge.Wait(), "exited 6");
  EXPECT_THAT(Log(), HasSubstr("the stream was purged"));
  EXPECT_EQ(RunBridge(), "exited 6");
  EXPECT_THAT(Log(), HasSubstr("--force"));
  Channel(channel).Close();
  EXPECT_EQ(RunBridge({"--force"}), "exited 0") << Log();
  EXPECT_THAT(Stored(), ElementsAre("b"));
}

TEST_F(BridgeTest, RefusesADeletedStream) {
  const Channel channel = CreateChannel();
  ChildProcess bridge = StartBridge({"--timeout=0.5"});
  Send(channel, {"a"});
  ASSERT_TRUE(AwaitStored(1)) << Log();
  ASSERT_EQ(DeleteStream(server_->address(), "s_x"), "");
  Send(channel, {"b"});
  EXPECT_EQ(bridge.Wait(), "exited 6");
  EXPECT_THAT(Log(), HasSubstr("the stream is gone"));
  EXPECT_EQ(RunBridge(), "exited 6");
  Channel(channel).Close();
  EXPECT_EQ(RunBridge({"--force"}), "exited 0") << Log();
  EXPECT_THAT(Stored(), ElementsAre("b"));
}

TEST_F(BridgeTest, GoesOnWhenTheMessagesWentAwayByAge) {
  ASSERT_EQ(CreateStream(server_->address(), {"s_x", {"s.x"}, -1, -1, absl::Milliseconds(300)}),
            "");
  const Channel channel = CreateChannel();
  ChildProcess bridge = StartBridge();
  // A message may be gone before its count is seen.
  const auto stored_and_gone = [&](int64_t sequence) {
    return Await([&] { return LastSequence(server_->address(), "s_x") == sequence; }) &&
           AwaitStored(0);
  };
  Send(channel, {"a"});
  ASSERT_TRUE(stored_and_gone(1)) << Log();
  Send(channel, {"b"});
  ASSERT_TRUE(stored_and_gone(2)) << Log();
  bridge.Kill();
  // A bridge that begins now cannot know what was stored.
  EXPECT_EQ(RunBridge(), "exited 6");
  EXPECT_THAT(Log(), HasSubstr("beyond their age"));
}

TEST_F(BridgeTest, GoesOnWithTheChannelThatReplacesAnother) {
  Channel channel = CreateChannel();
  ChildProcess bridge = StartBridge();
  Send(channel, {"a"});
  ASSERT_TRUE(AwaitStored(1)) << Log();
  ChannelOptions options = WithTimestamps();
  options.exist_policy = ExistPolicy::kReplace;
  Channel successor = CreateChannel(options);
  Send(successor, {"b"});
  EXPECT_TRUE(AwaitStored(2)) << Log();
  bridge.Kill();
  Send(successor, {"c"});
  successor.Close();
  EXPECT_EQ(RunBridge(), "exited 0") << Log();
  EXPECT_THAT(Stored(), ElementsAre("a", "b", "c"));
}

// The text is compared with the header of the last message, which has it with escapes.
TEST_F(BridgeTest, GoesOnUnderASourceTextOfAnyCharacters) {
  for (const char* payload : {"a", "b"}) {
    ChannelOptions options = WithTimestamps();
    options.exist_policy = ExistPolicy::kReplace;
    Channel channel = CreateChannel(options);
    Send(channel, {payload});
    channel.Close();
    ASSERT_EQ(RunBridge({"--source=K\xc3\xa4se \"1\\2\""}), "exited 0") << Log();
  }
  EXPECT_THAT(Stored(), ElementsAre("a", "b"));
}

TEST_F(BridgeTest, StoresLargeMessagesAsDeadLettersAndGoesOn) {
  ChannelOptions options = WithTimestamps();
  options.capacity = 4 << 20;
  Channel channel = CreateChannel(options);
  Send(channel, {"a", std::string(1100000, 'x'), "c"});
  channel.Close();
  ASSERT_EQ(RunBridge(), "exited 0") << Log();
  EXPECT_THAT(Log(), HasSubstr("stored as a dead letter"));
  EXPECT_THAT(Stored(), ElementsAre("a", "c"));
  std::vector<std::string> letters;
  ASSERT_OK(ReadStream(server_->address(), "s_x_dead_letters", "s.x.dead_letters",
                       [&](const StreamMessage& message) {
                         letters.push_back(absl::StrCat(message.payload.size(), " ",
                                                        message.header("Ipmpsc-Size"), " ",
                                                        message.header("Ipmpsc-Position"), " ",
                                                        message.header("Ipmpsc-Reason")));
                       }));
  EXPECT_THAT(letters, ElementsAre(StartsWith("65536 1100000 64 the message has 1100000 bytes")));
}

TEST_F(BridgeTest, MakesDeadLettersWhenTheStreamTakesLessThanBefore) {
  ASSERT_EQ(CreateStream(server_->address(), {"s_x", {"s.x"}}), "");
  const Channel channel = CreateChannel();
  ChildProcess bridge = StartBridge();
  Send(channel, {std::string(5000, 'a')});
  ASSERT_TRUE(AwaitStored(1)) << Log();
  ASSERT_EQ(UpdateStream(server_->address(), {"s_x", {"s.x"}, 4000}), "");
  Send(channel, {std::string(5000, 'b'), "c"});
  EXPECT_TRUE(AwaitStored(2)) << Log();
  Channel(channel).Close();
  EXPECT_EQ(bridge.Wait(), "exited 0") << Log();
  EXPECT_THAT(Stored(), ElementsAre(std::string(5000, 'a'), "c"));
  EXPECT_EQ(CountMessages(server_->address(), "s_x_dead_letters"), 1);
}

TEST_F(BridgeTest, WaitsWhileTheStreamIsFull) {
  ASSERT_EQ(CreateStream(server_->address(), {"s_x", {"s.x"}, -1, 5}), "");
  Channel channel = CreateChannel();
  ChildProcess bridge = StartBridge();
  Send(channel, Numbers(0, 20));
  channel.Close();
  ASSERT_TRUE(AwaitStored(5)) << Log();
  EXPECT_EQ(bridge.Wait(absl::Milliseconds(300)), "still lives");
  ASSERT_EQ(UpdateStream(server_->address(), {"s_x", {"s.x"}, -1, 100}), "");
  EXPECT_EQ(bridge.Wait(), "exited 0") << Log();
  EXPECT_EQ(Stored(), Numbers(0, 20));
}

TEST_F(BridgeTest, SharesAStreamWithOtherSubjects) {
  ASSERT_EQ(CreateStream(server_->address(), {"all", {"s.*"}}), "");
  Channel channel = CreateChannel();
  ASSERT_EQ(PublishForeign(server_->address(), "s.other"), "");
  ChildProcess bridge = StartBridge({"--stream=all"});
  for (int i = 0; i < 5; ++i) {
    Send(channel, Numbers(i * 5, i * 5 + 5));
    ASSERT_EQ(PublishForeign(server_->address(), "s.other"), "");
  }
  channel.Close();
  EXPECT_EQ(bridge.Wait(), "exited 0") << Log();
  EXPECT_EQ(Stored("all"), Numbers(0, 25));
}

TEST_F(BridgeTest, EndsBesideAnotherBridgeOfTheChannel) {
  const Channel channel = CreateChannel();
  Send(channel, {"a"});
  ChildProcess first = StartBridge();
  ASSERT_TRUE(AwaitStored(1)) << Log();
  EXPECT_EQ(RunBridge(), "exited 7");
  EXPECT_THAT(Log(), HasSubstr("ipmpsc-bridge " + Address()));
}

TEST_F(BridgeTest, EndsBesideAnotherWriterOfTheSubject) {
  const Channel channel = CreateChannel();
  Send(channel, {"a"});
  ChildProcess bridge = StartBridge();
  ASSERT_TRUE(AwaitStored(1)) << Log();
  ASSERT_EQ(PublishForeign(server_->address(), "s.x"), "");
  Send(channel, {"b"});
  EXPECT_EQ(bridge.Wait(), "exited 7");
  EXPECT_THAT(Log(), HasSubstr("another program writes to the subject"));
  EXPECT_THAT(Stored(), ElementsAre("a", "foreign"));
}

TEST_F(BridgeTest, EndsWithoutAServer) {
  const Channel channel = CreateChannel();
  server_->Stop(SIGTERM);
  EXPECT_EQ(RunBridge({"--connect=0.2"}), "exited 5");
  EXPECT_THAT(Log(), HasSubstr(server_->address()));
  EXPECT_FALSE(channel.HasReceiver());
}

TEST_F(BridgeTest, EndsWithoutAChannel) {
  EXPECT_EQ(RunBridge(), "exited 3");
  testing::WriteFile(memory_ / "c", "no channel");
  EXPECT_EQ(RunBridge(), "exited 1");
}

// The unit for systemd waits for a day.
TEST_F(BridgeTest, EndsWhenAskedWhileThereIsNoChannel) {
  ChildProcess bridge = StartBridge({"--wait=86400"});
  ASSERT_TRUE(Await([&] {
    return testing::Exists(log_) && absl::StrContains(Log(), "waiting for the channel");
  }));
  bridge.Signal(SIGTERM);
  EXPECT_EQ(bridge.Wait(), "exited 0") << Log();
}

TEST_F(BridgeTest, RefusesBadCommandLines) {
  EXPECT_EQ(RunBridge({}, "nats://127.0.0.1:0/x"), "exited 2");
  EXPECT_EQ(RunBridge({}, "nats://127.0.0.1/a..b"), "exited 2");
  EXPECT_EQ(RunBridge({}, "nats://127.0.0.1/a.>"), "exited 2");
  EXPECT_EQ(RunBridge({}, "127.0.0.1"), "exited 2");
  EXPECT_EQ(RunBridge({}, "nats://127.0.0.1,127.0.0.2/x"), "exited 2");
  EXPECT_EQ(RunBridge({}, "kafka://127.0.0.1:1,/x"), "exited 2");
  EXPECT_EQ(RunBridge({}, "kafka://127.0.0.1/a>b"), "exited 2");
  EXPECT_EQ(RunBridge({"--stream=x"}, "kafka://127.0.0.1/x"), "exited 2");
  EXPECT_EQ(RunBridge({"--sasl=PLAIN"}), "exited 2");
  EXPECT_THAT(Log(), HasSubstr("--sasl is an option for Kafka"));
  EXPECT_EQ(RunBridge({}, "nats://ann:secret@127.0.0.1/x"), "exited 2");
  EXPECT_THAT(Log(), HasSubstr("--password-file"));
  EXPECT_EQ(RunBridge({"--window=0"}), "exited 2");
  EXPECT_EQ(RunBridge({"--tls-cert=x"}), "exited 2");
  EXPECT_EQ(RunBridge({"--password-file=x"}), "exited 2");
  EXPECT_THAT(Log(), HasSubstr("--user"));
  EXPECT_EQ(RunBridge({"--sasl=PLAIN"}, "kafka://127.0.0.1/x"), "exited 2");
  EXPECT_THAT(Log(), HasSubstr("give --user and --password-file"));
  EXPECT_EQ(RunBridge({"--user=ann"}, "kafka://127.0.0.1/x"), "exited 2");
  EXPECT_THAT(Log(), HasSubstr("--user needs --password-file"));
  EXPECT_EQ(RunBridge({"--timeout=301"}, "kafka://127.0.0.1/x"), "exited 2");
  EXPECT_THAT(Log(), HasSubstr("--timeout is at most 300 seconds"));
  unlink(log_.c_str());
  EXPECT_EQ(StartProgram({"nats://127.0.0.1/x", "kafka://127.0.0.1/y"}, log_).Wait(), "exited 2");
  EXPECT_THAT(Log(), HasSubstr("are two engines"));
  EXPECT_EQ(RunBridge({"--help"}), "exited 0");
  EXPECT_THAT(Log(), HasSubstr("Exit status"));
}

TEST_F(BridgeTest, ChecksWithoutMovingAMessage) {
  const Channel channel = CreateChannel();
  Send(channel, {"a"});
  EXPECT_EQ(RunBridge({"--check"}), "exited 0") << Log();
  EXPECT_THAT(Log(), HasSubstr("the bridge creates it"));
  EXPECT_EQ(CountMessages(server_->address(), "s_x"), -1);
  ASSERT_EQ(CreateStream(server_->address(), {"s_x", {"s.x"}}), "");
  EXPECT_EQ(RunBridge({"--check"}), "exited 0") << Log();
  EXPECT_THAT(Log(), HasSubstr("the bridge can begin"));
  EXPECT_EQ(CountMessages(server_->address(), "s_x"), 0);
  EXPECT_EQ(channel.Stats().release_position, 0u);
  ASSERT_EQ(PublishForeign(server_->address(), "s.x"), "");
  EXPECT_EQ(RunBridge({"--check"}), "exited 6");
  {
    absl::StatusOr<Receiver> receiver = Receiver::Attach(channel, {"somebody"});
    ASSERT_OK(receiver);
    EXPECT_EQ(RunBridge({"--check"}), "exited 7");
    EXPECT_THAT(Log(), HasSubstr("somebody"));
  }
  server_->Stop(SIGTERM);
  EXPECT_EQ(RunBridge({"--check", "--connect=0"}), "exited 5");
}

}  // namespace
}  // namespace ipmpsc::bridge
