// Tap: reads a channel's messages beside its receiver, without taking part.
//
//   absl::StatusOr<ipmpsc::Tap> tap = ipmpsc::Tap::Open("/dev/shm/quotes");
//   for (;;) {
//     absl::StatusOr<ipmpsc::TapMessage> message = tap->Next(absl::Seconds(1));
//     if (!message.ok()) break;
//     Show(message->payload);
//   }
//   std::cerr << tap->loss().bytes << " bytes went by unread\n";
//
// A tap maps the file read-only, takes no slot and no lock, and writes nothing. Nothing waits for
// it: senders overwrite what it has not read yet. So it may lose messages, and tells how much. The
// messages that it returns are whole, in order, and each comes once.
//
// The permission to read the file suffices (`Channel::OpenReadOnly`). As for every process that has
// a channel with a path mapped, SIGBUS kills one that touches the missing pages of a file that was
// truncated meanwhile. `PostMortem` (post_mortem.h) reads the channels of dead programs.
#ifndef IPMPSC_TAP_H_
#define IPMPSC_TAP_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/base/attributes.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"

namespace ipmpsc {

namespace internal {
class TapCore;
}  // namespace internal

// Where a tap begins.
enum class TapStart {
  kNow,               // with what is claimed from now on
  kOldestUnreleased,  // with the oldest message that the receiver has not released
  // With the oldest message of the last three quarters of the ring, whether released or not. Older
  // ones would be overwritten while they are read. A tap with this start also continues there after
  // it has lost messages, and the others with the oldest unreleased one.
  kOldestKept,
};

// The options of a tap.
struct TapOptions {
  TapStart start = TapStart::kNow;  // where it begins
};

// One message, with a copy of its bytes.
struct TapMessage {
  std::string payload;    // the bytes of the message
  uint64_t position = 0;  // in the order of all records, as in `Record`
  uint16_t sender = 0;    // slot of the sender
  // As in `Record`: 0 in channels without timestamps.
  int64_t sent_at_nanoseconds = 0;
  uint64_t sequence = 0;  // as in `Record`
  // The bytes that were lost between the message before and this one, with headers and padding.
  uint64_t lost_before = 0;

  // Returns `sent_at_nanoseconds` as a time; absl::InfinitePast() in channels without timestamps.
  absl::Time sent_at() const;
};

// The losses of a tap since it was opened. Bytes are with headers and padding, and exact.
struct TapLoss {
  uint64_t bytes = 0;     // overwritten before they were read
  uint64_t messages = 0;  // in these bytes
  // Whether `messages` is exact. It is in channels with timestamps, once the tap has read a message
  // of each sender after the loss. A number that a sender took for a message that it died with
  // counts as a lost message. Otherwise it is estimated from the mean size of the messages that
  // were read.
  bool messages_are_exact = true;
  uint64_t overtakings = 0;  // times that senders overtook the tap
  uint64_t holes = 0;        // claims of senders that died before they committed; nothing was lost
  uint64_t hole_bytes = 0;   // of the holes
};

// Thread-compatible: one thread at a time.
class Tap {
 public:
  // Opens the channel at `path` read-only.
  //
  // Errors: as `Channel::OpenReadOnly`.
  static absl::StatusOr<Tap> Open(absl::string_view path, const TapOptions& options = {});
  // Looks at an open channel, which may be an anonymous one.
  static Tap Over(const Channel& channel, const TapOptions& options = {});

  Tap(Tap&& other) noexcept;
  Tap& operator=(Tap&& other) noexcept;
  ~Tap();

  // Returns the next message, if one is there. Looks at 4 MiB of the ring at most.
  //
  // Errors:
  //  * kUnavailable - there is none now; it is still being written; or the search for the first
  //                   message, or for the first one after a loss, has not ended yet
  //  * kOutOfRange  - the channel is closed, and all messages have been read
  //  * kAborted     - a new channel has replaced this one, and all messages have been read
  //  * kDataLoss    - the channel is damaged: its words contradict each other
  absl::StatusOr<TapMessage> TryNext();
  // Waits for the next message. Looks every 2 milliseconds, since no sender wakes a tap.
  //
  // Errors: as `TryNext`, but kDeadlineExceeded in place of kUnavailable. The text says what it
  // waited for.
  absl::StatusOr<TapMessage> Next(Deadline deadline);

  // The same, into `*message`, whose memory they use again. On an error `*message` is unspecified.
  absl::Status TryNext(TapMessage* message);
  absl::Status Next(Deadline deadline, TapMessage* message);

  // The losses so far.
  TapLoss loss() const;
  // The position of the next record, or of the next search.
  uint64_t position() const;
  // The channel that it looks at.
  const Channel& channel() const ABSL_ATTRIBUTE_LIFETIME_BOUND;

 private:
  explicit Tap(std::unique_ptr<internal::TapCore> core);

  std::unique_ptr<internal::TapCore> core_;
};

}  // namespace ipmpsc

#endif  // IPMPSC_TAP_H_
