// McapWriter: writes an MCAP file.
//
//   absl::StatusOr<McapWriter> writer = McapWriter::Create("quotes.mcap", {});
//   writer->AddChannel(channel);
//   absl::Status written = writer->AddMessage(message);
//   absl::Status finished = writer->Finish();
//
// Messages are collected in memory, and written as one compressed chunk at a time. Each chunk is
// followed by its index. So the file of a writer that was killed has everything up to its last
// chunk. `Finish` adds the summary, with which readers find a time without reading all.
#ifndef IPMPSC_RECORDING_MCAP_WRITER_H_
#define IPMPSC_RECORDING_MCAP_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "recording/compression.h"
#include "recording/mcap_records.h"

namespace ipmpsc::recording {

struct McapWriterOptions {
  // A chunk is written when its messages have this size, before compression.
  size_t chunk_bytes = size_t{4} << 20;
  // The level of zstd, 1 to 19; 0 leaves chunks as they are.
  int compression_level = 1;
  // Replaces a file that exists.
  bool overwrite = false;
};

// Thread-compatible. After an error of the file no more can be written to it.
class McapWriter {
 public:
  // Creates the file, of mode 0666 less the umask.
  //
  // Errors:
  //  * kAlreadyExists     - there is one, and it is not to be replaced
  //  * kNotFound          - its directory does not exist
  //  * kPermissionDenied  - it may not be created
  //  * kInvalidArgument   - it is a directory
  //  * kResourceExhausted - no space, or no file descriptors
  //  * kInternal          - another error of the file system
  static absl::StatusOr<McapWriter> Create(const std::string& path,
                                           const McapWriterOptions& options);

  McapWriter(McapWriter&& other) noexcept;
  McapWriter& operator=(McapWriter&& other) noexcept;
  // Closes the file without finishing it.
  ~McapWriter();

  // Adds a description. Messages name a channel by its id, and channels a schema. It is written
  // with the first message that needs it. REQUIRES: ids are not reused; a schema's is not 0.
  void AddSchema(McapSchema schema);
  void AddChannel(McapChannel channel);

  // Adds a message of a channel that was added. Its data are copied.
  //
  // Errors: kResourceExhausted - the file system is full, or another limit; kInternal - another
  // error of the file system.
  absl::Status AddMessage(const McapMessage& message);
  // Writes a metadata record, behind the chunks so far. Errors: as `AddMessage`.
  absl::Status AddMetadata(const McapMetadata& metadata);
  // Writes the messages that were collected so far as a chunk. Errors: as `AddMessage`.
  absl::Status CloseChunk();
  // Writes what is left and the summary, and closes the file. Errors: as `AddMessage`.
  absl::Status Finish();

  // The bytes of the messages that are collected and not written yet.
  size_t pending_bytes() const { return chunk_.size(); }
  // The size of the file so far.
  uint64_t file_bytes() const { return offset_; }
  const McapStatistics& statistics() const { return statistics_; }
  const std::string& path() const { return path_; }

 private:
  McapWriter(std::string path, int fd, const McapWriterOptions& options);

  // Writes to the file, whose size and checksum it keeps.
  absl::Status Write(absl::string_view bytes);
  // Appends the channel and its schema to the chunk, if this file does not have them yet.
  void Declare(uint16_t channel_id);
  // The bytes of the summary, which begins at `start`, and of its offsets.
  std::string Summary(uint64_t start, uint64_t* offsets_start) const;

  std::string path_;
  int fd_ = -1;
  McapWriterOptions options_;
  std::unique_ptr<Compressor> compressor_;
  absl::Status failure_;

  std::map<uint16_t, McapSchema> schemas_;
  std::map<uint16_t, McapChannel> channels_;
  std::map<uint16_t, bool> schema_written_;
  std::map<uint16_t, bool> channel_written_;

  // The open chunk.
  std::string chunk_;
  uint64_t chunk_start_time_ = 0;
  uint64_t chunk_end_time_ = 0;
  uint64_t chunk_messages_ = 0;
  std::map<uint16_t, McapMessageIndex> chunk_index_;

  std::string buffer_;
  uint64_t offset_ = 0;
  uint32_t data_crc_ = 0;
  McapStatistics statistics_;
  std::vector<McapChunkIndex> chunk_indexes_;
  std::vector<McapMetadataIndex> metadata_indexes_;
};

}  // namespace ipmpsc::recording

#endif  // IPMPSC_RECORDING_MCAP_WRITER_H_
