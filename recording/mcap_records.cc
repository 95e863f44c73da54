#include "recording/mcap_records.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace ipmpsc::recording {
namespace {

template <typename T>
void AppendNumber(T value, std::string* out) {
  char bytes[sizeof(T)];
  for (size_t i = 0; i < sizeof(T); ++i) bytes[i] = static_cast<char>(value >> (8 * i));
  out->append(bytes, sizeof(T));
}

template <typename T>
void SetNumber(size_t at, T value, std::string* out) {
  for (size_t i = 0; i < sizeof(T); ++i) (*out)[at + i] = static_cast<char>(value >> (8 * i));
}

void AppendString(absl::string_view text, std::string* out) {
  AppendNumber(static_cast<uint32_t>(text.size()), out);
  out->append(text.data(), text.size());
}

// Fills in the length of a part that was appended since.
template <typename Length>
class LengthBefore {
 public:
  explicit LengthBefore(std::string* out) : out_(out), at_(out->size()) {
    AppendNumber(Length{0}, out);
  }
  LengthBefore(const LengthBefore&) = delete;
  LengthBefore& operator=(const LengthBefore&) = delete;
  ~LengthBefore() {
    SetNumber(at_, static_cast<Length>(out_->size() - at_ - sizeof(Length)), out_);
  }

 private:
  std::string* out_;
  size_t at_;
};

void AppendOpcode(Opcode opcode, std::string* out) { out->push_back(static_cast<char>(opcode)); }

void AppendMap(const StringMap& map, std::string* out) {
  const LengthBefore<uint32_t> length(out);
  for (const auto& [key, value] : map) {
    AppendString(key, out);
    AppendString(value, out);
  }
}

void AppendMap(const std::map<uint16_t, uint64_t>& map, std::string* out) {
  const LengthBefore<uint32_t> length(out);
  for (const auto& [key, value] : map) {
    AppendNumber(key, out);
    AppendNumber(value, out);
  }
}

// Takes values off the front of a content. After a failure all that follows fails.
class Parser {
 public:
  explicit Parser(absl::string_view content) : rest_(content) {}

  bool ok() const { return ok_; }
  bool empty() const { return !ok_ || rest_.empty(); }

  template <typename T>
  Parser& Number(T* value) {
    *value = 0;
    const absl::string_view bytes = Take(sizeof(T));
    for (size_t i = 0; i < bytes.size(); ++i) {
      *value =
          static_cast<T>(*value | static_cast<T>(static_cast<unsigned char>(bytes[i])) << (8 * i));
    }
    return *this;
  }
  Parser& String(std::string* value) {
    const absl::string_view bytes = Prefixed<uint32_t>();
    value->assign(bytes.data(), bytes.size());
    return *this;
  }
  template <typename Length>
  absl::string_view Prefixed() {
    Length size;
    Number(&size);
    return Take(size);
  }
  Parser& Map(StringMap* map) {
    map->clear();
    for (Parser entries(Prefixed<uint32_t>()); ok_ && !entries.rest_.empty(); ok_ = entries.ok_) {
      std::string key;
      std::string value;
      entries.String(&key).String(&value);
      (*map)[std::move(key)] = std::move(value);
    }
    return *this;
  }
  Parser& Map(std::map<uint16_t, uint64_t>* map) {
    map->clear();
    for (Parser entries(Prefixed<uint32_t>()); ok_ && !entries.rest_.empty(); ok_ = entries.ok_) {
      uint16_t key;
      uint64_t value;
      entries.Number(&key).Number(&value);
      (*map)[key] = value;
    }
    return *this;
  }
  absl::string_view Rest() { return Take(rest_.size()); }

 private:
  absl::string_view Take(uint64_t size) {
    if (!ok_ || size > rest_.size()) {
      ok_ = false;
      return "";
    }
    const absl::string_view bytes = rest_.substr(0, static_cast<size_t>(size));
    rest_.remove_prefix(static_cast<size_t>(size));
    return bytes;
  }

  absl::string_view rest_;
  bool ok_ = true;
};

}  // namespace

void AppendRecord(const McapHeader& record, std::string* out) {
  AppendOpcode(Opcode::kHeader, out);
  const LengthBefore<uint64_t> length(out);
  AppendString(record.profile, out);
  AppendString(record.library, out);
}

bool ParseRecord(absl::string_view content, McapHeader* record) {
  return Parser(content).String(&record->profile).String(&record->library).ok();
}

