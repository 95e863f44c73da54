// Channels that are recorded and replayed, for tests.
#ifndef TESTS_RECORDING_RECORDING_FIXTURE_H_
#define TESTS_RECORDING_RECORDING_FIXTURE_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "recording/channel_origin.h"
#include "recording/mcap_reader.h"
#include "recording/mcap_records.h"
#include "recording/mcap_writer.h"
#include "recording/recorder.h"
#include "recording/replayer.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc::recording {

inline constexpr absl::Duration kShort = absl::Milliseconds(30);

// A message of a channel or of a file.
using Message = std::pair<uint64_t, std::string>;  // position, payload

struct Recorded {
  std::vector<Message> messages;
  std::vector<McapMetadata> gaps;
  std::vector<McapMetadata> other;
  bool complete = false;
};

inline Recorded Read(const std::string& path) {
  Recorded recorded;
  absl::StatusOr<McapReader> reader = McapReader::Open(path);
  EXPECT_OK(reader);
  if (!reader.ok()) return recorded;
  McapItem item;
  absl::Status status;
  while ((status = reader->Next(&item)).ok()) {
    if (item.kind == McapItem::Kind::kMetadata) {
      (item.metadata.name == kGapMetadata ? recorded.gaps : recorded.other)
          .push_back(item.metadata);
      continue;
    }
    const uint64_t least = recorded.messages.empty() ? 0 : recorded.messages.back().first;
    recorded.messages.emplace_back(PositionOf(item.message.sequence, least), item.message.data);
  }
  EXPECT_THAT(status, testing::StatusIs(absl::StatusCode::kOutOfRange));
  recorded.complete = reader->complete();
  return recorded;
}

class RecordingTest : public ::testing::Test {
 protected:
  Channel Create(const std::string& path, uint64_t capacity = 1 << 16, bool timestamps = false,
                 const std::string& description = "") {
    ChannelOptions options;
    options.capacity = capacity;
    options.max_senders = 4;
    options.timestamps = timestamps;
    options.description = description;
    options.exist_policy = ExistPolicy::kReplace;
    absl::StatusOr<Channel> channel = Channel::Create(path, options);
    EXPECT_OK(channel);
    return *std::move(channel);
  }

  RecorderOptions Options(const std::string& name = "recording.mcap") const {
    RecorderOptions options;
    options.channels = {path_};
    options.files.path = OnDisk(name);
    options.files.writer.overwrite = true;
    return options;
  }

  static std::unique_ptr<Recorder> Start(const RecorderOptions& options) {
    absl::StatusOr<std::unique_ptr<Recorder>> recorder = Recorder::Start(options);
    EXPECT_OK(recorder);
    return recorder.ok() ? *std::move(recorder) : nullptr;
  }

  // Takes what is in the channel.
  static std::vector<Message> TakeAll(Receiver& receiver) {
    std::vector<Message> messages;
    for (;;) {
      absl::StatusOr<Lease> lease = receiver.TryReceive();
      if (!lease.ok()) return messages;
      messages.emplace_back(lease->position(), std::string(lease->payload()));
    }
  }

  // Replays everything without pauses. Returns what ended it.
  static absl::Status Replay(const ReplayerOptions& options, ReplayerProgress* progress = nullptr) {
    absl::StatusOr<std::unique_ptr<Replayer>> replayer = Replayer::Open(options);
    if (!replayer.ok()) return replayer.status();
    const absl::Time end = absl::Now() + testing::kPatience;
    for (;;) {
      const absl::Status status = (*replayer)->Run(kShort);
      if (progress != nullptr) *progress = (*replayer)->progress();
      if (!status.ok()) return status;
      if (absl::Now() > end) return absl::InternalError("it does not end");
    }
  }

  ReplayerOptions ReplayOptions(const std::string& file) const {
    ReplayerOptions options;
    options.files = {file};
    options.directory = replayed_.path();
    options.speed = std::numeric_limits<double>::infinity();
    return options;
  }

  // A file with messages of the topic at these times, as a program of somebody else writes it.
  static std::string ForeignFile(const std::string& topic, const std::vector<uint64_t>& times,
                                 const std::string& schema = "") {
    const std::string path = testing::PathOnDisk("foreign.mcap");
    McapWriterOptions options;
    options.overwrite = true;
    absl::StatusOr<McapWriter> writer = McapWriter::Create(path, options);
    EXPECT_OK(writer);
    if (!schema.empty()) writer->AddSchema({1, schema, "protobuf", "\x0a\x02\x0a\x00"});
    writer->AddChannel({1, static_cast<uint16_t>(schema.empty() ? 0 : 1), topic, "protobuf", {}});
    uint32_t number = 0;
    for (const uint64_t time : times) {
      const std::string data = absl::StrCat("message ", number);
      EXPECT_OK(writer->AddMessage({1, number++, time, time, data}));
    }
    EXPECT_OK(writer->Finish());
    return path;
  }

  // A path that is the same in each call.
  std::string OnDisk(const std::string& name) const { return absl::StrCat(disk_, "-", name); }

  testing::SharedMemoryDirectory directory_;
  testing::SharedMemoryDirectory replayed_;
  const std::string disk_ = testing::PathOnDisk("test");
  const std::string path_ = directory_ / "channel";
};

}  // namespace ipmpsc::recording

#endif  // TESTS_RECORDING_RECORDING_FIXTURE_H_
