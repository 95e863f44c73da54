#include "recording/mcap_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "recording/compression.h"
#include "recording/mcap_records.h"

namespace ipmpsc::recording {
namespace {

// Footer and magic.
constexpr uint64_t kFooterSize = 8 + 8 + 4;
constexpr uint64_t kEndSize = kRecordHeaderSize + kFooterSize + 8;

// The bytes that one call of the system reads, unless more are wanted.
constexpr uint64_t kBlockSize = 256 << 10;

class FileSource : public McapSource {
 public:
  FileSource(std::string path, int fd, uint64_t size)
      : path_(std::move(path)), fd_(fd), size_(size) {}
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;
  ~FileSource() override { close(fd_); }

  uint64_t size() const override { return size_; }

  absl::Status Read(uint64_t offset, uint64_t length, std::string* out) override {
    if (length >= kBlockSize) return ReadFile(offset, length, out);
    if (offset < block_offset_ || offset + length > block_offset_ + block_.size()) {
      const absl::Status status = ReadFile(offset, std::min(kBlockSize, size_ - offset), &block_);
      if (!status.ok()) {
        block_.clear();
        return status;
      }
      block_offset_ = offset;
    }
    out->assign(block_, offset - block_offset_, length);
    return absl::OkStatus();
  }

 private:
  absl::Status ReadFile(uint64_t offset, uint64_t length, std::string* out) const {
    out->resize(length);
    for (uint64_t done = 0; done < length;) {
      const ssize_t bytes =
          pread(fd_, &(*out)[done], length - done, static_cast<off_t>(offset + done));
      if (bytes < 0 && errno == EINTR) continue;
      if (bytes < 0)
        return absl::InternalError(absl::StrCat("cannot read ", path_, ": ", strerror(errno)));
      if (bytes == 0)
        return absl::InternalError(absl::StrCat(path_, " was truncated while it was read"));
      done += static_cast<uint64_t>(bytes);
    }
    return absl::OkStatus();
  }

  const std::string path_;
  const int fd_;
  const uint64_t size_;
  std::string block_;
  uint64_t block_offset_ = 0;
};

absl::Status NoMcap() {
  return absl::InvalidArgumentError("not an MCAP file: it does not begin with MCAP's magic bytes");
}

}  // namespace

absl::StatusOr<McapReader> McapReader::Open(const std::string& path,
                                            const McapReaderOptions& options) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    const std::string text = absl::StrCat("cannot open ", path, ": ", strerror(errno));
    switch (errno) {
      case ENOENT:
      case ENOTDIR:
        return absl::NotFoundError(text);
      case EACCES:
      case EPERM:
        return absl::PermissionDeniedError(text);
      case EMFILE:
      case ENFILE:
      case ENOMEM:
        return absl::ResourceExhaustedError(text);
      default:
        return absl::InternalError(text);
    }
  }
  struct stat file = {};
  if (fstat(fd, &file) != 0 || !S_ISREG(file.st_mode)) {
    close(fd);
    return absl::InvalidArgumentError(absl::StrCat(path, ": not an MCAP file: not a regular file"));
  }
  absl::StatusOr<McapReader> reader =
      Over(std::make_unique<FileSource>(path, fd, static_cast<uint64_t>(file.st_size)), options);
  if (reader.ok()) return reader;
  return absl::Status(reader.status().code(), absl::StrCat(path, ": ", reader.status().message()));
}

absl::StatusOr<McapReader> McapReader::Over(std::unique_ptr<McapSource> source,
                                            const McapReaderOptions& options) {
  McapReader reader(std::move(source), options);
  if (absl::Status status = reader.Start(); !status.ok()) return status;
  return reader;
}

absl::Status McapReader::Start() {
  if (size() < kMcapMagic.size()) return NoMcap();
  absl::Status status = source_->Read(0, kMcapMagic.size(), &buffer_);
  if (!status.ok()) return status;
  if (buffer_ != kMcapMagic) return NoMcap();
  offset_ = kMcapMagic.size();
  data_crc_ = Crc32(0, buffer_);
  return ReadSummary();
}

