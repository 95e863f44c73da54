// ipmpsc-bridge from a stream into a channel, as a program over a real server.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "bridge/nats_engine.h"
#include "bridge/place.h"
#include "examples/bridge/nats_server.h"
#include "examples/bridge/reading.ipmpsc.h"
#include "examples/bridge/reading.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/info.pb.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "tests/bridge/bridge_program.h"
#include "tests/bridge/nats_admin.h"
#include "tests/bridge/received.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc::bridge {
namespace {

using examples::NatsServer;
using ::ipmpsc::testing::Await;
using ::ipmpsc::testing::ChildProcess;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class DeliveryTest : public ::testing::Test {
 protected:
  DeliveryTest() : log_(testing::PathOnDisk("bridge.log")), folder_(testing::PathOnDisk("server")) {
    mkdir(folder_.c_str(), 0700);
  }

  void SetUp() override {
    // ./bazelw installs both, so this is for builds without it.
    if (!HasNats()) GTEST_SKIP() << "this build has no libnats: install libnats-dev";
    absl::StatusOr<NatsServer> server = NatsServer::Start(folder_);
    if (absl::IsNotFound(server.status())) GTEST_SKIP() << "nats-server is not installed";
    ASSERT_OK(server);
    server_ = std::make_unique<NatsServer>(*std::move(server));
  }

  std::string Address() const { return absl::StrCat("nats://", server_->address(), "/s.x"); }

  ChildProcess Start(std::vector<std::string> arguments) {
    return StartProgram(std::move(arguments), log_);
  }
  // Starts the bridge from the stream into the channel "in".
  ChildProcess StartIn(std::vector<std::string> options = {}) {
    options.insert(options.begin(), {Address(), memory_ / "in"});
    return Start(options);
  }
  std::string RunIn(const std::vector<std::string>& options = {}) {
    unlink(log_.c_str());
    return StartIn(options).Wait();
  }
  // Stores messages in the stream, by the bridge from the channel "out".
  void Store(const std::vector<std::string>& payloads) {
    ChannelOptions options;
    options.timestamps = true;
    options.exist_policy = ExistPolicy::kReplace;
    ASSERT_OK_AND_ASSIGN(Channel channel, Channel::Create(memory_ / "out", options));
    {
      ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(channel));
      for (const std::string& payload : payloads) ASSERT_OK(sender.TrySend(payload));
    }
    channel.Close();
    ASSERT_EQ(Start({memory_ / "out", Address()}).Wait(), "exited 0") << Log();
  }
  Channel CreateIn(uint64_t capacity = 1 << 20, OnFull on_full = OnFull::kWait) {
    ChannelOptions options;
    options.timestamps = true;
    options.capacity = capacity;
    options.on_full = on_full;
    absl::StatusOr<Channel> channel = Channel::Create(memory_ / "in", options);
    EXPECT_OK(channel);
    return *std::move(channel);
  }

  std::string Log() const { return testing::Exists(log_) ? testing::ReadFile(log_) : ""; }
  bool AwaitLog(absl::string_view text) {
    return Await([&] { return absl::StrContains(Log(), text); });
  }
  std::string PlacePath() const { return memory_ / "in.s.x.place"; }

  // Receives `count` messages. Expects the numbers of the stream from `first` on; 0: any.
  std::vector<std::string> Receive(Receiver* receiver, size_t count, uint64_t first = 0) const {
    return bridge::Receive(receiver, count, first, log_);
  }

  testing::SharedMemoryDirectory memory_;
  std::string log_;
  std::string folder_;
  std::unique_ptr<NatsServer> server_;
};

TEST_F(DeliveryTest, SendsTheStreamWithItsNumbers) {
  Store({"a", "", "c"});
  const Channel channel = CreateIn();
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
  ChildProcess bridge = StartIn({"--metrics=" + folder_ + "/b.prom"});
  EXPECT_THAT(Receive(&receiver, 3, 1), ElementsAre("a", "", "c"));
  EXPECT_EQ(channel.Stats().senders[0].name, "ipmpsc-bridge " + Address());
  Store({"d"});
  EXPECT_THAT(Receive(&receiver, 1, 4), ElementsAre("d"));
  bridge.Signal(SIGTERM);
  EXPECT_EQ(bridge.Wait(), "exited 0");
  EXPECT_THAT(Log(), HasSubstr("asked to end: 4 messages sent, 0 found, 0 uncertain, 0 missed"));
  const std::string metrics = testing::ReadFile(folder_ + "/b.prom");
  EXPECT_THAT(metrics, HasSubstr(absl::StrCat("ipmpsc_bridge_delivered_total{channel=\"",
                                              channel.path(), "\"} 4\n")));
  EXPECT_THAT(metrics, HasSubstr("# TYPE ipmpsc_bridge_lag_seconds gauge\n"));
  // The next one goes on behind the last.
  Store({"e"});
  bridge = StartIn();
  EXPECT_THAT(Receive(&receiver, 1, 5), ElementsAre("e"));
}

