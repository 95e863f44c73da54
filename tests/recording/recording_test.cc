// Tests Recorder and RecordPostMortem: what went through a channel is in the file, and what was
// lost is told. The file is read, or goes through a channel again.
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "recording/channel_origin.h"
#include "recording/mcap_reader.h"
#include "recording/mcap_records.h"
#include "recording/post_mortem_recorder.h"
#include "recording/recorder.h"
#include "recording/replayer.h"
#include "tests/recording/recording_fixture.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc::recording {
namespace {

using ::ipmpsc::testing::Await;
using ::ipmpsc::testing::ChildProcess;
using ::ipmpsc::testing::Exists;
using ::ipmpsc::testing::InChild;
using ::ipmpsc::testing::kPatience;
using ::ipmpsc::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(RecordingTest, PositionsAreReckonedFromSequences) {
  EXPECT_EQ(PositionOf(0, 0), 0u);
  EXPECT_EQ(PositionOf(5, 320), 320u);
  EXPECT_EQ(PositionOf(5, 321), 320u + (uint64_t{1} << 38));
  const uint64_t late = (uint64_t{7} << 38) + 64 * 3;
  EXPECT_EQ(SequenceOf(late), 3u);
  EXPECT_EQ(PositionOf(SequenceOf(late), late - (uint64_t{1} << 37)), late);
}

// Beside a receiver, through many laps of the ring.
TEST_F(RecordingTest, ReplayIsTheSameByteForByteAndPositionByPosition) {
  for (const bool timestamps : {false, true}) {
    const Channel channel = Create(path_, 1 << 16, timestamps);
    ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(channel));
    ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
    const std::unique_ptr<Recorder> recorder = Start(Options());
    std::vector<Message> received;
    for (int i = 0; i < 3000; ++i) {
      std::string payload(static_cast<size_t>(i * 37 % 1500), static_cast<char>(i));
      absl::StrAppend(&payload, i);
      ASSERT_OK(sender.TrySend(payload));
      if (i % 10 == 9) {
        for (Message& message : TakeAll(receiver)) received.push_back(std::move(message));
        ASSERT_OK(recorder->Run(absl::ZeroDuration()));
      }
    }
    ASSERT_OK(recorder->Finish());
    EXPECT_EQ(recorder->progress().channels[0].loss.bytes, 0u);
    EXPECT_EQ(recorder->progress().written_messages, 3000u);
    const Recorded recorded = Read(Options().files.path);
    EXPECT_TRUE(recorded.complete);
    EXPECT_EQ(recorded.messages, received);

    // A fresh receiver, in a channel that the replay creates.
    ReplayerOptions options = ReplayOptions(Options().files.path);
    ASSERT_OK_AND_ASSIGN(std::unique_ptr<Replayer> replayer, Replayer::Open(options));
    std::optional<Receiver> fresh;
    std::vector<Message> again;
    absl::Status status;
    while (status.ok()) {
      status = replayer->Run(absl::ZeroDuration());
      if (!fresh) {
        ASSERT_OK_AND_ASSIGN(Channel created, Channel::Open(replayed_ / "channel"));
        EXPECT_EQ(created.capacity(), channel.capacity());
        EXPECT_EQ(created.max_senders(), 4u);
        EXPECT_EQ(created.Stats().timestamps, timestamps);
        ASSERT_OK_AND_ASSIGN(Receiver attached, Receiver::Attach(created));
        fresh.emplace(std::move(attached));
      }
      for (Message& message : TakeAll(*fresh)) again.push_back(std::move(message));
    }
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kOutOfRange));
    EXPECT_EQ(again, received);
    unlink((replayed_ / "channel").c_str());
  }
}

TEST_F(RecordingTest, DescriptionsAreReplayedByteForByte) {
  // Of bytes; a ChannelInfo of name, schema and fingerprint; one with a long varint; with two
  // schemas; with a name that is no UTF-8.
  const std::string info(
      "\x0a\x03"
      "a.B\x12\x04\x0a\x02\x0a\x00\x19"
      "12345678",
      20);
  const std::string long_varint(
      "\x0a\x03"
      "a.B\x12\x84\x00\x0a\x02\x0a\x00",
      12);
  for (const std::string& description : {std::string(), std::string("some text"), info, long_varint,
                                         info + info, std::string("\x0a\x01\xff\x12\x00", 5)}) {
    const Channel channel = Create(path_, 4096, false, description);
    ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(channel));
    ASSERT_OK(sender.TrySend("x"));
    const std::unique_ptr<Recorder> recorder = Start(Options());
    ASSERT_OK(recorder->Run(kShort));
    ASSERT_OK(recorder->Finish());
    EXPECT_THAT(Replay(ReplayOptions(Options().files.path)),
                StatusIs(absl::StatusCode::kOutOfRange));
    ASSERT_OK_AND_ASSIGN(Channel created, Channel::Open(replayed_ / "channel"));
    EXPECT_EQ(created.description(), description);
    unlink((replayed_ / "channel").c_str());
  }
}

