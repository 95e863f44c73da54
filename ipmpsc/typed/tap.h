// MessageTap: reads the messages of one type beside their receiver, without taking part (tap.h).
// Generated headers declare one for each message, `FrameTap` for a message `Frame`:
//
//   absl::StatusOr<FrameTap> tap = FrameTap::Open("/dev/shm/frames");
//   absl::StatusOr<FrameTap::Message> frame = tap->Next(absl::Seconds(1));
//   Show((*frame)->pixels());   // of the message's own copy
#ifndef IPMPSC_TYPED_TAP_H_
#define IPMPSC_TYPED_TAP_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/attributes.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/schema/description.h"
#include "ipmpsc/schema/schema_differences.h"
#include "ipmpsc/tap.h"
#include "ipmpsc/view/arena.h"

namespace ipmpsc::typed {

// A message that a tap has read, with the bytes that its view shows. Move-only. The view keeps its
// address when the message is moved.
template <typename View>
class TappedMessage {
 public:
  const View& operator*() const ABSL_ATTRIBUTE_LIFETIME_BOUND { return *owned_->view; }
  const View* operator->() const ABSL_ATTRIBUTE_LIFETIME_BOUND { return owned_->view; }

  // As in `ipmpsc::TapMessage`.
  uint64_t position() const { return owned_->message.position; }
  uint16_t sender() const { return owned_->message.sender; }
  absl::Time sent_at() const { return owned_->message.sent_at(); }
  uint64_t sequence() const { return owned_->message.sequence; }
  uint64_t lost_before() const { return owned_->message.lost_before; }
  absl::string_view payload() const ABSL_ATTRIBUTE_LIFETIME_BOUND {
    return owned_->message.payload;
  }

 private:
  template <typename V, typename C>
  friend class MessageTap;

  struct Owned {
    TapMessage message;
    view::Arena arena;
    const View* view = nullptr;
  };

  explicit TappedMessage(std::unique_ptr<Owned> owned) : owned_(std::move(owned)) {}

  std::unique_ptr<Owned> owned_;
};

// Thread-compatible.
//
// `Next` and `TryNext` return the errors of the same functions of `Tap`, and:
//  * kInvalidArgument   - the message is malformed, or needs more memory than `MemoryLimit` allows.
//                         The text names its position, size and type. The next call reads the next
//                         message
//  * kResourceExhausted - the system has no memory for its views. The message is passed over, too
template <typename View, typename MessageChannel>
class MessageTap {
 public:
  // A message that was read.
  using Message = TappedMessage<View>;

  // Opens the channel at `path` read-only, by default the one that the message's .proto declares.
  //
  // Errors: as `Channel::OpenReadOnly`, and as `Over`.
  static absl::StatusOr<MessageTap> Open(absl::string_view path, const TapOptions& options = {}) {
    const absl::StatusOr<Channel> channel = Channel::OpenReadOnly(path);
    if (!channel.ok()) return channel.status();
    return Over(*channel, options);
  }
  static absl::StatusOr<MessageTap> Open(const TapOptions& options = {}) {
    return Open(MessageChannel::Path(), options);
  }

  // Errors: as `MessageChannel::Compare`, for a receiver.
  static absl::StatusOr<MessageTap> Over(const Channel& channel, const TapOptions& options = {}) {
    const absl::StatusOr<schema::SchemaDifferences> differences =
        MessageChannel::Compare(channel, schema::End::kReceiver);
    if (!differences.ok()) return differences.status();
    return MessageTap(Tap::Over(channel, options));
  }

  // As `Tap::TryNext` and `Tap::Next`, with the errors above.
  absl::StatusOr<Message> TryNext() {
    return NextBy([this](TapMessage* message) { return tap_.TryNext(message); });
  }
  absl::StatusOr<Message> Next(Deadline deadline) {
    return NextBy([this, deadline](TapMessage* message) { return tap_.Next(deadline, message); });
  }

  // As of `Tap`.
  TapLoss loss() const { return tap_.loss(); }
  uint64_t position() const { return tap_.position(); }
  const Channel& channel() const ABSL_ATTRIBUTE_LIFETIME_BOUND { return tap_.channel(); }

  // The bound on the memory for the views of each message from now on.
  const view::MemoryLimit& memory_limit() const { return limit_; }
  void set_memory_limit(const view::MemoryLimit& limit) { limit_ = limit; }

 private:
  explicit MessageTap(Tap tap) : tap_(std::move(tap)) {}

  template <typename Read>
  absl::StatusOr<Message> NextBy(Read read) {
    auto owned = std::make_unique<typename Message::Owned>();
    const absl::Status status = read(&owned->message);
    if (!status.ok()) return status;
    owned->arena.set_limit(limit_);
    owned->view = View::Parse(owned->message.payload, &owned->arena);
    if (owned->view != nullptr) return Message(std::move(owned));
    const std::string which = absl::StrCat("the message at position ", owned->message.position,
                                           ", ", owned->message.payload.size(), " bytes long, ");
    switch (owned->arena.failure()) {
      case view::Arena::Failure::kNoMemory:
        return absl::ResourceExhaustedError(
            absl::StrCat(which, "cannot be parsed: the system has no memory for its views"));
      case view::Arena::Failure::kLimit:
        return absl::InvalidArgumentError(
            absl::StrCat(which, "is no ", MessageChannel::kType.name, " that can be parsed in the ",
                         limit_.BytesFor(owned->message.payload.size()),
                         " bytes that its views may take: see set_memory_limit()"));
      default:
        return absl::InvalidArgumentError(
            absl::StrCat(which, "is no ", MessageChannel::kType.name));
    }
  }

  Tap tap_;
  view::MemoryLimit limit_;
};

}  // namespace ipmpsc::typed

#endif  // IPMPSC_TYPED_TAP_H_