TEST_F(DeliveryTest, CreatesTheChannelWithTheSchemaOfTheFirstMessage) {
  {
    ASSERT_OK_AND_ASSIGN(Channel channel, examples::ReadingChannel::Create(memory_ / "out", {}));
    ASSERT_OK_AND_ASSIGN(examples::ReadingSender sender, examples::ReadingSender::Attach(channel));
    examples::Reading reading;
    reading.set_number(7);
    ASSERT_OK(sender.Send(reading, absl::Seconds(1)));
    channel.Close();
    ASSERT_EQ(Start({memory_ / "out", Address()}).Wait(), "exited 0") << Log();
  }
  ChildProcess bridge = StartIn({"--capacity-mib=0.25", "--max-senders=3", "--lossy"});
  ASSERT_TRUE(AwaitLog("created the channel")) << Log();
  // A typed receiver takes no channel of another schema.
  ASSERT_OK_AND_ASSIGN(Channel channel, examples::ReadingChannel::Open(memory_ / "in"));
  ASSERT_OK_AND_ASSIGN(examples::ReadingReceiver receiver,
                       examples::ReadingReceiver::Attach(channel));
  absl::StatusOr<examples::ReadingLease> received = receiver.Receive(testing::kPatience);
  ASSERT_OK(received);
  EXPECT_EQ((*received)->number(), 7u);
  const ChannelStats stats = channel.Stats();
  EXPECT_EQ(stats.capacity, 262144u);
  EXPECT_EQ(stats.max_senders, 3u);
  EXPECT_TRUE(stats.drops_newest);
  EXPECT_TRUE(stats.timestamps);
  bridge.Kill();
  // A message of another schema than the channel's ends the bridge.
  testing::WriteFile(PlacePath(), "");
  ChannelInfo info;
  info.set_message("Other");
  info.set_fingerprint(1);
  ChannelOptions options;
  options.description = info.SerializeAsString();
  options.exist_policy = ExistPolicy::kReplace;
  ASSERT_OK_AND_ASSIGN(const Channel other, Channel::Create(memory_ / "in", options));
  EXPECT_EQ(RunIn(), "exited 6");
  EXPECT_THAT(Log(), HasSubstr("message 1 has the schema"));
  EXPECT_EQ(other.Stats().claim_position, 0u);
  bridge = StartIn({"--force"});
  ASSERT_OK_AND_ASSIGN(Receiver raw, Receiver::Attach(other));
  EXPECT_OK(raw.Receive(testing::kPatience));
}

TEST_F(DeliveryTest, SendsEachMessageOnceUnderKillsAndARestartOfTheServer) {
  const Channel channel = CreateIn(16384);
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
  const std::vector<std::string> messages = Numbers(0, 1500);
  Store(messages);
  ChildProcess bridge;
  const auto start = [&](int round) {
    bridge = StartIn();
    if (round == 3) {
      server_->Stop(SIGKILL);
      ASSERT_OK(server_->StartAgain());
    }
  };
  // The ring is small, so the bridge waits for space when it is killed, or sends.
  ASSERT_NO_FATAL_FAILURE(ReceiveUnderKills(&receiver, messages, &bridge, start, log_));
  // A running bridge reads on behind a restart.
  server_->Stop(SIGTERM);
  ASSERT_OK(server_->StartAgain());
  Store({"more"});
  EXPECT_THAT(Receive(&receiver, 1, 1501), ElementsAre("more"));
}

TEST_F(DeliveryTest, ALossyChannelDropsAndTheBridgeCounts) {
  Channel channel = CreateIn(4096, OnFull::kDropNewest);
  Store(Numbers(0, 100));
  ChildProcess bridge = StartIn();
  ASSERT_TRUE(Await([&] { return channel.Stats().dropped_messages == 36; })) << Log();
  channel.Close();
  EXPECT_EQ(bridge.Wait(), "exited 0") << Log();
  EXPECT_THAT(Log(), HasSubstr("the channel is closed: 64 messages sent"));
  EXPECT_THAT(Log(), HasSubstr(" 36 dropped"));
}

TEST_F(DeliveryTest, LeavesOutAMessageThatIsTooLargeForTheChannel) {
  const Channel channel = CreateIn(4096);
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
  Store({"a", std::string(5000, 'x'), "c"});
  ChildProcess bridge = StartIn();
  EXPECT_THAT(Receive(&receiver, 2), ElementsAre("a", "c"));
  EXPECT_THAT(Log(), HasSubstr("message 2 is left out"));
}

TEST_F(DeliveryTest, RefusesAStreamThatWasDeleted) {
  const Channel channel = CreateIn();
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
  Store({"a", "b"});
  ChildProcess bridge = StartIn();
  EXPECT_THAT(Receive(&receiver, 2), ElementsAre("a", "b"));
  ASSERT_EQ(DeleteStream(server_->address(), "s_x"), "");
  EXPECT_EQ(bridge.Wait(), "exited 6");
  EXPECT_THAT(Log(), HasSubstr("the stream is gone"));
  Store({"c"});
  EXPECT_EQ(RunIn(), "exited 6");
  EXPECT_THAT(Log(), HasSubstr("a new one"));
  EXPECT_EQ(RunIn({"--check"}), "exited 6");
  bridge = StartIn({"--force"});
  EXPECT_THAT(Receive(&receiver, 1), ElementsAre("c"));
}

