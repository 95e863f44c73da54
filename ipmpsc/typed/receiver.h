// MessageReceiver: receives messages of one type. Base of the generated classes:
//
//   absl::StatusOr<FrameReceiver> receiver = FrameReceiver::Open("/dev/shm/frames");
//   absl::StatusOr<FrameLease> frame = receiver->Receive(absl::Seconds(1));
//
//   receiver->Drain([](const FrameView& frame) { Show(frame.pixels()); });   // available now
//   auto messages = receiver->Messages();                                    // until it is closed
//   for (FrameLease& frame : messages) Show(frame->pixels());
#ifndef IPMPSC_TYPED_RECEIVER_H_
#define IPMPSC_TYPED_RECEIVER_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/schema/description.h"
#include "ipmpsc/schema/schema_differences.h"
#include "ipmpsc/typed/arena_pool.h"
#include "ipmpsc/typed/range.h"
#include "ipmpsc/view/arena.h"

namespace ipmpsc::typed {

// Thread-compatible. One per channel.
//
// Every function that receives returns the errors of the same function of `Receiver`, and:
//  * kInvalidArgument   - the message is malformed, or needs more memory than its `MemoryLimit`
//                         allows. The text names its position, size and type. It has been released:
//                         the next call takes the next message
//  * kResourceExhausted - the system has no memory for the views of the message. It is kept, and
//                         the next call tries it again. If not even the text of an error can be
//                         allocated, std::bad_alloc is thrown, and nothing is lost or leaked either
template <typename Derived, typename MessageLease, typename View, typename MessageChannel>
class MessageReceiver {
 public:
  // Errors: as `MessageChannel::Compare`, and as `Receiver::Attach`.
  static absl::StatusOr<Derived> Attach(
      const Channel& channel, const ReceiverOptions& options = {},
      const view::MemoryLimit& description_limit = schema::kDescriptionLimit) {
    absl::StatusOr<schema::SchemaDifferences> differences =
        MessageChannel::Compare(channel, schema::End::kReceiver, description_limit);
    if (!differences.ok()) return differences.status();
    absl::StatusOr<Receiver> receiver = Receiver::Attach(channel, options);
    if (!receiver.ok()) return receiver.status();
    return Derived(*std::move(receiver), *std::move(differences));
  }

  // Opens the channel at `path` and attaches to it.
  //
  // Errors: as `Attach`, and as `Channel::Open`.
  static absl::StatusOr<Derived> Open(absl::string_view path, const ReceiverOptions& options = {}) {
    return Open(path, absl::ZeroDuration(), options);
  }
  // The same, but first waits until `deadline` for a channel to be created at `path`. So this end
  // may start before the one that creates the channel. `options.deadline` is for attaching.
  //
  // Errors: as above; kDeadlineExceeded - no channel was created there.
  static absl::StatusOr<Derived> Open(absl::string_view path, Deadline deadline,
                                      const ReceiverOptions& options = {}) {
    absl::StatusOr<Channel> channel = Channel::Open(path, {deadline});
    if (!channel.ok()) return channel.status();
    return Attach(*channel, options);
  }
  // Open the channel that the message's .proto declares.
  static absl::StatusOr<Derived> Open(const ReceiverOptions& options = {}) {
    return Open(MessageChannel::Path(), options);
  }
  static absl::StatusOr<Derived> Open(Deadline deadline, const ReceiverOptions& options = {}) {
    return Open(MessageChannel::Path(), deadline, options);
  }

  // Takes the next message, if one is there.
  absl::StatusOr<MessageLease> TryReceive() {
    return ReceiveBy([this] { return receiver_.TryReceive(); });
  }
  // Waits for the next message until `deadline`.
  absl::StatusOr<MessageLease> Receive(Deadline deadline) {
    return ReceiveBy([this, &deadline] { return receiver_.Receive(deadline); });
  }

  // Take the newest message and release those before it unread, which `skipped()` counts: see
  // `Receiver::ReceiveLatest`. If the newest is malformed, those before it are gone all the same.
  absl::StatusOr<MessageLease> TryReceiveLatest() {
    return ReceiveLatestBy([this] { return receiver_.TryReceiveLatest(); });
  }
  absl::StatusOr<MessageLease> ReceiveLatest(Deadline deadline) {
    return ReceiveLatestBy([this, &deadline] { return receiver_.ReceiveLatest(deadline); });
  }
  // As `Receiver::skipped`.
  Skipped skipped() const {
    Skipped skipped = receiver_.skipped();
    skipped.messages += skipped_kept_.messages;
    skipped.bytes += skipped_kept_.bytes;
    return skipped;
  }