absl::Status McapReader::ReadSummary() {
  if (size() < kMcapMagic.size() + kEndSize) return absl::OkStatus();
  const uint64_t end = size() - kEndSize;
  std::string bytes;
  if (absl::Status status = source_->Read(end, kEndSize, &bytes); !status.ok()) return status;
  if (absl::string_view(bytes).substr(kEndSize - kMcapMagic.size()) != kMcapMagic)
    return absl::OkStatus();
  absl::string_view rest = bytes;
  RawRecord record;
  McapFooter footer;
  if (!TakeRecord(&rest, &record) || record.opcode != Opcode::kFooter ||
      record.content.size() != kFooterSize || !ParseRecord(record.content, &footer)) {
    return absl::OkStatus();
  }
  if (footer.summary_start == 0) {
    summary_ = Summary::kNone;
    return absl::OkStatus();
  }
  summary_ = Summary::kDamaged;
  if (footer.summary_start < kMcapMagic.size() || footer.summary_start > end ||
      end - footer.summary_start > options_.max_record_bytes) {
    return absl::OkStatus();
  }
  const uint64_t length = end - footer.summary_start;
  std::string summary;
  absl::Status status = source_->Read(footer.summary_start, length, &summary);
  if (!status.ok()) return status;
  if (footer.summary_crc != 0) {
    const absl::string_view covered = absl::string_view(bytes).substr(0, kRecordHeaderSize + 16);
    if (Crc32(Crc32(0, summary), covered) != footer.summary_crc) return absl::OkStatus();
  }
  for (rest = summary; TakeRecord(&rest, &record);) {
    if (record.opcode == Opcode::kSchema || record.opcode == Opcode::kChannel) {
      if (!TakeDescription(record).ok()) return absl::OkStatus();
    } else if (record.opcode == Opcode::kStatistics) {
      statistics_.emplace();
      if (!ParseRecord(record.content, &*statistics_)) {
        statistics_.reset();
        return absl::OkStatus();
      }
    }
  }
  if (rest.empty()) summary_ = Summary::kWhole;
  return absl::OkStatus();
}

absl::Status McapReader::Damaged(absl::string_view what) const {
  return absl::DataLossError(
      absl::StrCat("damaged at byte ", record_offset_, " of the file: ", what));
}

const McapSchema* McapReader::FindSchema(uint16_t id) const {
  const auto found = schemas_.find(id);
  return found != schemas_.end() ? &found->second : nullptr;
}

absl::Status McapReader::Next(McapItem* item) {
  for (bool found = false;;) {
    const absl::Status status =
        chunk_is_open_ ? ReadChunkRecord(item, &found) : ReadRecord(item, &found);
    if (!status.ok() || found) return status;
  }
}

absl::Status McapReader::ReadContent(uint64_t length) {
  absl::Status status = source_->Read(record_offset_ + kRecordHeaderSize, length, &buffer_);
  if (status.ok()) data_crc_ = Crc32(data_crc_, buffer_);
  // A failed read ends the reading: no later call tries it again.
  if (!status.ok()) ended_ = true;
  return status;
}

