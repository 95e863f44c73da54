// MessageLease: a received message, viewed as it lies in the ring. Base of the generated classes:
//
//   absl::StatusOr<FrameLease> frame = receiver.Receive(absl::Seconds(1));
//   Show((*frame)->width(), (*frame)->pixels());   // no copy
//
// The view, and all that it hands out, is gone when the lease is.
#ifndef IPMPSC_TYPED_LEASE_H_
#define IPMPSC_TYPED_LEASE_H_

#include <cstdint>
#include <utility>

#include "absl/base/attributes.h"
#include "absl/time/time.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/typed/arena_pool.h"

namespace ipmpsc::typed {

// Several may be held, and released in any order. It may outlive its receiver. Used by one thread
// at a time, together with its receiver and that one's other leases.
template <typename View>
class MessageLease {
 public:
  const View& operator*() const ABSL_ATTRIBUTE_LIFETIME_BOUND { return *view_; }
  const View* operator->() const ABSL_ATTRIBUTE_LIFETIME_BOUND { return view_; }

  // In the order of all records; grows from message to message, never repeats.
  uint64_t position() const { return lease_.position(); }
  // In channels with timestamps, else absl::InfinitePast() and 0: `ipmpsc::Record`.
  absl::Time sent_at() const { return lease_.sent_at(); }
  uint64_t sequence() const { return lease_.sequence(); }
  // The slot of the sender.
  uint16_t sender() const { return lease_.sender(); }

  // Gives the space in the ring back.
  void Release() && { const MessageLease gone = std::move(*this); }

  // End of public interfaces.

  // Of a generated class, which may itself be called as this template is.
  using Base = MessageLease;

  // REQUIRES: `view` was parsed from the payload of `lease`, in `arena`.
  MessageLease(Lease lease, PooledArena arena, const View* view)
      : lease_(std::move(lease)), arena_(std::move(arena)), view_(view) {}

 private:
  Lease lease_;
  PooledArena arena_;
  const View* view_;
};

}  // namespace ipmpsc::typed

#endif  // IPMPSC_TYPED_LEASE_H_
