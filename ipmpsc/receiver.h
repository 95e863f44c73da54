// Receiver: receives the messages of a channel, in place.
//
//   absl::StatusOr<ipmpsc::Receiver> receiver = ipmpsc::Receiver::Attach(channel);
//   absl::StatusOr<ipmpsc::Lease> lease = receiver->Receive(absl::Seconds(1));
//   Use(lease->payload());   // bytes in the ring; given back by ~Lease
//
// A receiver gets every committed message once, in the order of claims. It steps over senders that
// died. The death of a receiver loses nothing: its successor again gets all messages that were not
// released, at the same positions.
//
// A hostile sender can change a payload while the receiver reads it. Where that matters, copy the
// payload first and then check it.
#ifndef IPMPSC_RECEIVER_H_
#define IPMPSC_RECEIVER_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <type_traits>

#include "absl/base/attributes.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/internal/endpoint/local_ref.h"
#include "ipmpsc/options.h"
#include "ipmpsc/record.h"

namespace ipmpsc {

namespace internal {
class ReceiverCore;
class WaitSetCore;
}  // namespace internal

class WaitSet;

// Lease
//
// A received message whose bytes stay in the ring until it is released. Several leases may be held,
// and released in any order. Senders get the space back up to the oldest lease that is still held.
//   held --Release() or ~Lease()--> released
// A lease may outlive its `Receiver`, which stays attached until then. At most one thread at a time
// may use a receiver and its leases.
class ABSL_MUST_USE_RESULT Lease {
 public:
  Lease(Lease&& other) noexcept;
  Lease& operator=(Lease&& other) noexcept;
  ~Lease();

  // As in `Record`.
  absl::string_view payload() const ABSL_ATTRIBUTE_LIFETIME_BOUND { return record_.payload; }
  uint64_t position() const { return record_.position; }
  uint16_t sender() const { return record_.sender; }
  absl::Time sent_at() const { return record_.sent_at(); }
  uint64_t sequence() const { return record_.sequence; }

  // Gives the bytes back to the senders.
  void Release() &&;

 private:
  friend class Receiver;
  Lease(internal::LocalRef<internal::ReceiverCore> core, uint64_t ticket, const Record& record);

  internal::LocalRef<internal::ReceiverCore> core_;  // null when released
  uint64_t ticket_;
  Record record_;
};

// Messages that a receiver has passed over for newer ones.
struct Skipped {
  uint64_t messages = 0;  // their number
  uint64_t bytes = 0;     // of payload
};

// Thread-compatible. One per channel.
//
// Every function that receives returns, beside its own errors:
//  * kOutOfRange         - all messages have been received, and the channel is closed, or (with
//                          `ReceiverOptions::end_without_senders`) all senders are gone
//  * kAborted            - all messages have been received, and the channel was replaced at its
//                          path: open it again; or (with `ReceiverOptions::require_path`) its file
//                          is no longer at its path
//  * kDataLoss           - the ring contradicts itself at the next position: some process damaged
//                          the channel. The text says what is wrong. Later calls return the same
//                          error
//  * kFailedPrecondition - this handle was inherited through fork (attach anew in the child); or it
//                          has lost its lock, and another process has become the receiver; or the
//                          program has closed the channel's descriptor, so a sender's death cannot
//                          be detected any more
class Receiver {
 public:
  // Becomes the channel's receiver. Starts at the oldest message that is not released, or as
  // `options.start` says. Passing over a backlog takes time in proportion to its messages.
  //
  // Errors:
  //  * kAlreadyExists      - the channel still has a living receiver at `options.deadline`; the
  //                          text names its process
  //  * kDataLoss           - the ring's positions contradict themselves, or the file is truncated
  //  * kFailedPrecondition - the program has closed the channel's descriptor (open the channel
  //                          again)
  //  * kResourceExhausted  - no file descriptors left
  //  * kPermissionDenied   - the file behind the channel may not be opened again: its permissions
  //                          are also checked now, not only when the channel was opened
  //  * kUnavailable        - /proc is not mounted: the slot's lock cannot be taken
  static absl::StatusOr<Receiver> Attach(const Channel& channel,
                                         const ReceiverOptions& options = {});

  Receiver(Receiver&& other) noexcept;
  Receiver& operator=(Receiver&& other) noexcept;
  ~Receiver();

  // Takes the next message, if one is there.
  //
  // Errors: kUnavailable - no message now. Usually without text, so that polling never allocates.
  // Now and then the text names the sender whose open claim holds up the others.
  absl::StatusOr<Lease> TryReceive();

