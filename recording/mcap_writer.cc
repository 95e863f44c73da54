#include "recording/mcap_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/version.h"
#include "recording/compression.h"
#include "recording/mcap_records.h"

namespace ipmpsc::recording {
namespace {

absl::Status FileError(int error, absl::string_view action, absl::string_view path) {
  const std::string text = absl::StrCat("cannot ", action, " ", path, ": ", strerror(error));
  switch (error) {
    case EEXIST:
      return absl::AlreadyExistsError(
          absl::StrCat(path, " exists; choose another name, or allow it to be overwritten"));
    case ENOENT:
    case ENOTDIR:
      return absl::NotFoundError(text);
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::PermissionDeniedError(text);
    case EISDIR:
      return absl::InvalidArgumentError(text);
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return absl::ResourceExhaustedError(text);
    default:
      return absl::InternalError(text);
  }
}

}  // namespace

absl::StatusOr<McapWriter> McapWriter::Create(const std::string& path,
                                              const McapWriterOptions& options) {
  // A new inode in place of the old file: readers that have the old one open keep it.
  if (options.overwrite && unlink(path.c_str()) != 0 && errno != ENOENT)
    return FileError(errno, "replace", path);
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0) return FileError(errno, "create", path);
  McapWriter writer(path, fd, options);
  std::string start(kMcapMagic);
  AppendRecord(McapHeader{"", absl::StrCat("ipmpsc ", kVersion)}, &start);
  if (absl::Status status = writer.Write(start); !status.ok()) return status;
  return writer;
}

McapWriter::McapWriter(std::string path, int fd, const McapWriterOptions& options)
    : path_(std::move(path)),
      fd_(fd),
      options_(options),
      compressor_(std::make_unique<Compressor>()) {}

McapWriter::McapWriter(McapWriter&& other) noexcept { *this = std::move(other); }

McapWriter& McapWriter::operator=(McapWriter&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(fd_, other.fd_);
  std::swap(options_, other.options_);
  std::swap(compressor_, other.compressor_);
  std::swap(failure_, other.failure_);
  std::swap(schemas_, other.schemas_);
  std::swap(channels_, other.channels_);
  std::swap(schema_written_, other.schema_written_);
  std::swap(channel_written_, other.channel_written_);
  std::swap(chunk_, other.chunk_);
  std::swap(chunk_start_time_, other.chunk_start_time_);
  std::swap(chunk_end_time_, other.chunk_end_time_);
  std::swap(chunk_messages_, other.chunk_messages_);
  std::swap(chunk_index_, other.chunk_index_);
  std::swap(buffer_, other.buffer_);
  std::swap(offset_, other.offset_);
  std::swap(data_crc_, other.data_crc_);
  std::swap(statistics_, other.statistics_);
  std::swap(chunk_indexes_, other.chunk_indexes_);
  std::swap(metadata_indexes_, other.metadata_indexes_);
  return *this;
}

McapWriter::~McapWriter() {
  if (fd_ >= 0) close(fd_);
}

void McapWriter::AddSchema(McapSchema schema) { schemas_[schema.id] = std::move(schema); }

void McapWriter::AddChannel(McapChannel channel) { channels_[channel.id] = std::move(channel); }