absl::Status McapReader::ReadRecord(McapItem* item, bool* found) {
  if (ended_) return absl::OutOfRangeError(complete_ ? "the end" : "the file is not finished");
  record_offset_ = offset_;
  const auto end_early = [this](absl::string_view what) {
    ended_ = true;
    return absl::OutOfRangeError(absl::StrCat("the file ends at byte ", size(), " without its end",
                                              what.empty() ? "" : ": ", what));
  };
  if (size() - offset_ < kRecordHeaderSize) return end_early("");
  std::string header;
  if (absl::Status status = source_->Read(offset_, kRecordHeaderSize, &header); !status.ok()) {
    ended_ = true;
    return status;
  }
  const auto opcode = static_cast<Opcode>(static_cast<unsigned char>(header[0]));
  uint64_t length = 0;
  for (int i = 0; i < 8; ++i)
    length |= uint64_t{static_cast<unsigned char>(header[1 + i])} << (8 * i);
  if (opcode == Opcode{0}) return end_early(absl::StrCat("no record begins at byte ", offset_));
  if (length > size() - offset_ - kRecordHeaderSize) {
    return end_early(
        absl::StrCat("the record at byte ", offset_, " would have ", length, " bytes"));
  }
  offset_ += kRecordHeaderSize + length;
  const uint32_t crc_before = data_crc_;
  data_crc_ = Crc32(data_crc_, header);

  bool wanted = opcode != Opcode::kAttachment;
  if (wanted && length > options_.max_record_bytes) {
    crc_is_whole_ = false;
    return Damaged(absl::StrCat("a record of ", length, " bytes, above the limit of ",
                                options_.max_record_bytes));
  }
  if (opcode == Opcode::kChunk) {
    absl::StatusOr<bool> may_skip = MaySkipChunk(length);
    if (!may_skip.ok()) return may_skip.status();
    wanted = !*may_skip;
  }
  if (!wanted) {
    crc_is_whole_ = false;
    return absl::OkStatus();
  }
  if (absl::Status status = ReadContent(length); !status.ok()) return status;
  switch (opcode) {
    case Opcode::kHeader:
      if (!ParseRecord(buffer_, &header_)) return Damaged("a header that cannot be parsed");
      return absl::OkStatus();
    case Opcode::kSchema:
    case Opcode::kChannel:
      return TakeDescription({opcode, buffer_});
    case Opcode::kMessage:
      return TakeMessage(buffer_, item, found);
    case Opcode::kChunk:
      return OpenChunk(buffer_);
    case Opcode::kMetadata:
      if (!ParseRecord(buffer_, &item->metadata)) return Damaged("metadata that cannot be parsed");
      item->kind = McapItem::Kind::kMetadata;
      item->channel = nullptr;
      *found = true;
      return absl::OkStatus();
    case Opcode::kDataEnd: {
      McapDataEnd data_end;
      if (!ParseRecord(buffer_, &data_end)) return Damaged("an end that cannot be parsed");
      return End(data_end, crc_before);
    }
    case Opcode::kFooter:
      if (size() < kEndSize || record_offset_ != size() - kEndSize)
        return Damaged("a footer that is not at the end");
      return End({}, crc_before);
    default:  // an index, or of a later version
      return absl::OkStatus();
  }
}

bool McapReader::IsBeforeEnd(uint64_t time) const {
  return time < options_.end_time || options_.end_time == std::numeric_limits<uint64_t>::max();
}

absl::StatusOr<bool> McapReader::MaySkipChunk(uint64_t length) {
  // Without a summary the chunk may be the only place of a description.
  if (summary_ != Summary::kWhole || channels_.empty() || length < 16) return false;
  McapChunk chunk;
  std::string times;
  absl::Status status =
      source_->Read(record_offset_ + kRecordHeaderSize, std::min<uint64_t>(length, 64), &times);
  if (!status.ok()) {
    ended_ = true;
    return status;
  }
  // Fails on the records, which are not all there, but the times come first.
  static_cast<void>(ParseRecord(times, &chunk));
  return chunk.end_time < options_.start_time || !IsBeforeEnd(chunk.start_time);
}

