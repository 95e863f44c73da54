// MessageRange: the messages that a receiver gets, one after the other.
//
//   auto messages = receiver.Messages();
//   for (FrameLease& frame : messages) Show(frame->pixels());
//   if (!absl::IsOutOfRange(messages.status())) Complain(messages.status());
#ifndef IPMPSC_MESSAGE_MESSAGE_RANGE_H_
#define IPMPSC_MESSAGE_MESSAGE_RANGE_H_

#include <cstddef>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/base/attributes.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ipmpsc/deadline.h"

namespace ipmpsc::message {

// Gone through once, as long as the receiver is there. Each lease is released when the next one is
// asked for, unless it was moved elsewhere.
template <typename Receiver, typename MessageLease>
class MessageRange {
 public:
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

  MessageRange(Receiver* receiver ABSL_ATTRIBUTE_LIFETIME_BOUND, Deadline deadline)
      : receiver_(receiver), deadline_(deadline) {}
  MessageRange(const MessageRange&) = delete;
  MessageRange& operator=(const MessageRange&) = delete;

  // Waits for the first message, or, called again, goes on.
  iterator begin() { return Next() ? iterator(this) : iterator(); }
  iterator end() { return iterator(); }

  // Why there was no further message, as `Receive` returned it; OK before the end.
  const absl::Status& status() const ABSL_ATTRIBUTE_LIFETIME_BOUND { return status_; }

 private:
  bool Next() {
    lease_.reset();
    absl::StatusOr<MessageLease> lease = receiver_->Receive(deadline_);
    status_ = lease.status();
    if (!lease.ok()) return false;
    lease_.emplace(*std::move(lease));
    return true;
  }

  Receiver* receiver_;
  Deadline deadline_;
  std::optional<MessageLease> lease_;
  absl::Status status_;
};

}  // namespace ipmpsc::message

#endif  // IPMPSC_MESSAGE_MESSAGE_RANGE_H_
