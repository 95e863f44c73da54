// MessageLease: a received message, viewed in place in the ring. Base of the generated classes:
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

// Several leases may be held, and released in any order. A lease may outlive its receiver. At most
// one thread at a time may use a receiver and its leases.
template <typename View>
class MessageLease {
 public:
  const View& operator*() const ABSL_ATTRIBUTE_LIFETIME_BOUND { return *view_; }
  const View* operator->() const ABSL_ATTRIBUTE_LIFETIME_BOUND { return view_; }

  // The place in the order of all records. It grows from message to message and never repeats.
  uint64_t position() const { return lease_.position(); }
  // See `ipmpsc::Record`. absl::InfinitePast() and 0 in channels without timestamps.
  absl::Time sent_at() const { return lease_.sent_at(); }
  uint64_t sequence() const { return lease_.sequence(); }
  // The slot of the sender.
  uint16_t sender() const { return lease_.sender(); }

  // Returns the space in the ring.
  void Release() && { const MessageLease gone = std::move(*this); }

  // End of public interfaces.

 protected:
  // For generated classes, which may have the same name as this template.
  using Base = MessageLease;

 public:
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
