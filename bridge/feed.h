// Feed and Outlet: the two ends of the bridge from an engine to a channel. A file for each engine
// implements Feed; ChannelOutlet is the real outlet.
#ifndef IPMPSC_BRIDGE_FEED_H_
#define IPMPSC_BRIDGE_FEED_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/place.h"

namespace ipmpsc::bridge {

// The stream as the engine describes it.
struct FeedState {
  uint64_t first = 0;     // sequence number of the oldest message that is kept
  uint64_t last = 0;      // the last number that was given to any message, also to one that is gone
  uint64_t messages = 0;  // that are kept, and their bytes
  uint64_t bytes = 0;
  // Whether every number belongs to a message of this subject, unless somebody has deleted it.
  bool alone = false;
  // Whether messages that went away before they were read end the bridge.
  bool refuse_gap = false;
};

// A message of the stream. `payload` is valid until the next call of the feed.
struct Arrival {
  absl::string_view payload;
  uint64_t sequence = 0;
  int64_t stored_nanoseconds = 0;  // since 1970, by the engine's clock
  std::string fingerprint;         // of its schema, 16 hexadecimal digits; empty if it names none
};

// Thread-compatible. Every function returns within the engine's own time limit.
class Feed {
 public:
  virtual ~Feed() = default;

  // Errors:
  //  * kUnavailable        - no answer; try again
  //  * kNotFound           - the stream does not exist
  //  * kPermissionDenied   - the engine refuses this user
  //  * kFailedPrecondition - the stream cannot serve the bridge; the text says why
  virtual absl::StatusOr<FeedState> Look() = 0;

  // Asks for the messages from the sequence number `from` on.
  //
  // Errors: as `Look`.
  virtual absl::Status Begin(uint64_t from) = 0;

  // Returns the next message, in the order of the stream, and waits for it until `wait` has passed.
  // It may return a message again, but leaves none out.
  //
  // Errors: kDeadlineExceeded - none came; kUnavailable - the engine has lost its place: call
  // `Begin` again; kPermissionDenied - as above.
  virtual absl::StatusOr<Arrival> Next(absl::Duration wait) = 0;

  // The number up to which `Next` has returned every message that there is, and nothing will come;
  // 0: not known. A number without a message, which `Next` skips, is told by this alone.
  virtual uint64_t read() const { return 0; }

  // Returns the description that the other direction stored under a fingerprint.
  //
  // Errors: kUnavailable - no answer; kNotFound - there is none; others: the engine refuses.
  virtual absl::StatusOr<std::string> Schema(const std::string& fingerprint) = 0;
};

// The verdict of an outlet on a message whose send had begun when the bridge died.
enum class Found { kSent, kNotSent, kUnknown };

// Thread-compatible.
class Outlet {
 public:
  virtual ~Outlet() = default;

  // The schema of the channel, as in `Arrival`; empty if it has none.
  virtual std::string fingerprint() const = 0;

  // Becomes a sender of the channel, as `Prepare` does. It may take the slot that `Find` asks.
  //
  // Errors: as `Prepare`.
  virtual absl::Status Attach() = 0;

  // Notes in `place` where the next message will lie: `channel_id`, `slot`, `owner`, `number` and
  // `position`. `sequence` becomes its number if the channel has numbers.
  //
  // Errors: kUnavailable - the channel has no slot for the bridge now; others as `Sender::Attach`.
  virtual absl::Status Prepare(uint64_t sequence, Place* place) = 0;

  // Sends the message for which `Prepare` was called. Waits for space until `wait` has passed.
  //
  // Errors: as `Sender::Send`. kDeadlineExceeded: the channel is full; call `Prepare` again.
  // kResourceExhausted: dropped by a lossy channel. kInvalidArgument: it never fits.
  virtual absl::Status Send(absl::string_view payload, absl::Duration wait) = 0;

  // Whether a bridge that died has sent the message that it noted in `place`.
  //
  // Errors: kDeadlineExceeded - not to be told yet, as another sender has not committed its
  // message; ask again. kDataLoss - the channel is damaged.
  virtual absl::StatusOr<Found> Find(const Place& place, absl::string_view payload,
                                     absl::Duration wait) = 0;
};

}  // namespace ipmpsc::bridge

#endif  // IPMPSC_BRIDGE_FEED_H_
