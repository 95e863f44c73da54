// McapReader: reads the messages of an MCAP file in the order of the file.
//
//   absl::StatusOr<McapReader> reader = McapReader::Open("quotes.mcap");
//   McapItem item;
//   while (reader->Next(&item).ok()) Show(item.message.data);
//
// It reads files of any writer, without trusting them: whatever the file contains, the result is
// messages or an error. The file of a writer that was killed ends with its last whole chunk.
#ifndef IPMPSC_RECORDING_MCAP_READER_H_
#define IPMPSC_RECORDING_MCAP_READER_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "recording/mcap_records.h"

namespace ipmpsc::recording {

// The bytes of a file.
class McapSource {
 public:
  virtual ~McapSource() = default;
  virtual uint64_t size() const = 0;
  // Sets `*out` to the `length` bytes at `offset`, which lie in the file.
  virtual absl::Status Read(uint64_t offset, uint64_t length, std::string* out) = 0;
};

struct McapReaderOptions {
  // Leaves out messages whose log time is outside [start_time, end_time). The largest number means
  // no end.
  uint64_t start_time = 0;
  uint64_t end_time = std::numeric_limits<uint64_t>::max();
  // A larger record, or a chunk with a larger content, is an error. It bounds the memory.
  uint64_t max_record_bytes = uint64_t{2} << 30;
};

struct McapItem {
  enum class Kind { kMessage, kMetadata };
  Kind kind = Kind::kMessage;
  // Of a message. `message.data` is valid until the next call of `Next`.
  const McapChannel* channel = nullptr;
  McapMessage message;
  McapMetadata metadata;
};

// Thread-compatible.
class McapReader {
 public:
  // Errors:
  //  * kNotFound, kPermissionDenied, kResourceExhausted, kInternal - the file cannot be opened
  //  * kInvalidArgument - not an MCAP file; a directory
  static absl::StatusOr<McapReader> Open(const std::string& path,
                                         const McapReaderOptions& options = {});
  // Errors: kInvalidArgument as `Open`, and those of the source.
  static absl::StatusOr<McapReader> Over(std::unique_ptr<McapSource> source,
                                         const McapReaderOptions& options = {});

  McapReader(McapReader&&) = default;
  McapReader& operator=(McapReader&&) = default;

  // Sets `*item` to the next message or metadata record.
  //
  // Errors:
  //  * kOutOfRange    - that was the last one; `complete()` says whether the file is whole
  //  * kDataLoss      - a part of the file is damaged; the next call continues behind it
  //  * kUnimplemented - a chunk is compressed in a way that is not read here; the next call
  //                     continues behind it
  //  * kResourceExhausted, kInternal - the file cannot be read
  absl::Status Next(McapItem* item);

  // Whether the file has the end of a finished file. Otherwise its writer was killed or still
  // writes. Known once `Next` has returned kOutOfRange.
  bool complete() const { return complete_; }
  // From the summary of a finished file.
  const std::optional<McapStatistics>& statistics() const { return statistics_; }
  // The schema of a channel, or null.
  const McapSchema* FindSchema(uint16_t id) const;
  const std::map<uint16_t, McapChannel>& channels() const { return channels_; }
  const McapHeader& header() const { return header_; }
  // How far it has read, and the size of the file, in bytes.
  uint64_t offset() const { return offset_; }
  uint64_t size() const { return source_->size(); }

 private:
  McapReader(std::unique_ptr<McapSource> source, const McapReaderOptions& options)
      : source_(std::move(source)), options_(options) {}

  absl::Status Start();
  // Takes schemas, channels and statistics from the summary, if there is one that is whole.
  absl::Status ReadSummary();
  // Reads the next record of the file. Sets `*found` if it is for the caller.
  absl::Status ReadRecord(McapItem* item, bool* found);
  // Reads the content of the record at `record_offset_`, of `length` bytes, into `buffer_`.
  absl::Status ReadContent(uint64_t length);
  bool IsBeforeEnd(uint64_t time) const;
  // Whether the chunk there has no message that is wanted.
  absl::StatusOr<bool> MaySkipChunk(uint64_t length);
  absl::Status OpenChunk(absl::string_view content);
  // Reads the next record of the open chunk.
  absl::Status ReadChunkRecord(McapItem* item, bool* found);
  absl::Status TakeMessage(absl::string_view content, McapItem* item, bool* found);
  // Takes a schema or a channel.
  absl::Status TakeDescription(const RawRecord& record);
  // Checks the end of the data and of the file.
  absl::Status End(const McapDataEnd& data_end, uint32_t data_crc);
  absl::Status Damaged(absl::string_view what) const;

  std::unique_ptr<McapSource> source_;
  McapReaderOptions options_;
  McapHeader header_;
  std::optional<McapStatistics> statistics_;
  enum class Summary { kMissing, kNone, kWhole, kDamaged };
  Summary summary_ = Summary::kMissing;
  std::map<uint16_t, McapSchema> schemas_;
  std::map<uint16_t, McapChannel> channels_;

  uint64_t offset_ = 0;         // of the next record
  uint64_t record_offset_ = 0;  // of the last one
  bool ended_ = false;
  bool complete_ = false;
  // Of everything up to `offset_`, unless some of it was skipped.
  uint32_t data_crc_ = 0;
  bool crc_is_whole_ = true;
  std::string buffer_;
  std::string chunk_;
  size_t chunk_offset_ = 0;
  bool chunk_is_open_ = false;
};

}  // namespace ipmpsc::recording

#endif  // IPMPSC_RECORDING_MCAP_READER_H_
