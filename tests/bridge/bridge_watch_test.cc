// Tests the texts of the command `ipmpsc` about bridges, over real ones and a real server.
#include <signal.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/receiver.h"
#include "tests/bridge/bridge_fixture.h"
#include "tests/bridge/bridge_program.h"
#include "tests/bridge/nats_admin.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc::bridge {
namespace {

using ::ipmpsc::testing::Await;
using ::ipmpsc::testing::ChildProcess;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

class BridgeWatchTest : public BridgeFixture {
 protected:
  struct Said {
    std::string end;  // "exited N"
    std::string text;
  };

  // Runs the command `ipmpsc`.
  static Said Command(std::vector<std::string> arguments) {
    const std::string output = testing::PathOnDisk("said");
    unlink(output.c_str());
    std::string end = StartProgram(std::move(arguments), output, "cli/ipmpsc").Wait();
    return {std::move(end), testing::ReadFile(output)};
  }
  Said Doctor() const { return Command({"doctor", memory_ / "c", "--watch", "300ms"}); }
  bool AwaitHealth() const {
    return Await([this] {
      const Said said = Doctor();
      return said.end == "exited 0" && absl::StrContains(said.text, ": nothing is stuck");
    });
  }

  // Waits until the bridge has released all messages. A moment before that the server has stored
  // them already.
  static bool AwaitReleased(const Channel& channel) {
    return Await([&] { return channel.Stats().fill == 0; });
  }

  // Runs the bridge by the command that the doctor advises.
  ChildProcess StartAsAdvised(absl::string_view advice) const {
    const std::vector<std::string> parts = absl::StrSplit(advice, "; or ipmpsc-bridge ");
    EXPECT_EQ(parts.size(), 2u) << advice;
    const std::vector<std::string> command = absl::StrSplit(parts.back(), " with its options");
    return StartProgram(absl::StrSplit(command[0], ' '), log_);
  }