// The place may outlive the channel, which is in memory.
TEST_F(DeliveryTest, RefusesAStreamThatWasDeletedWithoutAChannel) {
  Store({"a", "b"});
  Place place;
  place.done = 2;
  testing::WriteFile(PlacePath(), PlaceText(place));
  ASSERT_EQ(DeleteStream(server_->address(), "s_x"), "");
  EXPECT_EQ(RunIn(), "exited 6");
  EXPECT_THAT(Log(), HasSubstr("the stream is gone"));
  Store({"c"});
  EXPECT_EQ(RunIn(), "exited 6");
  EXPECT_THAT(Log(), HasSubstr("a new one"));
  EXPECT_FALSE(testing::Exists(memory_ / "in"));
  ChildProcess bridge = StartIn({"--force"});
  ASSERT_TRUE(AwaitLog("created the channel")) << Log();
  ASSERT_OK_AND_ASSIGN(const Channel channel, Channel::Open(memory_ / "in"));
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
  EXPECT_THAT(Receive(&receiver, 1, 1), ElementsAre("c"));
}

TEST_F(DeliveryTest, CountsTheMessagesThatAPurgeTookAway) {
  const Channel channel = CreateIn();
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
  Store({"a"});
  ChildProcess bridge = StartIn();
  EXPECT_THAT(Receive(&receiver, 1), ElementsAre("a"));
  bridge.Signal(SIGTERM);
  ASSERT_EQ(bridge.Wait(), "exited 0");
  Store({"b", "c"});
  ASSERT_EQ(PurgeStream(server_->address(), "s_x"), "");
  bridge = StartIn();
  ASSERT_TRUE(AwaitLog("has dropped messages")) << Log();
  ASSERT_EQ(PublishForeign(server_->address(), "s.x"), "");
  EXPECT_THAT(Receive(&receiver, 1, 4), ElementsAre("foreign"));
  bridge.Signal(SIGTERM);
  ASSERT_EQ(bridge.Wait(), "exited 0");
  EXPECT_THAT(Log(), HasSubstr(" 2 missed"));
}

TEST_F(DeliveryTest, GoesOnWithTheChannelThatReplacesAnother) {
  Channel channel = CreateIn();
  Store({"a"});
  ChildProcess bridge = StartIn();
  ASSERT_TRUE(Await([&] { return channel.Stats().claim_position > 0; })) << Log();
  ChannelOptions options;
  options.exist_policy = ExistPolicy::kReplace;
  ASSERT_OK_AND_ASSIGN(const Channel successor, Channel::Create(memory_ / "in", options));
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(successor));
  Store({"b"});
  EXPECT_THAT(Receive(&receiver, 1), ElementsAre("b"));
}

TEST_F(DeliveryTest, NamesWhatIsWrong) {
  Store({"a"});
  testing::WriteFile(PlacePath(), "something else");
  EXPECT_EQ(RunIn(), "exited 4");
  EXPECT_THAT(Log(), HasSubstr("--place"));
  EXPECT_EQ(RunIn({"--check"}), "exited 4");
  EXPECT_EQ(RunIn({"--place=/nowhere/place"}), "exited 1") << Log();
  unlink(PlacePath().c_str());
  EXPECT_EQ(RunIn({"--check"}), "exited 0") << Log();
  EXPECT_THAT(Log(), HasSubstr("the bridge can begin"));
  EXPECT_FALSE(testing::Exists(PlacePath()));
  EXPECT_FALSE(testing::Exists(memory_ / "in"));
  {
    ASSERT_OK_AND_ASSIGN(const PlaceFile other, PlaceFile::Open(PlacePath()));
    EXPECT_EQ(RunIn(), "exited 7");
    EXPECT_THAT(Log(), HasSubstr("another bridge"));
  }
  testing::WriteFile(memory_ / "in", "no channel");
  EXPECT_EQ(RunIn(), "exited 1") << Log();
  EXPECT_EQ(Start({memory_ / "out", Address(), "--lossy"}).Wait(), "exited 2");
  EXPECT_THAT(Log(), HasSubstr("give the engine's address first"));
  for (const char* const option :
       {"--dead-letters=d", "--source=s", "--window=1", "--window-mib=1"}) {
    EXPECT_EQ(RunIn({option}), "exited 2") << option;
    EXPECT_THAT(Log(), HasSubstr("give the channel first")) << option;
  }
  server_->Stop(SIGTERM);
  EXPECT_EQ(RunIn({"--connect=0"}), "exited 5");
}

}  // namespace
}  // namespace ipmpsc::bridge
