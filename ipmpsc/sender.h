// Sender: sends messages of arbitrary bytes into a channel.
//
//   absl::StatusOr<ipmpsc::Sender> sender = ipmpsc::Sender::Attach(channel);
//   absl::Status sent = sender->Send("hello", absl::Seconds(1));
//
//   absl::StatusOr<ipmpsc::Loan> loan = sender->Claim(size, absl::Seconds(1));
//   read(camera, loan->payload().data(), loan->payload().size());   // written in place
//   std::move(*loan).Publish();
//
// When `Send` or `Publish` returns, the message is committed. It will be received whatever becomes
// of this process, after all messages that were claimed before it and before all that are claimed
// later. The sender does not promise that a receiver exists, or that it has seen the message.
#ifndef IPMPSC_SENDER_H_
#define IPMPSC_SENDER_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/base/attributes.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/internal/endpoint/local_ref.h"
#include "ipmpsc/options.h"

namespace ipmpsc {

namespace internal {
class SenderCore;
class WaitSetCore;
struct ClaimOptions;
}  // namespace internal

class WaitSet;

// Loan
//
// A claimed record that is not published yet. No record claimed after it, by any sender, is
// received before it is settled, so fill it quickly.
//   claimed --Publish()--> published --(receiver)--> free
//      `------~Loan()----> discarded --(receiver)--> free
// A loan may outlive its `Sender`. At most one thread at a time may use a sender and its loan.
class ABSL_MUST_USE_RESULT Loan {
 public:
  Loan(Loan&& other) noexcept;
  Loan& operator=(Loan&& other) noexcept;
  ~Loan();

  // The bytes to fill. Not zeroed, 16-byte aligned.
  absl::Span<char> payload() ABSL_ATTRIBUTE_LIFETIME_BOUND { return {data_, size_}; }
  // Returns the record's place in the order of all records.
  uint64_t position() const { return position_; }

  // Commits the whole payload.
  void Publish() &&;
  // Commits the first `size` bytes and gives back the rest. REQUIRES: size <= payload().size();
  // aborts otherwise.
  void Publish(size_t size) &&;

 private:
  friend class Sender;
  Loan(internal::LocalRef<internal::SenderCore> core, uint64_t position, char* data, size_t size);

  internal::LocalRef<internal::SenderCore> core_;  // null when settled
  uint64_t position_;
  char* data_;
  size_t size_;
};

// Thread-compatible: use one per thread. A channel has `max_senders()` slots for them.
//
// Every function that sends returns, beside its own errors:
//  * kInvalidArgument    - the message is longer than `Channel::max_payload()`: it can never fit
//  * kFailedPrecondition - a `Loan` of this sender is open; the channel is closed; this handle was
//                          inherited through fork (attach anew in the child); or, with
//                          `SenderOptions::require_receiver`, the program has closed the channel's
//                          descriptor (open the channel again)
//  * kAborted            - the channel was replaced at its path: open it again; or, with
//                          `SenderOptions::require_path`, its file is no longer at its path
//  * kUnavailable        - with `SenderOptions::require_receiver`: the channel has no living
//                          receiver
//  * kDataLoss           - the ring's shared words contradict themselves: some process damaged the
//                          channel
//  * kResourceExhausted  - in a lossy channel (`OnFull::kDropNewest`): no space, or for
//                          `SendWhenEmpty` and `ClaimWhenEmpty` the ring is not empty. The messages
//                          are dropped and counted. Without text. No function waits for space
class Sender {
 public:
  // Takes a free sender slot of the channel, and waits for one until `options.deadline`.
  //
  // Errors:
  //  * kResourceExhausted  - until the deadline all slots are taken by living senders, of which the
  //                          text names some, or hold a dead one's claim until the receiver has
  //                          stepped over it; or no file descriptors left
  //  * kFailedPrecondition - the channel is closed; or the program has closed the channel's
  //                          descriptor (open the channel again)
  //  * kAborted            - the channel was replaced at its path
  //  * kDataLoss           - the file is truncated
  //  * kPermissionDenied   - the file behind the channel may not be opened again: its permissions
  //                          are also checked now, not only when the channel was opened
  //  * kUnavailable        - /proc is not mounted: the slot's lock cannot be taken
  static absl::StatusOr<Sender> Attach(const Channel& channel, const SenderOptions& options = {});

