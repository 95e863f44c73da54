// WaitSet: waits for many receivers, senders and descriptors at once.
//
//   absl::StatusOr<ipmpsc::WaitSet> set = ipmpsc::WaitSet::Create();
//   for (size_t i = 0; i < receivers.size(); ++i) set->Add(receivers[i], i);   // the tag is yours
//   set->AddFd(socket, EPOLLIN, kSocket);
//   std::vector<ipmpsc::Ready> ready(16);
//   for (;;) {
//     absl::StatusOr<size_t> count = set->Wait(absl::InfiniteDuration(), absl::MakeSpan(ready));
//     if (!count.ok()) break;   // Interrupt() was called
//     for (size_t i = 0; i < *count; ++i) Handle(ready[i]);
//   }
//
// In another event loop, wait for `fd()` there and follow "drain, arm, wait": call `Wait` with
// absl::ZeroDuration() until it returns 0. From then on the descriptor becomes readable for every
// event. docs/waiting.md has examples.
#ifndef IPMPSC_WAIT_SET_H_
#define IPMPSC_WAIT_SET_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "ipmpsc/wait_options.h"

namespace ipmpsc {

namespace internal {
class WaitSetCore;
}  // namespace internal

// Thread-compatible: one thread at a time uses a set and its members, except `Interrupt`.
//
// A member may be moved: it stays in the set. A member that is destroyed leaves the set, and so
// does a handle that another one is assigned to. The set may be destroyed before its members, which
// stay usable. A member may be used in any way while it is in the set.
//
// Every function that returns a status also returns kFailedPrecondition if the set, or the member,
// was inherited through fork: make a new set in the child.
class WaitSet {
 public:
  // Errors:
  //  * kUnimplemented     - `options` demand a mechanism that the kernel does not have or forbids;
  //                         the text says what it refused. Never for kAutomatic
  //  * kResourceExhausted - no descriptors, memory or threads left
  static absl::StatusOr<WaitSet> Create(const WaitSetOptions& options = {});

  WaitSet(WaitSet&& other) noexcept;
  WaitSet& operator=(WaitSet&& other) noexcept;
  ~WaitSet();

  // Waits for messages of `receiver`, and for its errors: the end of the channel, damage. An ended
  // channel stays ready, so remove its receiver.
  //
  // Errors: kAlreadyExists - it is in this or another set, or has a descriptor by `Receiver::Fd`.
  absl::Status Add(Receiver& receiver, uint64_t tag);

  // Waits until a message of `payload_size` bytes would find space, or fail for another reason.
  // Other senders may take the space before this one does. While a `Loan` of the sender is open, it
  // is not ready: call `Wait` again after the loan.
  //
  // Errors: as for receivers; kInvalidArgument - such a message can never fit.
  absl::Status Add(Sender& sender, size_t payload_size, uint64_t tag);

  // The same for the typed ends of generated headers, and for the servers of services.
  template <typename TypedReceiver>
  auto Add(TypedReceiver& receiver, uint64_t tag) -> decltype(receiver.AddTo(*this, tag)) {
    return receiver.AddTo(*this, tag);
  }
  template <typename TypedSender>
  auto Add(TypedSender& sender, size_t payload_size, uint64_t tag)
      -> decltype(sender.AddTo(*this, payload_size, tag)) {
    return sender.AddTo(*this, payload_size, tag);
  }

  // Waits for `events` (EPOLLIN and so on) of a descriptor that epoll takes. Remove it before you
  // close it.
  //
  // Errors:
  //  * kAlreadyExists     - it is in this set
  //  * kInvalidArgument   - epoll does not take it: it is closed, or a plain file
  //  * kResourceExhausted - the kernel's limit of epoll watches is reached
  absl::Status AddFd(int fd, uint32_t events, uint64_t tag);

  // Errors: kNotFound - it is not in this set.
  absl::Status Remove(Receiver& receiver);
  absl::Status Remove(Sender& sender);
  template <typename TypedEnd>
  auto Remove(TypedEnd& end) -> decltype(end.RemoveFrom(*this)) {
    return end.RemoveFrom(*this);
  }
  absl::Status RemoveFd(int fd);

  // Waits until at least one member is ready, at most until `deadline`. Fills `ready` from its
  // beginning and returns how many are: 0 if the deadline passed. A member is reported again as
  // long as it is ready. With n members, each ready one is reported after at most n - 1 others.
  //
  // A receiver may be reported for a discarded record: then its `TryReceive` returns kUnavailable.
  //
  // Errors:
  //  * kCancelled       - `Interrupt` was called
  //  * kInvalidArgument - `ready` is empty
  absl::StatusOr<size_t> Wait(Deadline deadline, absl::Span<Ready> ready);

  // Returns a descriptor for an outer loop (epoll, poll). Always the same. The set owns it. It is
  // readable from an event, a bounded look or `Interrupt` on, until a `Wait` that returns 0.
  //
  // Errors: kResourceExhausted - no descriptors left.
  absl::StatusOr<int> fd();

  // Ends a running `Wait` with kCancelled, or the next one. One call ends one `Wait`, and calls
  // before that `Wait` count as one. May be called in any thread and in signal handlers, while the
  // set lives and is not being moved.
  void Interrupt();

  // Returns what the set does, and how often it did it.
  WaitSetStatistics statistics() const;

 private:
  explicit WaitSet(std::unique_ptr<internal::WaitSetCore> core);

  std::unique_ptr<internal::WaitSetCore> core_;
};

}  // namespace ipmpsc

#endif  // IPMPSC_WAIT_SET_H_
