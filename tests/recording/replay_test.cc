// Tests Replayer: pauses, parts of files, every status code.
#include <signal.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "recording/mcap_writer.h"
#include "recording/replayer.h"
#include "tests/recording/recording_fixture.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc::recording {
namespace {

using ::ipmpsc::testing::Exists;
using ::ipmpsc::testing::kPatience;
using ::ipmpsc::testing::PathOnDisk;
using ::ipmpsc::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ReplayTest : public RecordingTest {};

TEST_F(ReplayTest, ReplaysThePauses) {
  constexpr uint64_t kStart = 1'700'000'000'000'000'000;
  ReplayerOptions options = ReplayOptions(ForeignFile("/a/b", {kStart, kStart + 200'000'000}));
  for (const double speed : {1.0, 4.0}) {
    options.speed = speed;
    const absl::Time begin = absl::Now();
    EXPECT_THAT(Replay(options), StatusIs(absl::StatusCode::kOutOfRange));
    EXPECT_GE(absl::Now() - begin, absl::Milliseconds(200 / speed));
  }
  // Times that go back, or far ahead, are no reason to hang or to hurry the caller.
  options = ReplayOptions(ForeignFile("/a/b", {~uint64_t{0}, 0, ~uint64_t{0}}));
  options.speed = 1;
  EXPECT_THAT(Replay(options), StatusIs(absl::StatusCode::kOutOfRange));
  options = ReplayOptions(ForeignFile("/a/b", {0, ~uint64_t{0}}));
  options.speed = 1;
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<Replayer> replayer, Replayer::Open(options));
  EXPECT_OK(replayer->Run(kShort));
}

