// The records of the MCAP format (https://mcap.dev/spec), as values and as bytes. A file is
//
//   magic, Header, data, DataEnd, summary, SummaryOffset..., Footer, magic
//
// and a record is an opcode (1 byte), the length of its content (8 bytes) and its content. All
// numbers are little-endian. The data are Chunks of Schemas, Channels and Messages, each Chunk with
// its MessageIndex records, beside Metadata and Attachments.
#ifndef IPMPSC_RECORDING_MCAP_RECORDS_H_
#define IPMPSC_RECORDING_MCAP_RECORDS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace ipmpsc::recording {

inline constexpr absl::string_view kMcapMagic("\x89MCAP0\r\n", 8);

enum class Opcode : uint8_t {
  kHeader = 0x01,
  kFooter = 0x02,
  kSchema = 0x03,
  kChannel = 0x04,
  kMessage = 0x05,
  kChunk = 0x06,
  kMessageIndex = 0x07,
  kChunkIndex = 0x08,
  kAttachment = 0x09,
  kAttachmentIndex = 0x0a,
  kStatistics = 0x0b,
  kMetadata = 0x0c,
  kMetadataIndex = 0x0d,
  kSummaryOffset = 0x0e,
  kDataEnd = 0x0f,
};

// The bytes of an opcode and a length.
inline constexpr size_t kRecordHeaderSize = 9;

// Times are in nanoseconds since 1970, offsets and lengths in bytes.

using StringMap = std::map<std::string, std::string>;

struct McapHeader {
  std::string profile;
  std::string library;
};

struct McapFooter {
  uint64_t summary_start = 0;         // 0: there is none
  uint64_t summary_offset_start = 0;  // 0: there are none
  uint32_t summary_crc = 0;           // 0: not known
};

struct McapSchema {
  uint16_t id = 0;  // not 0
  std::string name;
  std::string encoding;
  std::string data;
};

struct McapChannel {
  uint16_t id = 0;
  uint16_t schema_id = 0;  // 0: none
  std::string topic;
  std::string message_encoding;
  StringMap metadata;
};

// `data` are bytes of somebody else.
struct McapMessage {
  uint16_t channel_id = 0;
  uint32_t sequence = 0;
  uint64_t log_time = 0;
  uint64_t publish_time = 0;
  absl::string_view data;
};

// `records` are bytes of somebody else.
struct McapChunk {
  uint64_t start_time = 0;
  uint64_t end_time = 0;
  uint64_t uncompressed_size = 0;
  uint32_t uncompressed_crc = 0;  // 0: not known
  std::string compression;        // "zstd", "lz4" or ""
  absl::string_view records;
};

struct McapMessageIndex {
  uint16_t channel_id = 0;
  std::vector<std::pair<uint64_t, uint64_t>> entries;  // log time, offset in the chunk's content
};

struct McapChunkIndex {
  uint64_t start_time = 0;
  uint64_t end_time = 0;
  uint64_t chunk_start = 0;
  uint64_t chunk_length = 0;
  std::map<uint16_t, uint64_t> message_index_offsets;  // by channel
  uint64_t message_index_length = 0;
  std::string compression;
  uint64_t compressed_size = 0;
  uint64_t uncompressed_size = 0;
};

struct McapMetadata {
  std::string name;
  StringMap metadata;
};

struct McapMetadataIndex {
  uint64_t offset = 0;
  uint64_t length = 0;
  std::string name;
};

struct McapStatistics {
  uint64_t message_count = 0;
  uint16_t schema_count = 0;
  uint32_t channel_count = 0;
  uint32_t attachment_count = 0;
  uint32_t metadata_count = 0;
  uint32_t chunk_count = 0;
  uint64_t start_time = 0;
  uint64_t end_time = 0;
  std::map<uint16_t, uint64_t> channel_message_counts;
};

struct McapSummaryOffset {
  Opcode group = Opcode::kSchema;
  uint64_t start = 0;
  uint64_t length = 0;
};

struct McapDataEnd {
  uint32_t data_crc = 0;  // 0: not known
};

// Appends the whole record. REQUIRES: strings are UTF-8, below 4 GiB.
void AppendRecord(const McapHeader& record, std::string* out);
void AppendRecord(const McapFooter& record, std::string* out);
void AppendRecord(const McapSchema& record, std::string* out);
void AppendRecord(const McapChannel& record, std::string* out);
void AppendRecord(const McapMessage& record, std::string* out);
void AppendRecord(const McapMessageIndex& record, std::string* out);
void AppendRecord(const McapChunkIndex& record, std::string* out);
void AppendRecord(const McapMetadata& record, std::string* out);
void AppendRecord(const McapMetadataIndex& record, std::string* out);
void AppendRecord(const McapStatistics& record, std::string* out);
void AppendRecord(const McapSummaryOffset& record, std::string* out);
void AppendRecord(const McapDataEnd& record, std::string* out);
// Appends the record up to where its `records.size()` bytes of records go.
void AppendChunkStart(const McapChunk& chunk, std::string* out);

// Sets `*record` from the content of a record. Ignores what a later version of the format appended.
// False if the content is too short or contradicts itself; `*record` is unspecified then.
bool ParseRecord(absl::string_view content, McapHeader* record);
bool ParseRecord(absl::string_view content, McapFooter* record);
bool ParseRecord(absl::string_view content, McapSchema* record);
bool ParseRecord(absl::string_view content, McapChannel* record);
bool ParseRecord(absl::string_view content, McapMessage* record);
bool ParseRecord(absl::string_view content, McapChunk* record);
bool ParseRecord(absl::string_view content, McapMessageIndex* record);
bool ParseRecord(absl::string_view content, McapChunkIndex* record);
bool ParseRecord(absl::string_view content, McapMetadata* record);
bool ParseRecord(absl::string_view content, McapMetadataIndex* record);
bool ParseRecord(absl::string_view content, McapStatistics* record);
bool ParseRecord(absl::string_view content, McapSummaryOffset* record);
bool ParseRecord(absl::string_view content, McapDataEnd* record);

// One record of a sequence in memory.
struct RawRecord {
  Opcode opcode = Opcode::kHeader;
  absl::string_view content;
};

// Takes the first record off `*bytes`. False if they do not hold a whole one.
bool TakeRecord(absl::string_view* bytes, RawRecord* record);

}  // namespace ipmpsc::recording

#endif  // IPMPSC_RECORDING_MCAP_RECORDS_H_