TEST_F(RecordingTest, TimesAreThoseOfTheSenderAndOfTheRecorder) {
  const Channel channel = Create(path_, 4096, /*timestamps=*/true);
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(channel));
  ASSERT_OK(sender.TrySend("x"));
  const auto sent = static_cast<uint64_t>(absl::GetCurrentTimeNanos());
  const std::unique_ptr<Recorder> recorder = Start(Options());
  ASSERT_OK(recorder->Run(kShort));
  ASSERT_OK(recorder->Finish());
  ASSERT_OK_AND_ASSIGN(McapReader reader, McapReader::Open(Options().files.path));
  McapItem item;
  do {
    ASSERT_OK(reader.Next(&item));
  } while (item.kind != McapItem::Kind::kMessage);
  EXPECT_LE(item.message.publish_time, sent);
  EXPECT_GE(item.message.log_time, sent);
}

// Every byte of the channel is either in the file or told as lost.
TEST_F(RecordingTest, GapsAreToldExactly) {
  const Channel channel = Create(path_, 4096, /*timestamps=*/true);
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(channel));
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
  const std::unique_ptr<Recorder> recorder = Start(Options());
  // Tells the tap where the sender's numbers begin.
  ASSERT_OK(sender.TrySend("a message"));
  ASSERT_OK(receiver.TryReceive());
  ASSERT_OK(recorder->Run(kShort));
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 1000; ++i) {
      ASSERT_OK(sender.TrySend("a message"));
      ASSERT_OK(receiver.TryReceive());
    }
    ASSERT_OK(recorder->Run(kShort));
  }
  ASSERT_OK(recorder->Finish());
  const Recorded recorded = Read(Options().files.path);
  const RecorderProgress progress = recorder->progress();
  EXPECT_TRUE(progress.channels[0].loss.messages_are_exact);
  EXPECT_EQ(progress.channels[0].loss.messages + recorded.messages.size(), 3001u);
  ASSERT_THAT(recorded.gaps, SizeIs(3));
  uint64_t lost = 0;
  for (const McapMetadata& gap : recorded.gaps) {
    uint64_t position;
    uint64_t bytes;
    ASSERT_TRUE(absl::SimpleAtoi(gap.metadata.at("position"), &position));
    ASSERT_TRUE(absl::SimpleAtoi(gap.metadata.at("bytes"), &bytes));
    EXPECT_EQ(gap.metadata.at("topic"), path_);
    lost += bytes;
    for (const auto& [at, payload] : recorded.messages)
      EXPECT_TRUE(at < position || at >= position + bytes) << at;
  }
  EXPECT_EQ(lost, progress.channels[0].loss.bytes);
  EXPECT_EQ(lost + recorded.messages.size() * 64, channel.Stats().claim_position);
  ASSERT_THAT(recorded.other, SizeIs(1));
  EXPECT_EQ(recorded.other[0].name, kEndMetadata);
  EXPECT_EQ(recorded.other[0].metadata.at("lost_bytes"), absl::StrCat(lost));
}

TEST_F(RecordingTest, SeveralChannelsGoIntoOneFile) {
  const std::string other_path = directory_ / "other";
  const Channel one = Create(path_);
  const Channel other = Create(other_path, 4096);
  ASSERT_OK_AND_ASSIGN(Sender to_one, Sender::Attach(one));
  ASSERT_OK_AND_ASSIGN(Sender to_other, Sender::Attach(other));
  RecorderOptions options = Options();
  options.channels.push_back(other_path);
  const std::unique_ptr<Recorder> recorder = Start(options);
  ASSERT_OK(to_one.TrySend("1"));
  ASSERT_OK(to_other.TrySend("2"));
  ASSERT_OK(recorder->Run(kShort));
  ASSERT_OK(recorder->Finish());
  ReplayerProgress progress;
  EXPECT_THAT(Replay(ReplayOptions(options.files.path), &progress),
              StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_EQ(progress.messages, 2u);
  for (const char* name : {"channel", "other"}) {
    ASSERT_OK_AND_ASSIGN(Channel replayed, Channel::Open(replayed_ / name));
    ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(replayed));
    EXPECT_THAT(TakeAll(receiver), SizeIs(1));
  }
}