  // As `Receiver::dropped`.
  uint64_t dropped() const { return receiver_.dropped(); }

  // As `Receiver::Interrupt`, `Receiver::Fd` and `Receiver::Arm`. After kResourceExhausted `Arm`
  // returns false: there is a message that was kept.
  void Interrupt() { receiver_.Interrupt(); }
  absl::StatusOr<int> Fd() { return receiver_.Fd(); }
  bool Arm() { return !kept_.has_value() && receiver_.Arm(); }

  // For `WaitSet::Add` and `WaitSet::Remove`, which take typed receivers. After kResourceExhausted
  // receive again before you wait: the set does not know of a message that was kept.
  template <typename Set>
  absl::Status AddTo(Set& set, uint64_t tag) {
    return set.Add(receiver_, tag);
  }
  template <typename Set>
  absl::Status RemoveFrom(Set& set) {
    return set.Remove(receiver_);
  }

  // Calls `handler` for each available message, at most `max_messages`. Messages are released as by
  // `Receiver::Drain`. Does not wait. Returns how many messages there were: at least one, unless
  // max_messages is 0. The handler may use the view only during its call. For handlers that throw,
  // or that receive with, move or destroy the receiver, see `Receiver::Drain`. The view's memory is
  // given back in any case.
  //
  // Errors: as `TryReceive`. kInvalidArgument says how many messages were malformed, and which was
  // the first. kResourceExhausted says for how many the system had no memory. The handler was
  // called for the others, and all are released.
  absl::StatusOr<size_t> Drain(absl::FunctionRef<void(const View&)> handler,
                               size_t max_messages = std::numeric_limits<size_t>::max()) {
    // A handler may destroy `this`.
    const PooledArena arena = arenas_->Take();
    Unparsed unparsed;
    const auto handle = [&handler, &arena, &unparsed](const Record& record) {
      // Resets the arena even if the handler throws.
      const Resetting resetting{arena.get()};
      const View* const view = View::Parse(record.payload, arena.get());
      if (ABSL_PREDICT_TRUE(view != nullptr)) {
        handler(*view);
      } else {
        unparsed.Add(record.position, record.payload.size(), *arena.get());
      }
    };
    size_t kept = 0;
    if (ABSL_PREDICT_FALSE(kept_.has_value() && max_messages != 0)) {
      const Lease lease = *std::exchange(kept_, std::nullopt);
      kept = 1;
      const ArenaPool::Handle alive(arenas_);
      handle({lease.payload(), lease.position(), lease.sender()});
      if (max_messages == 1 || alive.receiver() != this) return unparsed.Result(kept);
    }
    absl::StatusOr<size_t> count = receiver_.Drain(handle, max_messages - kept);
    if (count.ok()) return unparsed.Result(*count + kept);
    if (kept != 0) return unparsed.Result(kept);
    return count;
  }

  // Returns the messages from now on, for a range-based for. The range ends at the first error,
  // which its status() returns: the channel is closed, `deadline` has passed, or a message is
  // malformed. After a malformed message a new loop continues with the next one.
  MessageRange<MessageReceiver, MessageLease> Messages(Deadline deadline = Deadline::Never()) {
    return {arenas_, deadline};
  }

  // The bound on the memory for the views of each message from now on.
  const view::MemoryLimit& memory_limit() const { return arenas_->limit(); }
  void set_memory_limit(const view::MemoryLimit& limit) { arenas_->set_limit(limit); }

  // Returns the channel that it is attached to.
  const Channel& channel() const ABSL_ATTRIBUTE_LIFETIME_BOUND { return receiver_.channel(); }
  // In what the channel's schema differs from this one; empty where it does not.
  const schema::SchemaDifferences& schema_differences() const ABSL_ATTRIBUTE_LIFETIME_BOUND {
    return differences_;
  }

  // End of public interfaces.

 protected:
  // For generated classes, which may have the same name as this template.
  using Base = MessageReceiver;

 public:
  // REQUIRES: `differences` are those of the receiver's channel.
  MessageReceiver(Receiver receiver, schema::SchemaDifferences differences)
      : receiver_(std::move(receiver)), differences_(std::move(differences)), arenas_(this) {}