TEST_F(ReplayTest, ReplaysPartOfTheFileAndAgain) {
  ReplayerOptions options = ReplayOptions(ForeignFile("/a/b", {1000, 2000, 3000, 4000, 5000}));
  options.from = absl::Nanoseconds(1000);
  options.until = absl::Nanoseconds(3001);
  options.loops = 3;
  ReplayerProgress progress;
  EXPECT_THAT(Replay(options, &progress), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_EQ(progress.messages, 9u);
  EXPECT_EQ(progress.loop, 3u);
  ASSERT_OK_AND_ASSIGN(Channel channel, Channel::Open(replayed_ / "a.b"));
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
  std::vector<std::string> texts;
  for (const Message& message : TakeAll(receiver)) texts.push_back(message.second);
  EXPECT_THAT(texts, ElementsAre("message 1", "message 2", "message 3", "message 1", "message 2",
                                 "message 3", "message 1", "message 2", "message 3"));
  // Without end, but with nothing to replay.
  options.topics = {"/other"};
  options.loops = 0;
  EXPECT_THAT(Replay(options, &progress), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_EQ(progress.messages, 0u);
}

TEST_F(ReplayTest, ReplayOpenFails) {
  ReplayerOptions options = ReplayOptions(ForeignFile("/a/b", {1, 2}));
  const auto fails = [](const ReplayerOptions& wrong, absl::StatusCode code) {
    EXPECT_THAT(Replayer::Open(wrong), StatusIs(code));
  };
  ReplayerOptions wrong = options;
  wrong.files = {};
  fails(wrong, absl::StatusCode::kInvalidArgument);
  wrong = options;
  wrong.files = {PathOnDisk("missing.mcap")};
  fails(wrong, absl::StatusCode::kNotFound);
  wrong = options;
  wrong.files = {"/dev/null"};
  fails(wrong, absl::StatusCode::kInvalidArgument);
  wrong = options;
  wrong.speed = 0;
  fails(wrong, absl::StatusCode::kInvalidArgument);
  wrong = options;
  wrong.from = wrong.until = absl::Seconds(1);
  fails(wrong, absl::StatusCode::kInvalidArgument);
}

TEST_F(ReplayTest, ReplayFails) {
  ReplayerOptions options = ReplayOptions(ForeignFile("/a/b", {1, 2}, "a.B"));
  options.create = false;
  EXPECT_THAT(Replay(options), StatusIs(absl::StatusCode::kNotFound, HasSubstr("a.b")));
  {
    const Channel bytes = Create(replayed_ / "a.b");
    EXPECT_THAT(Replay(options), StatusIs(absl::StatusCode::kFailedPrecondition,
                                          AllOf(HasSubstr("carries bytes"), HasSubstr("a.B"))));
    options.any_type = true;
    EXPECT_THAT(Replay(options), StatusIs(absl::StatusCode::kOutOfRange));
    options.receiver_timeout = kShort;
    EXPECT_THAT(Replay(options),
                StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("no receiver")));
    options.receiver_timeout = absl::ZeroDuration();
  }
  {
    Channel closed = Create(replayed_ / "a.b");
    closed.Close();
    EXPECT_THAT(Replay(options), StatusIs(absl::StatusCode::kFailedPrecondition));
  }
  {
    const Channel full = Create(replayed_ / "a.b", 4096);
    ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(full));
    while (sender.TrySend("x").ok()) {
    }
    options.timeout = kShort;
    EXPECT_THAT(Replay(options), StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("a.b")));
  }
  for (const char* topic : {"", "/", ".", "..", "/.."}) {
    EXPECT_THAT(Replay(ReplayOptions(ForeignFile(topic, {1}))),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no name for a file")));
  }
  // A file cannot leave the folder.
  EXPECT_THAT(Replay(ReplayOptions(ForeignFile("/../../escape", {1}))),
              StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_TRUE(Exists(replayed_ / "......escape"));
}

TEST_F(ReplayTest, ReplayPassesOverWhatALossyChannelDrops) {
  ChannelOptions lossy;
  lossy.capacity = 4096;
  lossy.on_full = OnFull::kDropNewest;
  ASSERT_OK_AND_ASSIGN(Channel channel, Channel::Create(replayed_ / "x", lossy));
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
  {
    ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(channel));
    while (sender.TrySend("x").ok()) {
    }
  }
  const uint64_t before = receiver.dropped();
  ReplayerOptions options = ReplayOptions(ForeignFile("x", {1, 2, 3}));
  // It never waits for space.
  options.timeout = kPatience;
  ReplayerProgress progress;
  EXPECT_THAT(Replay(options, &progress), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_EQ(progress.messages, 0u);
  EXPECT_EQ(progress.bytes, 0u);
  EXPECT_EQ(progress.dropped, 3u);
  EXPECT_EQ(receiver.dropped() - before, 3u);

  // Space for some is found again.
  TakeAll(receiver);
  EXPECT_THAT(Replay(options, &progress), StatusIs(absl::StatusCode::kOutOfRange));
  ASSERT_EQ(progress.channels.size(), 1u);
  EXPECT_EQ(progress.channels[0].messages, 3u);
  EXPECT_EQ(progress.channels[0].dropped, 0u);
  EXPECT_EQ(receiver.dropped() - before, 3u);
  EXPECT_EQ(TakeAll(receiver).size(), 3u);
}

TEST_F(ReplayTest, ReplayRefusesWhatDoesNotFit) {
  const std::string path = PathOnDisk("two.mcap");
  McapWriterOptions overwrite;
  overwrite.overwrite = true;
  ASSERT_OK_AND_ASSIGN(McapWriter writer, McapWriter::Create(path, overwrite));
  writer.AddChannel({1, 0, "/x/y", "", {}});
  writer.AddChannel({2, 0, "x.y", "", {}});
  ASSERT_OK(writer.AddMessage({1, 0, 1, 1, std::string(5000, 'x')}));
  ASSERT_OK(writer.AddMessage({2, 0, 1, 1, "y"}));
  ASSERT_OK(writer.Finish());
  EXPECT_THAT(Replay(ReplayOptions(path)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("both go to")));
  ReplayerOptions options = ReplayOptions(path);
  options.paths["x.y"] = replayed_ / "elsewhere";
  EXPECT_THAT(Replay(options), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_TRUE(Exists(replayed_ / "elsewhere"));
  const Channel small = Create(replayed_ / "x.y", 4096);
  EXPECT_THAT(Replay(options), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("x.y")));
}

TEST_F(ReplayTest, ReplayTellsWhatTheFileLacks) {
  const std::string path = PathOnDisk("damaged.mcap");
  McapWriterOptions overwrite;
  overwrite.overwrite = true;
  overwrite.compression_level = 0;
  {
    ASSERT_OK_AND_ASSIGN(McapWriter writer, McapWriter::Create(path, overwrite));
    writer.AddChannel({1, 0, "x", "", {}});
    for (const char* data : {"first", "second", "third"}) {
      ASSERT_OK(writer.AddMessage({1, 0, 1, 1, data}));
      ASSERT_OK(writer.CloseChunk());
    }
  }
  std::string bytes = ::ipmpsc::testing::ReadFile(path);
  bytes[bytes.find("second")] = 'S';
  ::ipmpsc::testing::WriteFile(path, bytes);
  ReplayerProgress progress;
  EXPECT_THAT(Replay(ReplayOptions(path), &progress), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_EQ(progress.messages, 2u);
  EXPECT_EQ(progress.damages, 1u);
  EXPECT_THAT(progress.damage, HasSubstr("checksum"));
  EXPECT_THAT(progress.unfinished, ElementsAre(path));
}

TEST_F(ReplayTest, ReplayClosesChannelsIfAsked) {
  ReplayerOptions options = ReplayOptions(ForeignFile("x", {1}));
  options.close = true;
  EXPECT_THAT(Replay(options), StatusIs(absl::StatusCode::kOutOfRange));
  ASSERT_OK_AND_ASSIGN(Channel channel, Channel::Open(replayed_ / "x"));
  EXPECT_EQ(channel.state(), ChannelState::kClosed);
}

}  // namespace
}  // namespace ipmpsc::recording
