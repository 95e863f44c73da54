#include "recording/file_sequence.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "recording/channel_origin.h"
#include "recording/mcap_records.h"
#include "recording/mcap_writer.h"

namespace ipmpsc::recording {
namespace {

// MCAP has 16 bits for an id, and a schema's is not 0.
constexpr size_t kMostIds = std::numeric_limits<uint16_t>::max();

std::string NumberedPath(absl::string_view path, uint64_t number) {
  const bool has_ending = absl::ConsumeSuffix(&path, ".mcap");
  return absl::StrFormat("%s-%04d%s", path, number, has_ending ? ".mcap" : "");
}

}  // namespace

FileSequence::FileSequence(FileSequenceOptions options) : options_(std::move(options)) {}

bool FileSequence::IsNumbered() const {
  return options_.numbered || options_.split_bytes != std::numeric_limits<uint64_t>::max() ||
         options_.split_time != absl::InfiniteDuration();
}

absl::Status FileSequence::Open() {
  if (writer_) return absl::OkStatus();
  absl::StatusOr<McapWriter> writer;
  if (IsNumbered()) {
    McapWriterOptions options = options_.writer;
    // A recorder that starts again keeps what the one before it has written.
    options.overwrite = false;
    do {
      writer = McapWriter::Create(NumberedPath(options_.path, next_number_++), options);
    } while (absl::IsAlreadyExists(writer.status()));
  } else {
    if (!paths_.empty())
      return absl::FailedPreconditionError(absl::StrCat(options_.path, " is finished"));
    writer = McapWriter::Create(options_.path, options_.writer);
  }
  if (!writer.ok()) return writer.status();
  writer_.emplace(*std::move(writer));
  for (const McapSchema& schema : schemas_) writer_->AddSchema(schema);
  for (const McapChannel& channel : channels_) writer_->AddChannel(channel);
  paths_.push_back(writer_->path());
  return absl::OkStatus();
}

absl::StatusOr<uint16_t> FileSequence::AddChannel(ChannelOrigin origin) {
  if (channels_.size() == kMostIds || schemas_.size() == kMostIds) {
    return absl::ResourceExhaustedError(
        "a recording has at most 65535 channels; begin a new recording");
  }
  if (!origin.schema.encoding.empty()) {
    const auto same = std::find_if(schemas_.begin(), schemas_.end(), [&](const McapSchema& other) {
      return other.name == origin.schema.name && other.data == origin.schema.data;
    });
    if (same != schemas_.end()) {
      origin.channel.schema_id = same->id;
    } else {
      origin.schema.id = static_cast<uint16_t>(schemas_.size() + 1);
      origin.channel.schema_id = origin.schema.id;
      if (writer_) writer_->AddSchema(origin.schema);
      schemas_.push_back(std::move(origin.schema));
    }
  }
  origin.channel.id = static_cast<uint16_t>(channels_.size() + 1);
  if (writer_) writer_->AddChannel(origin.channel);
  channels_.push_back(std::move(origin.channel));
  return channels_.back().id;
}

absl::Status FileSequence::AddMessage(const McapMessage& message) {
  if (writer_ && options_.split_time != absl::InfiniteDuration()) {
    const McapStatistics& statistics = writer_->statistics();
    const auto split_time =
        static_cast<uint64_t>(std::max<int64_t>(absl::ToInt64Nanoseconds(options_.split_time), 1));
    if (statistics.message_count > 0 && message.log_time > statistics.start_time &&
        message.log_time - statistics.start_time >= split_time) {
      if (absl::Status status = EndFile(); !status.ok()) return status;
    }
  }
  if (writer_ && writer_->file_bytes() >= options_.split_bytes) {
    if (absl::Status status = EndFile(); !status.ok()) return status;
  }
  if (absl::Status status = Open(); !status.ok()) return status;
  return writer_->AddMessage(message);
}

absl::Status FileSequence::AddMetadata(const McapMetadata& metadata) {
  if (absl::Status status = Open(); !status.ok()) return status;
  return writer_->AddMetadata(metadata);
}

absl::Status FileSequence::CloseChunk() {
  return writer_ ? writer_->CloseChunk() : absl::OkStatus();
}

absl::Status FileSequence::EndFile() {
  if (!writer_) return absl::OkStatus();
  absl::Status status = writer_->Finish();
  ended_bytes_ += writer_->file_bytes();
  writer_.reset();
  return status;
}

}  // namespace ipmpsc::recording