absl::Status McapWriter::Write(absl::string_view bytes) {
  if (!failure_.ok()) return failure_;
  if (fd_ < 0) return absl::FailedPreconditionError(absl::StrCat(path_, " is finished"));
  data_crc_ = Crc32(data_crc_, bytes);
  while (!bytes.empty()) {
    const ssize_t written = write(fd_, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return failure_ = FileError(errno, "write", path_);
    }
    offset_ += static_cast<uint64_t>(written);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

void McapWriter::Declare(uint16_t channel_id) {
  bool& channel_written = channel_written_[channel_id];
  if (channel_written) return;
  channel_written = true;
  const McapChannel& channel = channels_[channel_id];
  if (const auto schema = schemas_.find(channel.schema_id); schema != schemas_.end()) {
    bool& schema_written = schema_written_[channel.schema_id];
    if (!schema_written) {
      AppendRecord(schema->second, &chunk_);
      ++statistics_.schema_count;
    }
    schema_written = true;
  }
  AppendRecord(channel, &chunk_);
  ++statistics_.channel_count;
}

absl::Status McapWriter::AddMessage(const McapMessage& message) {
  if (!failure_.ok()) return failure_;
  Declare(message.channel_id);
  McapMessageIndex& index = chunk_index_[message.channel_id];
  index.channel_id = message.channel_id;
  index.entries.emplace_back(message.log_time, chunk_.size());
  AppendRecord(message, &chunk_);
  const bool first = chunk_messages_++ == 0;
  chunk_start_time_ = first ? message.log_time : std::min(chunk_start_time_, message.log_time);
  chunk_end_time_ = first ? message.log_time : std::max(chunk_end_time_, message.log_time);
  McapStatistics& all = statistics_;
  all.start_time =
      all.message_count == 0 ? message.log_time : std::min(all.start_time, message.log_time);
  all.end_time = std::max(all.end_time, message.log_time);
  ++all.message_count;
  ++all.channel_message_counts[message.channel_id];
  return chunk_.size() >= options_.chunk_bytes ? CloseChunk() : absl::OkStatus();
}

absl::Status McapWriter::CloseChunk() {
  if (chunk_messages_ == 0) return failure_;
  std::string compressed;
  McapChunk chunk;
  chunk.start_time = chunk_start_time_;
  chunk.end_time = chunk_end_time_;
  chunk.uncompressed_size = chunk_.size();
  chunk.uncompressed_crc = Crc32(0, chunk_);
  chunk.records = chunk_;
  if (options_.compression_level > 0) {
    if (absl::Status status = compressor_->Append(chunk_, options_.compression_level, &compressed);
        !status.ok()) {
      return failure_ = status;
    }
    chunk.compression = "zstd";
    chunk.records = compressed;
  }

  McapChunkIndex index;
  index.start_time = chunk.start_time;
  index.end_time = chunk.end_time;
  index.chunk_start = offset_;
  index.compression = chunk.compression;
  index.compressed_size = chunk.records.size();
  index.uncompressed_size = chunk.uncompressed_size;
  // One call of the system for a chunk with its index, so that a writer that is killed leaves
  // either all of it or nothing of it.
  buffer_.clear();
  AppendChunkStart(chunk, &buffer_);
  buffer_.append(chunk.records.data(), chunk.records.size());
  index.chunk_length = buffer_.size();
  for (const auto& [channel_id, messages] : chunk_index_) {
    if (messages.entries.empty()) continue;
    index.message_index_offsets[channel_id] = offset_ + buffer_.size();
    AppendRecord(messages, &buffer_);
  }
  index.message_index_length = buffer_.size() - index.chunk_length;
  if (absl::Status status = Write(buffer_); !status.ok()) return status;

  chunk_indexes_.push_back(std::move(index));
  ++statistics_.chunk_count;
  chunk_.clear();
  chunk_messages_ = 0;
  for (auto& [channel_id, messages] : chunk_index_) messages.entries.clear();
  return absl::OkStatus();
}

absl::Status McapWriter::AddMetadata(const McapMetadata& metadata) {
  std::string record;
  AppendRecord(metadata, &record);
  const McapMetadataIndex index = {offset_, record.size(), metadata.name};
  if (absl::Status status = Write(record); !status.ok()) return status;
  metadata_indexes_.push_back(index);
  ++statistics_.metadata_count;
  return absl::OkStatus();
}

std::string McapWriter::Summary(uint64_t start, uint64_t* offsets_start) const {
  std::string summary;
  std::string offsets;
  McapSummaryOffset group;
  const auto end_group = [&](Opcode opcode) {
    group.length = start + summary.size() - group.start;
    group.group = opcode;
    if (group.length > 0) AppendRecord(group, &offsets);
    group.start = start + summary.size();
  };
  group.start = start;
  for (const auto& [id, written] : schema_written_) AppendRecord(schemas_.at(id), &summary);
  end_group(Opcode::kSchema);
  for (const auto& [id, written] : channel_written_) AppendRecord(channels_.at(id), &summary);
  end_group(Opcode::kChannel);
  AppendRecord(statistics_, &summary);
  end_group(Opcode::kStatistics);
  for (const McapChunkIndex& index : chunk_indexes_) AppendRecord(index, &summary);
  end_group(Opcode::kChunkIndex);
  for (const McapMetadataIndex& index : metadata_indexes_) AppendRecord(index, &summary);
  end_group(Opcode::kMetadataIndex);
  *offsets_start = start + summary.size();
  return summary + offsets;
}

absl::Status McapWriter::Finish() {
  if (absl::Status status = CloseChunk(); !status.ok()) return status;
  std::string end;
  AppendRecord(McapDataEnd{data_crc_}, &end);
  McapFooter footer;
  footer.summary_start = offset_ + end.size();
  std::string summary = Summary(footer.summary_start, &footer.summary_offset_start);
  AppendRecord(footer, &summary);
  // The checksum covers the footer up to itself.
  summary.resize(summary.size() - sizeof(footer.summary_crc));
  footer.summary_crc = Crc32(0, summary);
  summary.resize(summary.size() - kRecordHeaderSize - sizeof(footer.summary_start) -
                 sizeof(footer.summary_offset_start));
  end += summary;
  AppendRecord(footer, &end);
  end.append(kMcapMagic.data(), kMcapMagic.size());
  if (absl::Status status = Write(end); !status.ok()) return status;
  const int fd = std::exchange(fd_, -1);
  // Some file systems tell an error of an earlier write only now.
  if (close(fd) != 0 && errno != EINTR) return failure_ = FileError(errno, "close", path_);
  return absl::OkStatus();
}

}  // namespace ipmpsc::recording
