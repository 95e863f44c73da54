// Writes what dead programs left in their channels as a recording.
#ifndef IPMPSC_RECORDING_POST_MORTEM_RECORDER_H_
#define IPMPSC_RECORDING_POST_MORTEM_RECORDER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "recording/file_sequence.h"

namespace ipmpsc::recording {

struct PostMortemChannel {
  std::string path;
  uint64_t messages = 0;
  uint64_t bytes = 0;     // of their payload
  uint64_t released = 0;  // messages that a receiver had released
  uint64_t orphans = 0;
  // Empty, or what is wrong with the channel: messages behind it could not be read.
  std::string damage;
};

struct PostMortemRecording {
  std::vector<PostMortemChannel> channels;
  std::vector<std::string> files;
  uint64_t file_bytes = 0;
};

// Writes the messages of the channels at `paths`, one channel after the other. Messages have the
// time at which they were sent, or that of the recording in channels without timestamps. Metadata
// records say who was attached, which claims were never committed, and from which position on
// nothing was released.
//
// Errors: as `PostMortem::Open` (with the path) and those of writing. Nothing is written if a
// channel cannot be opened.
absl::StatusOr<PostMortemRecording> RecordPostMortem(const std::vector<std::string>& paths,
                                                     const FileSequenceOptions& files);

}  // namespace ipmpsc::recording

#endif  // IPMPSC_RECORDING_POST_MORTEM_RECORDER_H_