  std::string Name(const ChildProcess& bridge) const {
    return absl::StrCat("\"ipmpsc-bridge ", Address(), "\" (process ", bridge.pid(), ")");
  }
};

TEST_F(BridgeWatchTest, IsKnownByItsName) {
  const Channel channel = CreateChannel();
  Send(channel, {"a"});
  ChildProcess bridge = StartBridge();
  ASSERT_TRUE(AwaitStored(1)) << Log();
  const std::string name = "ipmpsc-bridge " + Address();
  const std::string pid = absl::StrCat(bridge.pid());
  EXPECT_EQ(channel.Stats().receiver->name, name);
  EXPECT_THAT(Command({"ls", memory_ / ""}).text, HasSubstr(absl::StrCat(name, " ", pid, " ")));
  EXPECT_THAT(Command({"top", memory_ / "c", "--once", "--interval", "100ms"}).text,
              HasSubstr(absl::StrCat("receiver ", name, " (process ", pid, ") alive")));
  EXPECT_THAT(Command({"top", memory_ / "c", "--once", "--interval", "100ms", "--json"}).text,
              HasSubstr(absl::StrCat("\"receiver_name\":\"", name, "\"")));
  EXPECT_TRUE(AwaitHealth()) << Doctor().text;
  bridge.Signal(SIGTERM);
  ASSERT_EQ(bridge.Wait(), "exited 0") << Log();
  EXPECT_THAT(Command({"ls", memory_ / ""}).text, HasSubstr(name + " detached"));
}

TEST_F(BridgeWatchTest, TellsHowFarItIsBehind) {
  const Channel channel = CreateChannel();
  Send(channel, {"a"});
  ChildProcess bridge = StartBridge();
  ASSERT_TRUE(AwaitStored(1)) << Log();
  ASSERT_TRUE(AwaitReleased(channel)) << Log();
  server_->Pause();
  Send(channel, {"b", "c"});
  const Said said = Doctor();
  EXPECT_EQ(said.end, "exited 1");
  EXPECT_THAT(
      said.text,
      AllOf(HasSubstr(absl::StrCat("problem (bridge-stalled): the bridge ", Name(bridge),
                                   " is attached and has stored "
                                   "nothing for at least ")),
            ContainsRegex("128 bytes wait to be stored; the oldest message is "
                          "at position 64 .1 byte from .*, [0-9.]*m?s old."),
            HasSubstr(absl::StrCat("ipmpsc-bridge --check ", memory_ / "c", " ", Address(), ";"))));
  server_->Resume();
  ASSERT_TRUE(AwaitStored(3)) << Log();
  EXPECT_TRUE(AwaitHealth()) << Doctor().text;
}

TEST_F(BridgeWatchTest, TellsThatItIsStopped) {
  const Channel channel = CreateChannel();
  Send(channel, {"a"});
  ChildProcess bridge = StartBridge();
  ASSERT_TRUE(AwaitStored(1)) << Log();
  ASSERT_TRUE(AwaitReleased(channel)) << Log();
  bridge.Stop();
  Send(channel, {"b"});
  const Said said = Doctor();
  EXPECT_EQ(said.end, "exited 1");
  EXPECT_THAT(said.text,
              AllOf(HasSubstr(absl::StrCat("problem (receiver-stopped): the bridge ", Name(bridge),
                                           " is stopped by a signal (state T), and 64 "
                                           "bytes wait to be stored, the oldest message "
                                           "for ")),
                    HasSubstr(absl::StrCat("kill -CONT ", bridge.pid()))));
  bridge.Continue();
  ASSERT_TRUE(AwaitStored(2)) << Log();
  EXPECT_TRUE(AwaitHealth()) << Doctor().text;
}

TEST_F(BridgeWatchTest, TellsThatItDiedAndHowToStartIt) {
  const Channel channel = CreateChannel();
  Send(channel, {"a"});
  ChildProcess bridge = StartBridge();
  ASSERT_TRUE(AwaitStored(1)) << Log();
  ASSERT_TRUE(AwaitReleased(channel)) << Log();
  const std::string name = Name(bridge);
  bridge.Kill();
  Send(channel, {"b"});
  Said said = Doctor();
  EXPECT_EQ(said.end, "exited 1");
  EXPECT_THAT(said.text, HasSubstr(absl::StrCat("problem (no-receiver): the bridge ", name,
                                                " died without detaching, and 64 bytes wait to be "
                                                "stored, the oldest message for ")));
  EXPECT_THAT(said.text, HasSubstr("systemctl start ipmpsc-bridge@NAME"));
  bridge = StartAsAdvised(said.text);
  ASSERT_TRUE(AwaitStored(2)) << Log();
  EXPECT_TRUE(AwaitHealth()) << Doctor().text;
  bridge.Signal(SIGTERM);
  ASSERT_EQ(bridge.Wait(), "exited 0") << Log();
  said = Doctor();
  EXPECT_EQ(said.end, "exited 0");
  EXPECT_THAT(said.text, HasSubstr(absl::StrCat("note (no-receiver): no bridge is attached: "
                                                "\"ipmpsc-bridge ",
                                                Address(), "\" has ended\n")));
}

TEST_F(BridgeWatchTest, TellsThatNothingComesIntoAChannel) {
  const Channel out = CreateChannel();
  Send(out, {"a"});
  ChildProcess first = StartBridge();
  ASSERT_TRUE(AwaitStored(1)) << Log();
  first.Kill();
  // The channel's first life is over, and it becomes the other end of the stream.
  ASSERT_EQ(unlink((memory_ / "c").c_str()), 0);
  const Channel channel = CreateChannel();
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
  const auto start = [this] { return StartProgram({Address(), memory_ / "c"}, log_); };
  ChildProcess bridge = start();
  ASSERT_OK(receiver.Receive(testing::kPatience));
  EXPECT_EQ(channel.Stats().senders[0].name, "ipmpsc-bridge " + Address());
  EXPECT_THAT(
      Command({"top", memory_ / "c", "--once", "--interval", "100ms"}).text,
      ContainsRegex(absl::StrCat("0 +ipmpsc-bridge ", Address(), " +", bridge.pid(), " +alive")));
  EXPECT_TRUE(AwaitHealth()) << Doctor().text;

  bridge.Stop();
  Said said = Doctor();
  EXPECT_EQ(said.end, "exited 0");
  EXPECT_THAT(said.text,
              AllOf(HasSubstr(absl::StrCat("note (sender-stopped): the bridge ", Name(bridge),
                                           " is stopped by a signal (state T), so "
                                           "nothing comes from its stream")),
                    HasSubstr(absl::StrCat("kill -CONT ", bridge.pid()))));
  bridge.Continue();

  const std::string name = Name(bridge);
  bridge.Kill();
  said = Doctor();
  EXPECT_EQ(said.end, "exited 0");
  EXPECT_THAT(said.text, HasSubstr(absl::StrCat("note (no-bridge): the bridge ", name,
                                                " died without detaching, so nothing comes from "
                                                "its stream\n")));
  EXPECT_THAT(said.text, HasSubstr("systemctl start ipmpsc-bridge-in@NAME"));
  EXPECT_FALSE(absl::StrContains(said.text, "(died)")) << said.text;
  bridge = StartAsAdvised(said.text);
  EXPECT_TRUE(AwaitHealth()) << Doctor().text;
  bridge.Signal(SIGTERM);
  ASSERT_EQ(bridge.Wait(), "exited 0") << Log();
  EXPECT_THAT(Doctor().text, HasSubstr(absl::StrCat("note (no-bridge): no bridge is attached as a "
                                                    "sender: \"ipmpsc-bridge ",
                                                    Address(), "\" has ended")));
}

}  // namespace
}  // namespace ipmpsc::bridge
