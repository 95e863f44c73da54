// Recorder: writes what goes through channels into MCAP files.
//
//   absl::StatusOr<std::unique_ptr<Recorder>> recorder = Recorder::Start(options);
//   while (!stop && (*recorder)->Run(absl::Milliseconds(100)).ok()) Show((*recorder)->progress());
//   absl::Status finished = (*recorder)->Finish();
//
// It looks at channels by taps, so no participant notices it. One thread reads the taps into memory
// and another one compresses and writes. If the files are too slow, or senders overtake the taps,
// messages are lost. Each loss is a metadata record in the recording: its position and its bytes.
#ifndef IPMPSC_RECORDING_RECORDER_H_
#define IPMPSC_RECORDING_RECORDER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/tap.h"
#include "recording/file_sequence.h"

namespace ipmpsc::recording {

struct RecorderOptions {
  std::vector<std::string> channels;  // paths
  FileSequenceOptions files;
  // Also decides where it continues after a loss.
  TapStart start = TapStart::kOldestKept;
  // Messages are in a file after this time at the latest, plus the time that the disk takes.
  absl::Duration chunk_time = absl::Seconds(1);
  // Continues when a channel ends: waits for a new one at its path. A channel that replaces another
  // one is recorded in any case.
  bool follow = false;
  // Keeps the messages of so much time in memory, and writes them with those that follow when
  // `Trigger` is called. Zero: writes everything.
  absl::Duration before = absl::ZeroDuration();
  // For so long after a trigger. Then it keeps a window again, and the next trigger begins a new
  // file.
  absl::Duration after = absl::InfiniteDuration();
  // Bounds of the memory: for the window, and for what the disk has not taken yet.
  uint64_t window_bytes = uint64_t{1} << 30;
  uint64_t queue_bytes = uint64_t{256} << 20;
};

struct RecordedChannel {
  std::string path;
  uint64_t messages = 0;  // read
  uint64_t bytes = 0;     // of their payload
  TapLoss loss;
  // Why nothing more comes: "closed", "removed" or the text of an error. Empty while it is read.
  std::string end;
  bool damaged = false;
};

struct RecorderProgress {
  std::vector<RecordedChannel> channels;
  uint64_t written_messages = 0;
  uint64_t written_bytes = 0;  // of payload
  uint64_t file_bytes = 0;     // of all files
  uint64_t queued_bytes = 0;   // read, and not handed to a file yet
  uint64_t window_bytes = 0;   // in the window
  // Messages that `window_bytes` left no room for, though they were not older than `before`.
  uint64_t window_dropped_messages = 0;
  uint64_t triggers = 0;
  std::vector<std::string> files;  // finished, or being written
};

// Thread-compatible.
class Recorder {
 public:
  // Opens the channels and, unless it waits for a trigger, the first file.
  //
  // Errors: as `Channel::OpenReadOnly` (with the path) and `McapWriter::Create`; kInvalidArgument -
  // there is no channel, or one twice.
  static absl::StatusOr<std::unique_ptr<Recorder>> Start(const RecorderOptions& options);

  // Calls `Finish`.
  virtual ~Recorder() = default;

  // Records until `deadline`.
  //
  // Errors:
  //  * kOutOfRange - all channels have ended
  //  * as `McapWriter::Create` and `McapWriter::AddMessage`: a file cannot be written. Nothing more
  //    is recorded
  //  * kResourceExhausted - the thread that writes the files cannot be started. Nothing is recorded
  virtual absl::Status Run(Deadline deadline) = 0;

  // Writes the window and what follows. No effect while everything is written.
  virtual void Trigger() = 0;

  // Writes what was read, and finishes the file. An error is the first one that any file had.
  virtual absl::Status Finish() = 0;

  virtual RecorderProgress progress() const = 0;
};

}  // namespace ipmpsc::recording

#endif  // IPMPSC_RECORDING_RECORDER_H_