TEST_F(RecordingTest, StartFails) {
  RecorderOptions options = Options();
  EXPECT_THAT(Recorder::Start(options), StatusIs(absl::StatusCode::kNotFound, HasSubstr(path_)));
  const Channel channel = Create(path_);
  options.channels.push_back(path_);
  EXPECT_THAT(Recorder::Start(options),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("twice")));
  options.channels.clear();
  EXPECT_THAT(Recorder::Start(options), StatusIs(absl::StatusCode::kInvalidArgument));
  options = Options();
  options.files.writer.overwrite = false;
  EXPECT_OK(Start(options)->Finish());
  EXPECT_THAT(Recorder::Start(options),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr(options.files.path)));
}

TEST_F(RecordingTest, EndsWithItsChannels) {
  Channel channel = Create(path_);
  {
    ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(channel));
    ASSERT_OK(sender.TrySend("last"));
  }
  const std::unique_ptr<Recorder> recorder = Start(Options());
  channel.Close();
  EXPECT_THAT(recorder->Run(kPatience), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_EQ(recorder->progress().channels[0].end, "closed");
  EXPECT_EQ(recorder->progress().channels[0].messages, 1u);

  channel = Create(path_);
  const std::unique_ptr<Recorder> second = Start(Options("second.mcap"));
  unlink(path_.c_str());
  EXPECT_THAT(second->Run(kPatience), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_EQ(second->progress().channels[0].end, "removed");
}

// One look of a tap searches 4 MiB of the ring, and these messages are longer.
TEST_F(RecordingTest, SearchesARemovedChannelToItsEnd) {
  const Channel channel = Create(path_, 32 << 20);
  {
    ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(channel));
    ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
    for (int i = 0; i < 6; ++i) {
      ASSERT_OK(sender.TrySend(std::string(8 << 20, 'x')));
      ASSERT_OK(receiver.TryReceive());
    }
  }
  const std::unique_ptr<Recorder> recorder = Start(Options());
  unlink(path_.c_str());
  EXPECT_THAT(recorder->Run(kPatience), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_EQ(recorder->progress().channels[0].end, "removed");
  EXPECT_GT(recorder->progress().channels[0].messages, 0u);
}

TEST_F(RecordingTest, GoesOnWithTheChannelThatReplacesOne) {
  Channel channel = Create(path_);
  RecorderOptions options = Options();
  options.follow = true;
  const std::unique_ptr<Recorder> recorder = Start(options);
  const auto send = [&](const std::string& text) {
    absl::StatusOr<Sender> sender = Sender::Attach(channel);
    ASSERT_OK(sender);
    ASSERT_OK(sender->TrySend(text));
  };
  const auto has = [&](uint64_t messages) {
    return Await([&] {
      EXPECT_OK(recorder->Run(absl::Milliseconds(5)));
      return recorder->progress().channels[0].messages == messages;
    });
  };
  send("first");
  ASSERT_TRUE(has(1));
  channel = Create(path_);  // replaced
  send("second");
  ASSERT_TRUE(has(2));
  channel.Close();
  unlink(path_.c_str());
  ASSERT_OK(recorder->Run(kShort));
  channel = Create(path_);  // closed, and another one later
  send("third");
  ASSERT_TRUE(has(3));
  unlink(path_.c_str());
  ASSERT_OK(recorder->Run(kShort));
  channel = Create(path_);  // removed
  send("fourth");
  ASSERT_TRUE(has(4));
  ASSERT_OK(recorder->Finish());
  std::vector<std::string> payloads;
  ASSERT_OK_AND_ASSIGN(McapReader reader, McapReader::Open(options.files.path));
  std::set<std::string> ids;
  McapItem item;
  while (reader.Next(&item).ok()) {
    if (item.kind != McapItem::Kind::kMessage) continue;
    payloads.emplace_back(item.message.data);
    ids.insert(item.channel->metadata.at("ipmpsc.id"));
  }
  EXPECT_THAT(payloads, ElementsAre("first", "second", "third", "fourth"));
  EXPECT_THAT(ids, SizeIs(4));
}

TEST_F(RecordingTest, FilesAreSplitBySizeAndByTime) {
  const Channel channel = Create(path_, 1 << 20);
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(channel));
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
  RecorderOptions by_size = Options("size.mcap");
  by_size.files.split_bytes = 20000;
  by_size.files.writer.chunk_bytes = 5000;
  by_size.files.writer.compression_level = 0;
  RecorderOptions by_time = Options("time.mcap");
  by_time.files.split_time = absl::Milliseconds(50);
  for (const RecorderOptions& options : {by_size, by_time}) {
    std::vector<Message> received;
    // Twice: the second recorder keeps the files of the first.
    std::vector<std::string> files;
    for (int round = 0; round < 2; ++round) {
      RecorderOptions from_now = options;
      from_now.start = TapStart::kNow;
      const std::unique_ptr<Recorder> recorder = Start(from_now);
      for (int i = 0; i < 60; ++i) {
        ASSERT_OK(sender.TrySend(std::string(1000, static_cast<char>('a' + i % 26))));
        ASSERT_OK(recorder->Run(absl::Milliseconds(2)));
      }
      ASSERT_OK(recorder->Finish());
      for (Message& message : TakeAll(receiver)) received.push_back(std::move(message));
      EXPECT_GE(recorder->progress().files.size(), 2u);
      for (const std::string& file : recorder->progress().files) files.push_back(file);
    }
    EXPECT_EQ(std::set<std::string>(files.begin(), files.end()).size(), files.size());
    std::vector<Message> recorded;
    for (const std::string& file : files) {
      const Recorded one = Read(file);
      EXPECT_TRUE(one.complete) << file;
      recorded.insert(recorded.end(), one.messages.begin(), one.messages.end());
    }
    EXPECT_EQ(recorded, received);
    EXPECT_THAT(files[0], ::testing::EndsWith("-0001.mcap"));
    for (const std::string& file : files) unlink(file.c_str());
  }
}

