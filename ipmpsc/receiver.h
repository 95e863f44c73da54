// Receiver: receives the messages of a channel, in place.
//
//   absl::StatusOr<ipmpsc::Receiver> receiver = ipmpsc::Receiver::Attach(channel);
//   absl::StatusOr<ipmpsc::Lease> lease = receiver->Receive(absl::Seconds(1));
//   Use(lease->payload());   // bytes in the ring; given back by ~Lease
//
// What it promises: every committed message once, in the order of claims; senders that died are
// stepped over. A receiver that dies loses nothing: its successor gets again what was not released,
// at the same positions. What it does not: a payload that hostile senders share is theirs to change
// while it is looked at. Copy it, then check it, where that matters.
#ifndef IPMPSC_RECEIVER_H_
#define IPMPSC_RECEIVER_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>

#include "absl/base/attributes.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/attach_options.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"

namespace ipmpsc {

namespace internal {
class ReceiverCore;
}  // namespace internal

// One message as it lies in the ring.
struct Record {
  absl::string_view payload;  // at an address that is 16-byte aligned
  uint64_t position;  // in the order of all records; grows from message to message, never repeats
  uint16_t sender;    // slot of the sender
};

// Lease
//
// A received message whose bytes stay in the ring until it is released. Several may be held, and
// released in any order; senders get the space back up to the oldest that is still held.
//   held --Release() or ~Lease()--> released
// It may outlive its `Receiver`, which stays attached until then. Used by one thread at a time,
// together with its `Receiver`.
class ABSL_MUST_USE_RESULT Lease {
 public:
  Lease(Lease&& other) noexcept;
  Lease& operator=(Lease&& other) noexcept;
  ~Lease();

  absl::string_view payload() const ABSL_ATTRIBUTE_LIFETIME_BOUND { return record_.payload; }
  uint64_t position() const { return record_.position; }
  uint16_t sender() const { return record_.sender; }

  void Release() &&;

 private:
  friend class Receiver;
  Lease(internal::ReceiverCore* core, uint64_t ticket, const Record& record)
      : core_(core), ticket_(ticket), record_(record) {}

  internal::ReceiverCore* core_;  // null when released
  uint64_t ticket_;
  Record record_;
};

// Thread-compatible. One per channel.
//
// Every function that receives returns, beside its own errors:
//  * kOutOfRange         - all has been received, and the channel is closed, or (with
//                          `ReceiverOptions::end_without_senders`) all senders are gone
//  * kAborted            - the channel was replaced at its path, and all has been received: open it
//                          again
//  * kDataLoss           - the ring contradicts itself at the next position: somebody damaged the
//                          channel. Says what is wrong, and stays
//  * kFailedPrecondition - this handle was inherited through fork (attach anew in the child); or it
//                          has lost its lock, and another process has become the receiver
class Receiver {
 public:
  // Becomes the channel's receiver. Starts at the oldest message that is not released.
  //
  // Errors:
  //  * kAlreadyExists      - the channel has a living receiver, still at `options.deadline`; names
  //                          its process
  //  * kDataLoss           - the ring's positions contradict themselves, or the file is truncated
  //  * kResourceExhausted  - no file descriptors left
  //  * kPermissionDenied   - the file behind the channel may not be opened again: its permissions
  //                          count now, too, and not only when the channel was opened
  //  * kUnavailable        - /proc is not mounted: the slot's lock cannot be had
  static absl::StatusOr<Receiver> Attach(const Channel& channel,
                                         const ReceiverOptions& options = {});

  Receiver(Receiver&& other) noexcept;
  Receiver& operator=(Receiver&& other) noexcept;
  ~Receiver();

  // Takes the next message, if it is there.
  //
  // Errors: kUnavailable - none now. Without text, so that polling never allocates; but now and
  // then with the name of a process whose open claim holds the others back.
  absl::StatusOr<Lease> TryReceive();

  // Waits for the next message until `deadline`.
  //
  // Errors: kDeadlineExceeded - none came. Without text, or with the name of the process whose open
  // claim holds the others back.
  absl::StatusOr<Lease> Receive(Deadline deadline);

  // Calls `handler` for each message that is there, at most `max_records`. They are released a few
  // at a time, 16 at most, and after each where a sender sleeps for space: so many that were handled
  // may come again to the successor of a receiver that dies. Does not wait, but goes on for as long
  // as senders keep up with it, unless `max_records` ends it. Returns how many: at least one, unless
  // max_records is 0.
  //
  // Errors: as `TryReceive`; only where there was none to handle.
  absl::StatusOr<size_t> Drain(absl::FunctionRef<void(const Record&)> handler,
                               size_t max_records = std::numeric_limits<size_t>::max());

  const Channel& channel() const ABSL_ATTRIBUTE_LIFETIME_BOUND;

 private:
  struct CoreDeleter {
    void operator()(internal::ReceiverCore* core) const;
  };
  explicit Receiver(internal::ReceiverCore* core) : core_(core) {}

  std::unique_ptr<internal::ReceiverCore, CoreDeleter> core_;
};

}  // namespace ipmpsc

#endif  // IPMPSC_RECEIVER_H_