void AppendRecord(const McapFooter& record, std::string* out) {
  AppendOpcode(Opcode::kFooter, out);
  const LengthBefore<uint64_t> length(out);
  AppendNumber(record.summary_start, out);
  AppendNumber(record.summary_offset_start, out);
  AppendNumber(record.summary_crc, out);
}

bool ParseRecord(absl::string_view content, McapFooter* record) {
  return Parser(content)
      .Number(&record->summary_start)
      .Number(&record->summary_offset_start)
      .Number(&record->summary_crc)
      .ok();
}

void AppendRecord(const McapSchema& record, std::string* out) {
  AppendOpcode(Opcode::kSchema, out);
  const LengthBefore<uint64_t> length(out);
  AppendNumber(record.id, out);
  AppendString(record.name, out);
  AppendString(record.encoding, out);
  AppendString(record.data, out);
}

bool ParseRecord(absl::string_view content, McapSchema* record) {
  return Parser(content)
             .Number(&record->id)
             .String(&record->name)
             .String(&record->encoding)
             .String(&record->data)
             .ok() &&
         record->id != 0;
}

void AppendRecord(const McapChannel& record, std::string* out) {
  AppendOpcode(Opcode::kChannel, out);
  const LengthBefore<uint64_t> length(out);
  AppendNumber(record.id, out);
  AppendNumber(record.schema_id, out);
  AppendString(record.topic, out);
  AppendString(record.message_encoding, out);
  AppendMap(record.metadata, out);
}

bool ParseRecord(absl::string_view content, McapChannel* record) {
  return Parser(content)
      .Number(&record->id)
      .Number(&record->schema_id)
      .String(&record->topic)
      .String(&record->message_encoding)
      .Map(&record->metadata)
      .ok();
}

void AppendRecord(const McapMessage& record, std::string* out) {
  AppendOpcode(Opcode::kMessage, out);
  AppendNumber(uint64_t{2 + 4 + 8 + 8} + record.data.size(), out);
  AppendNumber(record.channel_id, out);
  AppendNumber(record.sequence, out);
  AppendNumber(record.log_time, out);
  AppendNumber(record.publish_time, out);
  out->append(record.data.data(), record.data.size());
}

bool ParseRecord(absl::string_view content, McapMessage* record) {
  Parser parser(content);
  parser.Number(&record->channel_id)
      .Number(&record->sequence)
      .Number(&record->log_time)
      .Number(&record->publish_time);
  record->data = parser.Rest();
  return parser.ok();
}

void AppendChunkStart(const McapChunk& chunk, std::string* out) {
  AppendOpcode(Opcode::kChunk, out);
  AppendNumber(uint64_t{8 + 8 + 8 + 4 + 4 + 8} + chunk.compression.size() + chunk.records.size(),
               out);
  AppendNumber(chunk.start_time, out);
  AppendNumber(chunk.end_time, out);
  AppendNumber(chunk.uncompressed_size, out);
  AppendNumber(chunk.uncompressed_crc, out);
  AppendString(chunk.compression, out);
  AppendNumber(uint64_t{chunk.records.size()}, out);
}

bool ParseRecord(absl::string_view content, McapChunk* record) {
  Parser parser(content);
  parser.Number(&record->start_time)
      .Number(&record->end_time)
      .Number(&record->uncompressed_size)
      .Number(&record->uncompressed_crc)
      .String(&record->compression);
  record->records = parser.Prefixed<uint64_t>();
  return parser.ok();
}

void AppendRecord(const McapMessageIndex& record, std::string* out) {
  AppendOpcode(Opcode::kMessageIndex, out);
  const LengthBefore<uint64_t> length(out);
  AppendNumber(record.channel_id, out);
  const LengthBefore<uint32_t> entries(out);
  for (const auto& [time, offset] : record.entries) {
    AppendNumber(time, out);
    AppendNumber(offset, out);
  }
}

bool ParseRecord(absl::string_view content, McapMessageIndex* record) {
  Parser parser(content);
  parser.Number(&record->channel_id);
  record->entries.clear();
  Parser entries(parser.Prefixed<uint32_t>());
  while (!entries.empty()) {
    uint64_t time;
    uint64_t offset;
    if (!entries.Number(&time).Number(&offset).ok()) return false;
    record->entries.emplace_back(time, offset);
  }
  return parser.ok();
}