TEST_F(RecordingTest, MessagesAreInTheFileSoon) {
  const Channel channel = Create(path_);
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(channel));
  RecorderOptions options = Options();
  options.chunk_time = absl::Milliseconds(100);
  const std::unique_ptr<Recorder> recorder = Start(options);
  ASSERT_OK(sender.TrySend("one"));
  ASSERT_OK(recorder->Run(kShort));
  // Even if nothing else comes.
  EXPECT_TRUE(Await([&] { return Read(options.files.path).messages.size() == 1; }));
  EXPECT_FALSE(Read(options.files.path).complete);
}

TEST_F(RecordingTest, WindowIsWrittenAtATrigger) {
  const Channel channel = Create(path_);
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(channel));
  RecorderOptions options = Options("window.mcap");
  options.before = absl::Seconds(100);
  options.after = absl::Milliseconds(50);
  const std::unique_ptr<Recorder> recorder = Start(options);
  const auto send = [&](const char* text) {
    ASSERT_OK(sender.TrySend(text));
    ASSERT_OK(recorder->Run(kShort));
  };
  send("before");
  EXPECT_THAT(recorder->progress().files, IsEmpty());
  EXPECT_GT(recorder->progress().window_bytes, 0u);
  recorder->Trigger();
  send("after");
  ASSERT_OK(recorder->Run(absl::Milliseconds(100)));  // A window again.
  send("later");
  recorder->Trigger();
  send("last");
  ASSERT_OK(recorder->Finish());
  ASSERT_THAT(recorder->progress().files, SizeIs(2));
  const auto payloads = [](const std::string& file) {
    std::vector<std::string> texts;
    for (const Message& message : Read(file).messages) texts.push_back(message.second);
    return texts;
  };
  EXPECT_THAT(payloads(recorder->progress().files[0]), ElementsAre("before", "after"));
  EXPECT_THAT(payloads(recorder->progress().files[1]), ElementsAre("later", "last"));
  for (const std::string& file : recorder->progress().files) unlink(file.c_str());
}

// Its record may be all that a batch has.
TEST_F(RecordingTest, WindowKeepsTheEndOfAChannel) {
  Channel channel = Create(path_);
  RecorderOptions options = Options("end.mcap");
  options.before = absl::Seconds(100);
  const std::unique_ptr<Recorder> recorder = Start(options);
  channel = Create(path_);  // replaced
  ASSERT_OK(recorder->Run(kShort));
  recorder->Trigger();
  ASSERT_OK(recorder->Finish());
  std::vector<std::string> reasons;
  for (const McapMetadata& metadata : Read(options.files.path).other) {
    if (metadata.name == kEndMetadata) reasons.push_back(metadata.metadata.at("reason"));
  }
  EXPECT_THAT(reasons, ElementsAre("replaced", "the recorder was stopped"));
}

