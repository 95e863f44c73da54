// MessageReceiver: receives messages of one type. Base of the generated classes:
//
//   absl::StatusOr<FrameReceiver> receiver = FrameReceiver::Open("/dev/shm/frames");
//   absl::StatusOr<FrameLease> frame = receiver->Receive(absl::Seconds(1));
//
//   receiver->Drain([](const FrameView& frame) { Show(frame.pixels()); });   // what is there now
//   auto messages = receiver->Messages();                                    // until it is closed
//   for (FrameLease& frame : messages) Show(frame->pixels());
#ifndef IPMPSC_MESSAGE_MESSAGE_RECEIVER_H_
#define IPMPSC_MESSAGE_MESSAGE_RECEIVER_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

#include "absl/base/attributes.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/attach_options.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/message/arena_pool.h"
#include "ipmpsc/message/message_range.h"
#include "ipmpsc/message/schema_differences.h"
#include "ipmpsc/receiver.h"

namespace ipmpsc::message {

// Thread-compatible. One per channel.
//
// Every function that receives returns what the same one of `Receiver` returns, and:
//  * kInvalidArgument - the message is malformed (its position, size and type are told). It has
//                       been released: the next call goes on with the next message
template <typename Derived, typename MessageLease, typename View, typename MessageChannel>
class MessageReceiver {
 public:
  // Errors: as `MessageChannel::Compare`, and as `Receiver::Attach`.
  static absl::StatusOr<Derived> Attach(const Channel& channel,
                                        const ReceiverOptions& options = {}) {
    absl::StatusOr<SchemaDifferences> differences =
        MessageChannel::Compare(channel, End::kReceiver);
    if (!differences.ok()) return differences.status();
    absl::StatusOr<Receiver> receiver = Receiver::Attach(channel, options);
    if (!receiver.ok()) return receiver.status();
    return Derived(*std::move(receiver), *std::move(differences));
  }

  // Errors: as `Attach`, and as `Channel::Open`.
  static absl::StatusOr<Derived> Open(absl::string_view path, const ReceiverOptions& options = {}) {
    absl::StatusOr<Channel> channel = Channel::Open(path);
    if (!channel.ok()) return channel.status();
    return Attach(*channel, options);
  }
  // The channel that the message's .proto declares.
  static absl::StatusOr<Derived> Open(const ReceiverOptions& options = {}) {
    return Open(MessageChannel::Path(), options);
  }

  // Takes the next message, if it is there.
  absl::StatusOr<MessageLease> TryReceive() { return Parse(receiver_.TryReceive()); }
  // Waits for the next message until `deadline`.
  absl::StatusOr<MessageLease> Receive(Deadline deadline) {
    return Parse(receiver_.Receive(deadline));
  }

  // Calls `handler` for each message that is there, at most `max_messages`; released as by
  // `Receiver::Drain`. Does not wait. Returns how many: at least one, unless max_messages is 0.
  //
  // Errors: as `TryReceive`. kInvalidArgument tells how many of them were malformed, and which was
  // the first; the handler was called for the others, and all are released.
  absl::StatusOr<size_t> Drain(absl::FunctionRef<void(const View&)> handler,
                               size_t max_messages = std::numeric_limits<size_t>::max()) {
    const PooledArena arena = arenas_->Take();
    absl::Status malformed;
    size_t malformed_count = 0;
    absl::StatusOr<size_t> count = receiver_.Drain(
        [&](const Record& record) {
          const View* const view = View::Parse(record.payload, arena.get());
          if (view != nullptr) {
            handler(*view);
          } else if (malformed_count++ == 0) {
            malformed = Malformed(record.position, record.payload.size());
          }
          arena.get()->Reset();
        },
        max_messages);
    if (malformed_count == 0) return count;
    return absl::InvalidArgumentError(
        absl::StrCat(malformed_count, " of ", *count,
                     " messages are malformed; the first: ", malformed.message()));
  }

  // The messages from now on, for a range-based for. It ends at the first error, which the range
  // then tells: that the channel is closed, that `deadline` has passed, or that a message is
  // malformed, behind which it can be gone on with.
  MessageRange<MessageReceiver, MessageLease> Messages(Deadline deadline = Deadline::Never()) {
    return {this, deadline};
  }

  const Channel& channel() const ABSL_ATTRIBUTE_LIFETIME_BOUND { return receiver_.channel(); }
  // In what the channel's schema differs from this one; empty where it does not.
  const SchemaDifferences& schema_differences() const ABSL_ATTRIBUTE_LIFETIME_BOUND {
    return differences_;
  }

  // End of public interfaces.

  // Of a generated class, which may itself be called as this template is.
  using Base = MessageReceiver;

  // REQUIRES: `differences` are those of the receiver's channel.
  MessageReceiver(Receiver receiver, SchemaDifferences differences)
      : receiver_(std::move(receiver)), differences_(std::move(differences)) {}

 private:
  static absl::Status Malformed(uint64_t position, size_t size) {
    return absl::InvalidArgumentError(absl::StrCat("the message at position ", position, ", ", size,
                                                   " bytes long, is no ",
                                                   MessageChannel::kType.name));
  }

  absl::StatusOr<MessageLease> Parse(absl::StatusOr<Lease> lease) {
    if (!lease.ok()) return lease.status();
    PooledArena arena = arenas_->Take();
    const View* const view = View::Parse(lease->payload(), arena.get());
    if (view == nullptr) return Malformed(lease->position(), lease->payload().size());
    return MessageLease(*std::move(lease), std::move(arena), view);
  }

  Receiver receiver_;
  SchemaDifferences differences_;
  ArenaPool::Owner arenas_;
};

}  // namespace ipmpsc::message

#endif  // IPMPSC_MESSAGE_MESSAGE_RECEIVER_H_
