// Sender: sends messages of any bytes into a channel.
//
//   absl::StatusOr<ipmpsc::Sender> sender = ipmpsc::Sender::Attach(channel);
//   absl::Status sent = sender->Send("hello", absl::Seconds(1));
//
//   absl::StatusOr<ipmpsc::Loan> loan = sender->Claim(size, absl::Seconds(1));
//   read(camera, loan->payload().data(), loan->payload().size());   // written in place
//   std::move(*loan).Publish();
//
// Promises: when `Send` or `Publish` returns, the message is committed. It will be received even if
// this process dies: after all messages that were claimed before it, and before all claimed later.
// Does not promise that a receiver exists, or that it has seen the message.
#ifndef IPMPSC_SENDER_H_
#define IPMPSC_SENDER_H_

#include <cstddef>
#include <cstdint>

#include "absl/base/attributes.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "ipmpsc/attach_options.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/internal/endpoint/local_ref.h"

namespace ipmpsc {

namespace internal {
class SenderCore;
struct ClaimOptions;
}  // namespace internal

// Loan
//
// A claimed record that is not published yet. Nothing claimed after it, by anybody, is received
// before it is settled: fill it and let go.
//   claimed --Publish()--> published --(receiver)--> free
//      `------~Loan()----> discarded --(receiver)--> free
// It may outlive its `Sender`. Used by one thread at a time, together with its `Sender`.
class ABSL_MUST_USE_RESULT Loan {
 public:
  Loan(Loan&& other) noexcept;
  Loan& operator=(Loan&& other) noexcept;
  ~Loan();

  // The bytes to fill, not zeroed, at an address that is 16-byte aligned.
  absl::Span<char> payload() ABSL_ATTRIBUTE_LIFETIME_BOUND { return {data_, size_}; }
  // Where the record lies in the order of all records.
  uint64_t position() const { return position_; }

  // Commits the whole payload.
  void Publish() &&;
  // Commits the first `size` bytes and gives back the others. REQUIRES: size <= payload().size();
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

// Thread-compatible: one per thread, as many as the channel has slots for.
//
// Every function that sends returns, beside its own errors:
//  * kInvalidArgument    - longer than `Channel::max_payload()`: can never fit
//  * kFailedPrecondition - a `Loan` of this sender is open; the channel is closed; this handle was
//                          inherited through fork (attach anew in the child); or, with
//                          `SenderOptions::require_receiver`, the program has closed the channel's
//                          descriptor (open the channel again)
//  * kAborted            - the channel was replaced at its path: open it again; or, with
//                          `SenderOptions::require_path`, its file is not at its path any more
//  * kUnavailable        - with `SenderOptions::require_receiver`: the channel has no living
//                          receiver
//  * kDataLoss           - the ring's shared words contradict themselves: somebody damaged the
//                          channel
class Sender {
 public:
  // Takes a free sender slot of the channel.
  //
  // Errors:
  //  * kResourceExhausted  - all slots are taken by living senders, or hold what a dead one left
  //                          until the receiver has stepped over it; or no file descriptors left
  //  * kFailedPrecondition - the channel is closed; or the program has closed the channel's
  //                          descriptor (open the channel again)
  //  * kAborted            - the channel was replaced at its path
  //  * kDataLoss           - the file is truncated
  //  * kPermissionDenied   - the file behind the channel may not be opened again: its permissions
  //                          count now, too, and not only when the channel was opened
  //  * kUnavailable        - /proc is not mounted: the slot's lock cannot be had
  static absl::StatusOr<Sender> Attach(const Channel& channel, const SenderOptions& options = {});

  Sender(Sender&& other) noexcept;
  Sender& operator=(Sender&& other) noexcept;
  // Gives the slot back. An open `Loan` stays usable.
  ~Sender();

  // Sends now or not at all.
  //
  // Errors: kResourceExhausted - full now (without text, so that polling never allocates).
  absl::Status TrySend(absl::string_view payload);

  // Waits for space until `deadline`.
  //
  // Errors: kDeadlineExceeded - still full. The text says for how long, how much is used, and who
  // receives; a deadline that had passed at the call gives none.
  absl::Status Send(absl::string_view payload, Deadline deadline);

  // Send all of `payloads` together: committed in one step, they are received one after the other,
  // with nothing of others between them, and whole: if this process dies, all of them or none.
  // Faster than one at a time. None of them: OK.
  //
  // Errors: as `TrySend` and `Send`; kInvalidArgument - together they can never fit, or another thread
  // changed `payloads` meanwhile (then none is sent).
  absl::Status TrySendBatch(absl::Span<const absl::string_view> payloads);
  absl::Status SendBatch(absl::Span<const absl::string_view> payloads, Deadline deadline);

  // Send messages that are written in place: claim space for messages of `sizes`, call
  // `write(i, payload)` for each, in order, and commit them together. `payload` has `sizes[i]`
  // bytes, not zeroed, at an address that is 16-byte aligned, and is `write`'s only while it runs.
  // Meanwhile nothing claimed later, by any sender, is received, and this sender sends nothing else
  // (kFailedPrecondition). If `write` throws, no message is sent and all space is given back.
  // `write` may change `sizes`, which was copied, and may move or destroy this sender: the batch is
  // sent all the same, and the slot is free afterwards.
  //
  // Errors: as `TrySendBatch` and `SendBatch`.
  using WriteMessage = absl::FunctionRef<void(size_t i, absl::Span<char> payload)>;
  absl::Status TryWriteBatch(absl::Span<const size_t> sizes, WriteMessage write);
  absl::Status WriteBatch(absl::Span<const size_t> sizes, WriteMessage write, Deadline deadline);

  // Waits until everything sent before has been received and released: for messages that are
  // worthless when late.
  //
  // Errors: kDeadlineExceeded - still not empty. Text as `Send`.
  absl::Status SendWhenEmpty(absl::string_view payload, Deadline deadline);

  // Claims a record of `size` bytes to be filled in place; one at a time.
  //
  // Errors: as `TrySend` and `Send`.
  absl::StatusOr<Loan> TryClaim(size_t size);
  absl::StatusOr<Loan> Claim(size_t size, Deadline deadline);
  absl::StatusOr<Loan> ClaimWhenEmpty(size_t size, Deadline deadline);

  const Channel& channel() const ABSL_ATTRIBUTE_LIFETIME_BOUND { return channel_; }
  // The number of the slot, as in `Lease::sender()`: 0 to max_senders - 1, reused after a sender
  // has gone.
  uint16_t slot() const;

 private:
  Sender(Channel channel, internal::LocalRef<internal::SenderCore> core);

  absl::StatusOr<Loan> ClaimAs(size_t size, const internal::ClaimOptions& options);

  Channel channel_;
  internal::LocalRef<internal::SenderCore> core_;
};

}  // namespace ipmpsc

#endif  // IPMPSC_SENDER_H_