  MessageReceiver(MessageReceiver&& other) noexcept
      : receiver_(std::move(other.receiver_)),
        differences_(std::move(other.differences_)),
        kept_(std::exchange(other.kept_, std::nullopt)),
        skipped_kept_(other.skipped_kept_),
        arenas_(std::move(other.arenas_)) {
    arenas_.set_receiver(this);
  }
  MessageReceiver& operator=(MessageReceiver&& other) noexcept {
    if (this == &other) return *this;
    kept_ = std::exchange(other.kept_, std::nullopt);
    skipped_kept_ = other.skipped_kept_;
    receiver_ = std::move(other.receiver_);
    differences_ = std::move(other.differences_);
    arenas_.set_receiver(nullptr);  // ends the ranges over its messages
    arenas_ = std::move(other.arenas_);
    arenas_.set_receiver(this);
    return *this;
  }

 private:
  struct Resetting {
    view::Arena* arena;
    ~Resetting() { arena->Reset(); }
  };

  // Why a message was not parsed.
  static absl::Status UnparsedError(uint64_t position, size_t size, const view::Arena& arena) {
    const std::string which =
        absl::StrCat("the message at position ", position, ", ", size, " bytes long, ");
    switch (arena.failure()) {
      case view::Arena::Failure::kNoMemory:
        return absl::ResourceExhaustedError(
            absl::StrCat(which, "cannot be parsed: the system has no memory for its views"));
      case view::Arena::Failure::kLimit:
        return absl::InvalidArgumentError(
            absl::StrCat(which, "exceeds the memory limit of ", arena.limit().BytesFor(size),
                         " bytes when it is parsed as ", MessageChannel::kType.name,
                         "; raise the limit with set_memory_limit() if you trust the senders"));
      default:
        return absl::InvalidArgumentError(
            absl::StrCat(which, "is not a valid ", MessageChannel::kType.name));
    }
  }

  // Counts the messages of a `Drain` that were not parsed.
  struct Unparsed {
    void Add(uint64_t position, size_t size, const view::Arena& arena) {
      if (arena.failure() == view::Arena::Failure::kNoMemory) ++without_memory;
      if (count++ == 0) first = UnparsedError(position, size, arena);
    }
    // The result for `drained` messages.
    absl::StatusOr<size_t> Result(size_t drained) const {
      if (count == 0) return drained;
      const std::string text = absl::StrCat(
          count, " of ", drained, " messages are malformed; the first: ", first.message());
      if (without_memory == 0) return absl::InvalidArgumentError(text);
      return absl::ResourceExhaustedError(
          absl::StrCat(without_memory, " of ", drained,
                       " messages were released unread, since the system had no memory. ", text));
    }

    size_t count = 0;
    size_t without_memory = 0;
    absl::Status first;
  };

  template <typename Take>
  absl::StatusOr<MessageLease> ReceiveBy(Take take) {
    arenas_->Reserve();  // takes no message before the steps that can fail
    if (ABSL_PREDICT_FALSE(kept_.has_value())) return Parse(*std::exchange(kept_, std::nullopt));
    absl::StatusOr<Lease> lease = take();
    if (!lease.ok()) return lease.status();
    return Parse(*std::move(lease));
  }

  template <typename Take>
  absl::StatusOr<MessageLease> ReceiveLatestBy(Take take) {
    if (ABSL_PREDICT_TRUE(!kept_.has_value())) return ReceiveBy(take);
    // The kept message is the newest unless there is another one now.
    arenas_->Reserve();
    absl::StatusOr<Lease> newer = receiver_.TryReceiveLatest();
    if (!newer.ok()) return Parse(*std::exchange(kept_, std::nullopt));
    ++skipped_kept_.messages;
    skipped_kept_.bytes += kept_->payload().size();
    kept_.reset();
    return Parse(*std::move(newer));
  }

  absl::StatusOr<MessageLease> Parse(Lease lease) {
    PooledArena arena = arenas_->Take();
    const View* const view = View::Parse(lease.payload(), arena.get());
    if (ABSL_PREDICT_TRUE(view != nullptr))
      return MessageLease(std::move(lease), std::move(arena), view);
    const uint64_t position = lease.position();
    const size_t size = lease.payload().size();
    if (arena.get()->failure() == view::Arena::Failure::kNoMemory) kept_ = std::move(lease);
    return UnparsedError(position, size, *arena.get());
  }

  Receiver receiver_;
  schema::SchemaDifferences differences_;
  std::optional<Lease> kept_;  // received, and not parsed for want of memory
  Skipped skipped_kept_;       // of those in `kept_`
  ArenaPool::Owner arenas_;
};

}  // namespace ipmpsc::typed

#endif  // IPMPSC_TYPED_RECEIVER_H_
