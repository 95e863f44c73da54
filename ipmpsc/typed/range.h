// MessageRange: the messages of a receiver, one after the other.
//
//   auto messages = receiver.Messages();
//   for (FrameLease& frame : messages) Show(frame->pixels());
//   if (!absl::IsOutOfRange(messages.status())) Complain(messages.status());
#ifndef IPMPSC_TYPED_RANGE_H_
#define IPMPSC_TYPED_RANGE_H_

#include <cstddef>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/typed/arena_pool.h"

namespace ipmpsc::typed {

// A single-pass range. It releases each lease when the next one is asked for or when the range is
// destroyed, unless the lease was moved elsewhere. So:
//
//  * After `break`, `return` or an exception the range holds the message until it is destroyed. A
//    new loop over the same range releases it and continues with the next one.
//  * The body of the loop may receive from the same receiver. The range does not see those
//    messages.
//  * The receiver may be moved, and the range follows it. If the receiver is destroyed or assigned
//    another one, the range ends with kFailedPrecondition. The lease that it holds stays valid.
template <typename Receiver, typename MessageLease>
class MessageRange {
 public:
  // An input iterator.
  class iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = MessageLease;
    using difference_type = std::ptrdiff_t;
    using pointer = MessageLease*;
    using reference = MessageLease&;

    iterator() = default;
    reference operator*() const { return *range_->lease_; }
    pointer operator->() const { return &*range_->lease_; }
    iterator& operator++() {
      if (!range_->Next()) range_ = nullptr;
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& a, const iterator& b) { return a.range_ == b.range_; }
    friend bool operator!=(const iterator& a, const iterator& b) { return a.range_ != b.range_; }

   private:
    friend class MessageRange;
    explicit iterator(MessageRange* range) : range_(range) {}

    MessageRange* range_ = nullptr;  // null at the end
  };

  // For `MessageReceiver::Messages`.
  MessageRange(const ArenaPool::Owner& arenas, Deadline deadline)
      : receiver_(arenas), deadline_(deadline) {}
  MessageRange(const MessageRange&) = delete;
  MessageRange& operator=(const MessageRange&) = delete;

  // Waits for the first message, or for the next one when called again.
  iterator begin() { return Next() ? iterator(this) : iterator(); }
  iterator end() { return iterator(); }

  // Returns why there was no further message, as `Receive` returned it. OK before the end.
  //
  // Errors: as `Receive`; kFailedPrecondition also if the receiver is gone.
  const absl::Status& status() const ABSL_ATTRIBUTE_LIFETIME_BOUND { return status_; }

 private:
  bool Next() {
    lease_.reset();
    Receiver* const receiver = static_cast<Receiver*>(receiver_.receiver());
    if (ABSL_PREDICT_FALSE(receiver == nullptr)) {
      status_ = absl::FailedPreconditionError(
          "the receiver of this Messages() loop was destroyed: keep it until the loop ends");
      return false;
    }
    absl::StatusOr<MessageLease> lease = receiver->Receive(deadline_);
    status_ = lease.status();
    if (!lease.ok()) return false;
    lease_.emplace(*std::move(lease));
    return true;
  }

  ArenaPool::Handle receiver_;
  Deadline deadline_;
  std::optional<MessageLease> lease_;
  absl::Status status_;
};

}  // namespace ipmpsc::typed

#endif  // IPMPSC_TYPED_RANGE_H_