  // Waits for the next message until `deadline`. Checks for a message at least once, even if the
  // deadline has passed.
  //
  // Errors: kDeadlineExceeded - no message came. The text says how long the call has waited, and
  // names the sender whose open claim holds up the others. A call that did not wait and has no
  // sender to name gives no text, so that polling never allocates. kCancelled - `Interrupt` was
  // called.
  absl::StatusOr<Lease> Receive(Deadline deadline);

  // As `TryReceive` and `Receive`, but take the newest message and release those before it unread.
  // For values of which only the latest counts. `skipped()` counts the others.
  //
  // The newest message is the last one that is committed before the first open claim. So the call
  // gives a message later if a sender that is about to commit has claimed before its sender did.
  // Messages that are sent during the call are left for the next one.
  //
  // Errors: as `TryReceive` and `Receive`.
  absl::StatusOr<Lease> TryReceiveLatest();
  absl::StatusOr<Lease> ReceiveLatest(Deadline deadline);

  // Returns how many messages this receiver has passed over so far: the backlog (see
  // `ReceiverStart::kNow`), and older ones than those of `ReceiveLatest`. They count as received.
  Skipped skipped() const;

  // Returns how many messages the senders of a lossy channel (`OnFull::kDropNewest`) have dropped
  // since it was created. Takes time in proportion to the sender slots. `Channel::Stats` has the
  // count of each sender. 0 in other channels.
  uint64_t dropped() const;

  // Ends a running `Receive` or `ReceiveLatest` that sleeps with kCancelled, or else the next one
  // that is about to sleep: a call that finds a message returns it. One call ends one wait, and
  // calls before that wait count as one. May be called in any thread and in signal handlers, while
  // the receiver lives and is not being moved.
  void Interrupt();

  // Returns a descriptor for an event loop (epoll, poll), which becomes readable when `TryReceive`
  // has a result. Always the same. The receiver owns it. Follow "drain, arm, wait":
  //
  //   do {
  //     while (lease = receiver.TryReceive(), lease.ok()) Use(*lease);   // or Drain
  //     if (!absl::IsUnavailable(lease.status())) return lease.status();
  //   } while (!receiver.Arm());
  //   // Now wait until the descriptor is readable.
  //
  // For many receivers a `WaitSet` takes fewer descriptors and system calls.
  //
  // Errors: kFailedPrecondition - it is in a `WaitSet`, or was inherited through fork;
  // kResourceExhausted - no descriptors left.
  absl::StatusOr<int> Fd();
  // Makes the descriptor of `Fd` unreadable, until the next message, end or error. False: there is
  // one already, or `Fd` has failed; receive first.
  bool Arm();

  // Calls `handler(record)` for each available message, at most `max_records`. A handler that
  // returns a bool ends the call by returning false. Does not wait: without `max_records` it ends
  // at the last message that was sent before the call. Returns how many messages it has handled: at
  // least one, unless max_records is 0.
  //
  // A message counts as handled when `handler` ends, also by an exception: it is released and not
  // received again. Messages are released in groups of at most 64, and after each one if a sender
  // sleeps for space. So up to 64 handled messages may come again to the successor of a receiver
  // that dies.
  //
  // `handler` may receive and drain from this receiver: those calls continue behind the current
  // message, whose bytes stay until `handler` ends. `handler` may also move or destroy this
  // receiver: `Drain` then ends after the current message.
  //
  // Errors: as `TryReceive`, but only if there was no message to handle.
  template <typename Handler>
  absl::StatusOr<size_t> Drain(Handler&& handler,
                               size_t max_records = std::numeric_limits<size_t>::max()) {
    return DrainWhile(
        [&handler](const Record& record) {
          if constexpr (std::is_same_v<decltype(handler(record)), bool>) {
            return handler(record);
          } else {
            handler(record);
            return true;
          }
        },
        max_records);
  }

  // Returns the channel that it is attached to.
  const Channel& channel() const ABSL_ATTRIBUTE_LIFETIME_BOUND { return channel_; }

 private:
  Receiver(Channel channel, internal::LocalRef<internal::ReceiverCore> core);

  absl::StatusOr<size_t> DrainWhile(absl::FunctionRef<bool(const Record&)> handler,
                                    size_t max_records);

  friend class WaitSet;

  Channel channel_;
  internal::LocalRef<internal::ReceiverCore> core_;
  std::unique_ptr<internal::WaitSetCore> own_set_;  // of `Fd`
};

}  // namespace ipmpsc

#endif  // IPMPSC_RECEIVER_H_