TEST_F(RecordingTest, WindowForgetsWhatIsOldOrTooMuch) {
  const Channel channel = Create(path_, 1 << 20);
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(channel));
  RecorderOptions options = Options("forgets.mcap");
  options.before = absl::Milliseconds(50);
  {
    const std::unique_ptr<Recorder> recorder = Start(options);
    ASSERT_OK(sender.TrySend("old"));
    ASSERT_OK(recorder->Run(absl::Milliseconds(150)));
    recorder->Trigger();
    ASSERT_OK(recorder->Finish());
    EXPECT_EQ(recorder->progress().written_messages, 0u);
    EXPECT_EQ(recorder->progress().window_dropped_messages, 0u);
  }
  options.before = absl::Seconds(100);
  options.window_bytes = 10000;
  options.start = TapStart::kNow;
  const std::unique_ptr<Recorder> recorder = Start(options);
  for (int i = 0; i < 20; ++i) {
    ASSERT_OK(sender.TrySend(std::string(1000, 'x')));
    ASSERT_OK(recorder->Run(kShort));
  }
  recorder->Trigger();
  ASSERT_OK(recorder->Finish());
  const RecorderProgress progress = recorder->progress();
  EXPECT_GT(progress.window_dropped_messages, 0u);
  EXPECT_EQ(progress.written_messages + progress.window_dropped_messages, 20u);
  EXPECT_LE(progress.written_bytes, 10000u);
}

TEST_F(RecordingTest, WithoutATriggerThereIsNoFile) {
  const Channel channel = Create(path_);
  RecorderOptions options = Options("none.mcap");
  options.before = absl::Seconds(1);
  const std::unique_ptr<Recorder> recorder = Start(options);
  ASSERT_OK(recorder->Run(kShort));
  ASSERT_OK(recorder->Finish());
  EXPECT_FALSE(Exists(options.files.path));
}

TEST_F(RecordingTest, FullDiskIsAnErrorAndLeavesTheFileReadable) {
  const Channel channel = Create(path_, 1 << 20);
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(channel));
  for (int i = 0; i < 100; ++i) ASSERT_OK(sender.TrySend(std::string(1000, 'x')));
  RecorderOptions options = Options();
  options.files.writer.compression_level = 0;
  options.files.writer.chunk_bytes = 2000;
  EXPECT_EQ(InChild([&]() -> std::string {
              struct rlimit limit = {20000, 20000};
              setrlimit(RLIMIT_FSIZE, &limit);
              signal(SIGXFSZ, SIG_IGN);
              absl::StatusOr<std::unique_ptr<Recorder>> recorder = Recorder::Start(options);
              if (!recorder.ok()) return recorder.status().ToString();
              absl::Status status;
              Await([&] {
                status = (*recorder)->Run(absl::Milliseconds(5));
                return !status.ok();
              });
              return absl::StrCat(absl::StatusCodeToString(status.code()), " ",
                                  absl::StatusCodeToString((*recorder)->Finish().code()));
            }),
            "RESOURCE_EXHAUSTED RESOURCE_EXHAUSTED");
  const Recorded recorded = Read(options.files.path);
  EXPECT_FALSE(recorded.complete);
  EXPECT_GT(recorded.messages.size(), 10u);
}