  Sender(Sender&& other) noexcept;
  Sender& operator=(Sender&& other) noexcept;
  // Gives the slot back. An open `Loan` stays usable.
  ~Sender();

  // Sends the message if there is space now.
  //
  // Errors: kResourceExhausted - the ring is full (without text, so that polling never allocates).
  absl::Status TrySend(absl::string_view payload);

  // Waits for space until `deadline`.
  //
  // Errors: kDeadlineExceeded - the ring is still full. The text says for how long, how much is
  // used, and which process receives. If the deadline had passed before the call there is no text.
  // kCancelled - `Interrupt` was called.
  absl::Status Send(absl::string_view payload, Deadline deadline);

  // Send all of `payloads` in one step. The receiver gets them one after the other, without
  // messages of other senders between them. If this process dies, it gets all of them or none.
  // Faster than sending one at a time. Returns OK if `payloads` is empty.
  //
  // Errors: as `TrySend` and `Send`; kInvalidArgument - the messages can never fit together, or
  // another thread changed `payloads` during the call (then none is sent).
  absl::Status TrySendBatch(absl::Span<const absl::string_view> payloads);
  absl::Status SendBatch(absl::Span<const absl::string_view> payloads, Deadline deadline);

  // Send messages that are written in place: claim space for messages of `sizes`, call
  // `write(i, payload)` for each, in order, and commit them together. `payload` has `sizes[i]`
  // bytes, not zeroed and 16-byte aligned. `write` may use it only during its call.
  //
  // Until the commit the receiver gets no message that was claimed later, by any sender, and this
  // sender sends nothing else (kFailedPrecondition). If `write` throws, no message is sent and all
  // space is given back. `write` may change `sizes`, which was copied. It may also move or destroy
  // this sender: the batch is still sent, and the slot is free afterwards.
  //
  // Errors: as `TrySendBatch` and `SendBatch`.
  using WriteMessage = absl::FunctionRef<void(size_t i, absl::Span<char> payload)>;
  absl::Status TryWriteBatch(absl::Span<const size_t> sizes, WriteMessage write);
  absl::Status WriteBatch(absl::Span<const size_t> sizes, WriteMessage write, Deadline deadline);

  // Waits until all earlier messages have been received and released, then sends. For messages that
  // are worthless when late.
  //
  // Errors: kDeadlineExceeded - the ring is still not empty. Text as for `Send`. kCancelled -
  // `Interrupt` was called.
  absl::Status SendWhenEmpty(absl::string_view payload, Deadline deadline);

  // Claims a record of `size` bytes to be filled in place. One loan at a time.
  //
  // Errors: as `TrySend` and `Send`.
  absl::StatusOr<Loan> TryClaim(size_t size);
  absl::StatusOr<Loan> Claim(size_t size, Deadline deadline);
  absl::StatusOr<Loan> ClaimWhenEmpty(size_t size, Deadline deadline);

  // Returns how many messages this sender has dropped: those for which a function that sends
  // returned kResourceExhausted. A refused batch counts with each of its messages. Always 0 in
  // channels that are not lossy.
  uint64_t dropped() const;

  // Returns the end of the last record that this sender has claimed. The record is released when
  // `Channel::released_position()` has reached it. Before the first claim it is a position that is
  // released already. A position that a sender notes after each message tells how far the receiver
  // is behind it.
  uint64_t sent_position() const;

