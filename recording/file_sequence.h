// FileSequence: a recording in one file, or in several that follow one another.
#ifndef IPMPSC_RECORDING_FILE_SEQUENCE_H_
#define IPMPSC_RECORDING_FILE_SEQUENCE_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "recording/channel_origin.h"
#include "recording/mcap_records.h"
#include "recording/mcap_writer.h"

namespace ipmpsc::recording {

struct FileSequenceOptions {
  // "flight.mcap". Files of a sequence are "flight-0001.mcap" and so on, with the next numbers that
  // are free.
  std::string path;
  McapWriterOptions writer;
  // Makes a sequence even if nothing else splits it.
  bool numbered = false;
  // Begins a new file when one has so many bytes, or spans so much of the messages' time.
  uint64_t split_bytes = std::numeric_limits<uint64_t>::max();
  absl::Duration split_time = absl::InfiniteDuration();
};

// Thread-compatible.
class FileSequence {
 public:
  explicit FileSequence(FileSequenceOptions options);

  // Creates the first file, which the first message would do otherwise. Errors: as
  // `McapWriter::Create`.
  absl::Status Open();

  // Adds a channel to all files that follow, and returns its id. At most 65,535.
  //
  // Errors: kResourceExhausted - there are too many channels or schemas for the format.
  absl::StatusOr<uint16_t> AddChannel(ChannelOrigin origin);

  // Add a record to the present file, or to a new one. Errors: as `McapWriter::Create` and
  // `McapWriter::AddMessage`.
  absl::Status AddMessage(const McapMessage& message);
  absl::Status AddMetadata(const McapMetadata& metadata);
  absl::Status CloseChunk();
  // Finishes the present file. The next record begins a new one, if files are numbered.
  absl::Status EndFile();

  // Bytes of messages that are in no file yet.
  size_t pending_bytes() const { return writer_ ? writer_->pending_bytes() : 0; }
  // Of all files.
  uint64_t file_bytes() const { return ended_bytes_ + (writer_ ? writer_->file_bytes() : 0); }
  // The paths of all files, of which the last may not be finished.
  const std::vector<std::string>& paths() const { return paths_; }

 private:
  bool IsNumbered() const;

  const FileSequenceOptions options_;
  std::optional<McapWriter> writer_;
  std::vector<McapSchema> schemas_;
  std::vector<McapChannel> channels_;
  std::vector<std::string> paths_;
  uint64_t next_number_ = 1;
  uint64_t ended_bytes_ = 0;
};

}  // namespace ipmpsc::recording

#endif  // IPMPSC_RECORDING_FILE_SEQUENCE_H_