// A recorder is killed at any moment and starts again, while messages flow. Together the files have
// every message once or, from the ring, twice.
TEST_F(RecordingTest, KilledRecorderLosesNothingThatTheRingKeeps) {
  const Channel channel = Create(path_, 1 << 20);
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(channel));
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
  RecorderOptions options = Options("killed.mcap");
  options.files.numbered = true;
  options.chunk_time = absl::Milliseconds(10);
  options.files.writer.chunk_bytes = 4000;
  std::set<Message> received;
  int number = 0;
  const auto send_for = [&](absl::Duration time) {
    const absl::Time end = absl::Now() + time;
    while (absl::Now() < end) {
      ASSERT_OK(sender.TrySend(absl::StrCat("message ", number++, std::string(200, 'x'))));
      for (Message& message : TakeAll(receiver)) received.insert(std::move(message));
      absl::SleepFor(absl::Microseconds(200));
    }
  };
  for (int round = 0; round < 5; ++round) {
    ChildProcess child = ChildProcess::ForkAndHold([&]() -> std::string {
      std::thread([options] {
        absl::StatusOr<std::unique_ptr<Recorder>> recorder = Recorder::Start(options);
        while ((*recorder)->Run(absl::Seconds(1)).ok()) {
        }
      }).detach();
      return "started";
    });
    ASSERT_EQ(child.result(), "started");
    send_for(absl::Milliseconds(60 + 17 * round));
    child.Kill();
    send_for(absl::Milliseconds(20));
  }
  const std::unique_ptr<Recorder> last = Start(options);
  ASSERT_OK(last->Run(kShort));
  ASSERT_OK(last->Finish());
  std::set<Message> recorded;
  int files = 0;
  for (const char* file : {"killed-0001.mcap", "killed-0002.mcap", "killed-0003.mcap",
                           "killed-0004.mcap", "killed-0005.mcap", "killed-0006.mcap"}) {
    if (!Exists(OnDisk(file))) continue;  // It was killed before it had begun.
    ++files;
    for (Message& message : Read(OnDisk(file)).messages) recorded.insert(std::move(message));
    unlink(OnDisk(file).c_str());
  }
  EXPECT_GE(files, 2);
  EXPECT_EQ(recorded.size(), received.size());
  EXPECT_TRUE(recorded == received);
}

TEST_F(RecordingTest, PostMortemHasWhatDeadProgramsLeft) {
  const Channel channel = Create(path_, 4096);
  ChildProcess child = ChildProcess::ForkAndHold([&]() -> std::string {
    absl::StatusOr<Channel> own = Channel::Open(path_);
    absl::StatusOr<Receiver> receiver = Receiver::Attach(*own);
    SenderOptions options;
    options.name = "victim\xff";
    // They live until the process is killed.
    auto* const sender = new absl::StatusOr<Sender>(Sender::Attach(*own, options));
    for (const char* text : {"received", "waiting 1", "waiting 2"}) {
      if (!(*sender)->TrySend(text).ok()) return "not sent";
    }
    if (!receiver->TryReceive().ok()) return "not received";
    auto* const loan = new absl::StatusOr<Loan>((*sender)->TryClaim(100));
    return loan->ok() ? "left" : loan->status().ToString();
  });
  ASSERT_EQ(child.result(), "left");
  const FileSequenceOptions files = Options("dead.mcap").files;
  EXPECT_THAT(RecordPostMortem({path_}, files),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(path_)));
  EXPECT_FALSE(Exists(files.path));
  child.Kill();
  ASSERT_OK_AND_ASSIGN(PostMortemRecording recording, RecordPostMortem({path_}, files));
  ASSERT_THAT(recording.channels, SizeIs(1));
  EXPECT_EQ(recording.channels[0].messages, 3u);
  EXPECT_EQ(recording.channels[0].released, 1u);
  EXPECT_EQ(recording.channels[0].orphans, 1u);
  EXPECT_EQ(recording.channels[0].damage, "");
  const Recorded recorded = Read(files.path);
  EXPECT_TRUE(recorded.complete);
  EXPECT_THAT(recorded.messages, ElementsAre(Message(0, "received"), Message(64, "waiting 1"),
                                             Message(128, "waiting 2")));
  std::set<std::string> names;
  for (const McapMetadata& metadata : recorded.other) names.insert(metadata.name);
  EXPECT_THAT(names, ElementsAre(kOrphanMetadata, kParticipantMetadata, kReleasedMetadata));
  for (const McapMetadata& metadata : recorded.other) {
    if (metadata.name == kReleasedMetadata) {
      EXPECT_EQ(metadata.metadata.at("position"), "64");
    }
    if (metadata.name == kParticipantMetadata && metadata.metadata.at("role") == "sender") {
      EXPECT_EQ(metadata.metadata.at("name"), "victim\\xff");
      EXPECT_EQ(metadata.metadata.at("state"), "died");
    }
  }
  // A receiver that attaches to a replay gets all three.
  EXPECT_THAT(Replay(ReplayOptions(files.path)), StatusIs(absl::StatusCode::kOutOfRange));
  ASSERT_OK_AND_ASSIGN(Channel replayed, Channel::Open(replayed_ / "channel"));
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(replayed));
  EXPECT_EQ(TakeAll(receiver), recorded.messages);
}

}  // namespace
}  // namespace ipmpsc::recording
