// Replayer: sends the messages of MCAP files into channels.
//
//   absl::StatusOr<std::unique_ptr<Replayer>> replayer = Replayer::Open(options);
//   while (!stop && (*replayer)->Run(absl::Milliseconds(100)).ok()) Show((*replayer)->progress());
//
// It is a sender like any other one. Messages are sent in the order of the file, at the distances
// of their log times. Files of other programs can be replayed, too: their schemas are used if they
// are of the encoding "protobuf", and else the channels carry bytes.
#ifndef IPMPSC_RECORDING_REPLAYER_H_
#define IPMPSC_RECORDING_REPLAYER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ipmpsc/deadline.h"

namespace ipmpsc::recording {

struct ReplayerOptions {
  std::vector<std::string> files;  // one after the other
  // 2: twice as fast. Infinity: without pauses. Above 0.
  double speed = 1;
  // How often the files are replayed. 0: without end.
  uint64_t loops = 1;
  // The part that is replayed, counted from the first message of the first file.
  absl::Duration from = absl::ZeroDuration();
  absl::Duration until = absl::InfiniteDuration();
  // Only these topics; empty: all.
  std::vector<std::string> topics;
  // Paths of the channels of topics. Those of other topics are files in `directory`: the last part
  // of a recorded path, and other topics with "." for "/". So a file cannot choose where.
  std::map<std::string, std::string> paths;
  std::string directory = "/dev/shm";
  // Creates channels that do not exist, as they were recorded.
  bool create = true;
  // Of channels that are created: 0: as recorded. Raised where a message would not fit.
  uint64_t capacity = 0;
  // Sends into a channel of another message type, too.
  bool any_type = false;
  // Waits for so long for a receiver of each channel before the first message is sent to it.
  absl::Duration receiver_timeout = absl::ZeroDuration();
  // How long a full channel may stay full. A lossy channel is not waited for.
  absl::Duration timeout = absl::Seconds(10);
  // Closes the channels at the end, so that their receivers end.
  bool close = false;
};

struct ReplayedChannel {
  std::string topic;
  std::string path;
  std::string message_name;  // empty for bytes
  bool created = false;
  uint64_t messages = 0;  // sent
  uint64_t bytes = 0;     // of payload
  // In lossy channels (`OnFull::kDropNewest`): those that found no space, and were passed over.
  uint64_t dropped = 0;
};

struct ReplayerProgress {
  std::vector<ReplayedChannel> channels;
  uint64_t messages = 0;
  uint64_t bytes = 0;
  uint64_t dropped = 0;
  uint64_t loop = 0;  // from 1 on
  std::string file;
  uint64_t file_offset = 0;  // read so far, of `file_size`
  uint64_t file_size = 0;
  // Since the first message, by log time.
  absl::Duration time = absl::ZeroDuration();
  // Parts that could not be read, and the first reason.
  uint64_t damages = 0;
  std::string damage;
  // Files without an end: their writers were killed, or still write.
  std::vector<std::string> unfinished;
};

// Thread-compatible.
class Replayer {
 public:
  // Opens the files. Channels are opened with their first message.
  //
  // Errors: as `McapReader::Open`; kInvalidArgument - no file; an option out of its range.
  static absl::StatusOr<std::unique_ptr<Replayer>> Open(const ReplayerOptions& options);

  virtual ~Replayer() = default;

  // Replays until `deadline`.
  //
  // Errors:
  //  * kOutOfRange         - everything is replayed
  //  * kDeadlineExceeded   - a channel stayed full, or without a receiver, for too long
  //  * kFailedPrecondition - a channel carries another message type, or is closed
  //  * kNotFound           - a channel does not exist, and none is to be created
  //  * kInvalidArgument    - a message does not fit into its channel; two topics have one path; a
  //                          topic is no name for a file
  //  * as `McapReader`, `Channel::Create`, `Channel::Open` and `Sender`
  virtual absl::Status Run(Deadline deadline) = 0;

  virtual ReplayerProgress progress() const = 0;
};

}  // namespace ipmpsc::recording

#endif  // IPMPSC_RECORDING_REPLAYER_H_