void AppendRecord(const McapChunkIndex& record, std::string* out) {
  AppendOpcode(Opcode::kChunkIndex, out);
  const LengthBefore<uint64_t> length(out);
  AppendNumber(record.start_time, out);
  AppendNumber(record.end_time, out);
  AppendNumber(record.chunk_start, out);
  AppendNumber(record.chunk_length, out);
  AppendMap(record.message_index_offsets, out);
  AppendNumber(record.message_index_length, out);
  AppendString(record.compression, out);
  AppendNumber(record.compressed_size, out);
  AppendNumber(record.uncompressed_size, out);
}

bool ParseRecord(absl::string_view content, McapChunkIndex* record) {
  return Parser(content)
      .Number(&record->start_time)
      .Number(&record->end_time)
      .Number(&record->chunk_start)
      .Number(&record->chunk_length)
      .Map(&record->message_index_offsets)
      .Number(&record->message_index_length)
      .String(&record->compression)
      .Number(&record->compressed_size)
      .Number(&record->uncompressed_size)
      .ok();
}

void AppendRecord(const McapMetadata& record, std::string* out) {
  AppendOpcode(Opcode::kMetadata, out);
  const LengthBefore<uint64_t> length(out);
  AppendString(record.name, out);
  AppendMap(record.metadata, out);
}

bool ParseRecord(absl::string_view content, McapMetadata* record) {
  return Parser(content).String(&record->name).Map(&record->metadata).ok();
}

void AppendRecord(const McapMetadataIndex& record, std::string* out) {
  AppendOpcode(Opcode::kMetadataIndex, out);
  const LengthBefore<uint64_t> length(out);
  AppendNumber(record.offset, out);
  AppendNumber(record.length, out);
  AppendString(record.name, out);
}

bool ParseRecord(absl::string_view content, McapMetadataIndex* record) {
  return Parser(content).Number(&record->offset).Number(&record->length).String(&record->name).ok();
}

void AppendRecord(const McapStatistics& record, std::string* out) {
  AppendOpcode(Opcode::kStatistics, out);
  const LengthBefore<uint64_t> length(out);
  AppendNumber(record.message_count, out);
  AppendNumber(record.schema_count, out);
  AppendNumber(record.channel_count, out);
  AppendNumber(record.attachment_count, out);
  AppendNumber(record.metadata_count, out);
  AppendNumber(record.chunk_count, out);
  AppendNumber(record.start_time, out);
  AppendNumber(record.end_time, out);
  AppendMap(record.channel_message_counts, out);
}

bool ParseRecord(absl::string_view content, McapStatistics* record) {
  return Parser(content)
      .Number(&record->message_count)
      .Number(&record->schema_count)
      .Number(&record->channel_count)
      .Number(&record->attachment_count)
      .Number(&record->metadata_count)
      .Number(&record->chunk_count)
      .Number(&record->start_time)
      .Number(&record->end_time)
      .Map(&record->channel_message_counts)
      .ok();
}

void AppendRecord(const McapSummaryOffset& record, std::string* out) {
  AppendOpcode(Opcode::kSummaryOffset, out);
  const LengthBefore<uint64_t> length(out);
  AppendNumber(static_cast<uint8_t>(record.group), out);
  AppendNumber(record.start, out);
  AppendNumber(record.length, out);
}

bool ParseRecord(absl::string_view content, McapSummaryOffset* record) {
  uint8_t group;
  if (!Parser(content).Number(&group).Number(&record->start).Number(&record->length).ok())
    return false;
  record->group = static_cast<Opcode>(group);
  return true;
}

void AppendRecord(const McapDataEnd& record, std::string* out) {
  AppendOpcode(Opcode::kDataEnd, out);
  const LengthBefore<uint64_t> length(out);
  AppendNumber(record.data_crc, out);
}

bool ParseRecord(absl::string_view content, McapDataEnd* record) {
  return Parser(content).Number(&record->data_crc).ok();
}

bool TakeRecord(absl::string_view* bytes, RawRecord* record) {
  Parser parser(*bytes);
  uint8_t opcode;
  parser.Number(&opcode);
  record->content = parser.Prefixed<uint64_t>();
  if (!parser.ok()) return false;
  record->opcode = static_cast<Opcode>(opcode);
  bytes->remove_prefix(kRecordHeaderSize + record->content.size());
  return true;
}

}  // namespace ipmpsc::recording