absl::Status McapReader::OpenChunk(absl::string_view content) {
  McapChunk chunk;
  if (!ParseRecord(content, &chunk)) return Damaged("a chunk that cannot be parsed");
  if (chunk.uncompressed_size > options_.max_record_bytes) {
    return Damaged(absl::StrCat("a chunk of ", chunk.uncompressed_size,
                                " bytes, above the limit of ", options_.max_record_bytes));
  }
  if (chunk.compression == "zstd") {
    absl::Status status = Decompress(chunk.records, chunk.uncompressed_size, &chunk_);
    if (absl::IsDataLoss(status)) return Damaged(status.message());
    if (!status.ok()) return status;
  } else if (chunk.compression.empty()) {
    chunk_.assign(chunk.records.data(), chunk.records.size());
    if (chunk_.size() != chunk.uncompressed_size)
      return Damaged("a chunk whose content has another size than it says");
  } else {
    return absl::UnimplementedError(
        absl::StrCat("the chunk at byte ", record_offset_,
                     " is not compressed with zstd; convert the file with ",
                     "`mcap compress --compression zstd`"));
  }
  if (chunk.uncompressed_crc != 0 && Crc32(0, chunk_) != chunk.uncompressed_crc)
    return Damaged("a chunk whose content does not have its checksum");
  chunk_offset_ = 0;
  chunk_is_open_ = true;
  return absl::OkStatus();
}

absl::Status McapReader::ReadChunkRecord(McapItem* item, bool* found) {
  absl::string_view rest = absl::string_view(chunk_).substr(chunk_offset_);
  if (rest.empty()) {
    chunk_is_open_ = false;
    return absl::OkStatus();
  }
  RawRecord record;
  if (!TakeRecord(&rest, &record)) {
    chunk_is_open_ = false;
    return Damaged("a chunk with a record that is not whole");
  }
  chunk_offset_ = chunk_.size() - rest.size();
  switch (record.opcode) {
    case Opcode::kSchema:
    case Opcode::kChannel:
      return TakeDescription(record);
    case Opcode::kMessage:
      return TakeMessage(record.content, item, found);
    default:
      return absl::OkStatus();
  }
}

absl::Status McapReader::TakeMessage(absl::string_view content, McapItem* item, bool* found) {
  if (!ParseRecord(content, &item->message)) return Damaged("a message that cannot be parsed");
  const auto channel = channels_.find(item->message.channel_id);
  if (channel == channels_.end()) {
    return Damaged(absl::StrCat("a message of channel ", item->message.channel_id,
                                ", which the file does not describe"));
  }
  item->kind = McapItem::Kind::kMessage;
  item->channel = &channel->second;
  *found = item->message.log_time >= options_.start_time && IsBeforeEnd(item->message.log_time);
  return absl::OkStatus();
}

absl::Status McapReader::TakeDescription(const RawRecord& record) {
  if (record.opcode == Opcode::kSchema) {
    McapSchema schema;
    if (!ParseRecord(record.content, &schema)) return Damaged("a schema that cannot be parsed");
    const auto [found, is_new] = schemas_.try_emplace(schema.id, schema);
    if (!is_new && (found->second.name != schema.name || found->second.data != schema.data ||
                    found->second.encoding != schema.encoding)) {
      return Damaged(absl::StrCat("two schemas of the number ", schema.id));
    }
    return absl::OkStatus();
  }
  McapChannel channel;
  if (!ParseRecord(record.content, &channel)) return Damaged("a channel that cannot be parsed");
  const auto [found, is_new] = channels_.try_emplace(channel.id, channel);
  if (!is_new &&
      (found->second.topic != channel.topic || found->second.schema_id != channel.schema_id ||
       found->second.message_encoding != channel.message_encoding)) {
    return Damaged(absl::StrCat("two channels of the number ", channel.id));
  }
  return absl::OkStatus();
}

absl::Status McapReader::End(const McapDataEnd& data_end, uint32_t data_crc) {
  ended_ = true;
  offset_ = size();
  if (data_end.data_crc != 0 && crc_is_whole_ && data_crc != data_end.data_crc)
    return Damaged("the data do not have their checksum");
  if (summary_ == Summary::kDamaged) return Damaged("the summary does not have its checksum");
  complete_ = summary_ != Summary::kMissing;
  return absl::OkStatus();
}

}  // namespace ipmpsc::recording