  // Sets the number of the next message (`Lease::sequence()`), and goes on counting from there. For
  // a sender that passes on messages which have numbers already. The numbers of a slot only grow,
  // since no two messages of a slot have the same.
  //
  // Errors:
  //  * kInvalidArgument    - 0, or the slot has given that number or a larger one. Another owner of
  //                          the slot may have done so. The text gives the last one
  //  * kFailedPrecondition - the channel has no timestamps; a `Loan` of this sender is open; this
  //                          handle was inherited through fork
  absl::Status SetNextSequence(uint64_t sequence);

  // Waits until the receiver has released all messages before `position`, for flow control from end
  // to end. A message is not released while a lease holds it or while `Drain` handles it. Nor is a
  // loan while it is open: a sender that waits for its own one waits until `deadline`.
  //
  //   sender.Send(request, deadline);
  //   sender.WaitUntilReleased(sender.sent_position(), deadline);   // it has been handled
  //
  // The receiver wakes the waiting sender at each release, by a system call. So a sender that keeps
  // some messages on their way waits less often than one that waits for each. The sender looks by
  // itself every 100 milliseconds, since the receiver may die before it wakes. It does not matter
  // whether the channel is closed or replaced: its receiver may still take the messages.
  //
  // Errors:
  //  * kDeadlineExceeded   - not until `deadline`. The text says what is released and who receives.
  //                          If the deadline had passed before the call there is no text
  //  * kInvalidArgument    - no sender has claimed up to `position` yet
  //  * kFailedPrecondition - this handle was inherited through fork; or, with
  //                          `SenderOptions::require_receiver`, the program has closed the
  //                          channel's descriptor
  //  * kUnavailable        - with `SenderOptions::require_receiver`: no living receiver
  //  * kAborted            - with `SenderOptions::require_path`: its file is no longer at its path
  //  * kCancelled          - `Interrupt` was called
  absl::Status WaitUntilReleased(uint64_t position, Deadline deadline);

  // Ends a running call that sleeps for space or in `WaitUntilReleased` with kCancelled, or else
  // the next one that is about to sleep. Nothing is sent. One call ends one wait, and calls before
  // that wait count as one. May be called in any thread and in signal handlers, while the sender
  // lives and is not being moved.
  void Interrupt();

  // Returns a descriptor for an event loop (epoll, poll), which becomes readable when a message of
  // `payload_size` bytes would find space, or fail for another reason than space. Always the same,
  // also for another size. The sender owns it. Follow "try, arm, wait": call `TrySend` until it
  // returns kResourceExhausted, then `Arm`, and wait if that returns true. In a lossy channel that
  // `TrySend` drops its message: call `Arm` first, and send if it returns false.
  //
  // Errors: kFailedPrecondition - it is in a `WaitSet`, or was inherited through fork;
  // kInvalidArgument - such a message can never fit; kResourceExhausted - no descriptors left.
  absl::StatusOr<int> Fd(size_t payload_size);
  // Makes the descriptor of `Fd` unreadable, until there is space. False: there is space already,
  // or `Fd` was not called or has failed; send first. While a loan is open, the descriptor stays
  // unreadable: call this again after the loan.
  bool Arm();

  // Returns the channel that it is attached to.
  const Channel& channel() const ABSL_ATTRIBUTE_LIFETIME_BOUND { return channel_; }
  // Returns the number of the slot, as in `Lease::sender()`: 0 to max_senders - 1. A slot is reused
  // after its sender has gone.
  uint16_t slot() const;

 private:
  Sender(Channel channel, internal::LocalRef<internal::SenderCore> core);

  absl::StatusOr<Loan> ClaimAs(size_t size, const internal::ClaimOptions& options);

  friend class WaitSet;

  Channel channel_;
  internal::LocalRef<internal::SenderCore> core_;
  std::unique_ptr<internal::WaitSetCore> own_set_;  // of `Fd`
};

}  // namespace ipmpsc

#endif  // IPMPSC_SENDER_H_
