// MessageSender: sends messages of one type. Base of the generated classes:
//
//   absl::StatusOr<FrameSender> sender = FrameSender::Open("/dev/shm/frames", absl::Seconds(10));
//   absl::Status sent = sender->Send(frame, absl::Seconds(1));
//
//   absl::StatusOr<FrameLoan> loan = sender->Claim(bound, absl::Seconds(1));   // written in place
//   loan->set_width(1920);
//   absl::Status published = std::move(*loan).Publish();
//
// A message is serialised straight into the ring, in one pass. Its .pb.h must be included where it
// is sent. A loan needs no .pb.h.
#ifndef IPMPSC_TYPED_SENDER_H_
#define IPMPSC_TYPED_SENDER_H_

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/internal/require.h"
#include "ipmpsc/options.h"
#include "ipmpsc/schema/description.h"
#include "ipmpsc/schema/schema_differences.h"
#include "ipmpsc/sender.h"
#include "ipmpsc/typed/serialise.h"
#include "ipmpsc/view/arena.h"
#include "ipmpsc/wire/encoding.h"

namespace ipmpsc::typed {

// Thread-compatible: use one per thread. A channel has `max_senders()` slots for them.
//
// Every function that sends or lends returns the errors of the same function of `Sender`, and:
//  * kInvalidArgument - a required field is missing (it is named), or the message or the bound is 2
//                       GiB or longer
template <typename Derived, typename Message, typename MessageLoan, typename MessageChannel>
class MessageSender {
 public:
  // Errors: as `MessageChannel::Compare`, and as `Sender::Attach`.
  static absl::StatusOr<Derived> Attach(
      const Channel& channel, const SenderOptions& options = {},
      const view::MemoryLimit& description_limit = schema::kDescriptionLimit) {
    absl::StatusOr<schema::SchemaDifferences> differences =
        MessageChannel::Compare(channel, schema::End::kSender, description_limit);
    if (!differences.ok()) return differences.status();
    absl::StatusOr<Sender> sender = Sender::Attach(channel, options);
    if (!sender.ok()) return sender.status();
    return Derived(*std::move(sender), *std::move(differences));
  }

  // Opens the channel at `path` and attaches to it.
  //
  // Errors: as `Attach`, and as `Channel::Open`.
  static absl::StatusOr<Derived> Open(absl::string_view path, const SenderOptions& options = {}) {
    return Open(path, absl::ZeroDuration(), options);
  }
  // The same, but first waits until `deadline` for a channel to be created at `path`. So this end
  // may start before the one that creates the channel. `options.deadline` is for attaching.
  //
  // Errors: as above; kDeadlineExceeded - no channel was created there.
  static absl::StatusOr<Derived> Open(absl::string_view path, Deadline deadline,
                                      const SenderOptions& options = {}) {
    absl::StatusOr<Channel> channel = Channel::Open(path, {deadline});
    if (!channel.ok()) return channel.status();
    return Attach(*channel, options);
  }
  // Open the channel that the message's .proto declares.
  static absl::StatusOr<Derived> Open(const SenderOptions& options = {}) {
    return Open(MessageChannel::Path(), options);
  }
  static absl::StatusOr<Derived> Open(Deadline deadline, const SenderOptions& options = {}) {
    return Open(MessageChannel::Path(), deadline, options);
  }

  // Sends the message if there is space now.
  absl::Status TrySend(const Message& message) {
    return SendInto(message, [&](size_t size) { return sender_.TryClaim(size); });
  }
  // Waits for space until `deadline`.
  absl::Status Send(const Message& message, Deadline deadline) {
    return SendInto(message, [&](size_t size) { return sender_.Claim(size, deadline); });
  }
  // Send a range of messages together, as by `Sender::SendBatch`: `std::vector<Message>`,
  // `RepeatedPtrField<Message>` and similar. Each is serialised straight into the ring. If one
  // cannot be sent, none is. The range is traversed twice, so it must hold its messages: a range
  // that generates them does not compile. REQUIRES: no thread changes them during the call. If the
  // size of one changes, the program aborts and none is sent.
  template <typename Messages>
  absl::Status TrySendBatch(const Messages& messages) {
    return SendBatchInto(messages,
                         [&](auto write) { return sender_.TryWriteBatch(batch_sizes_, write); });
  }
  template <typename Messages>
  absl::Status SendBatch(const Messages& messages, Deadline deadline) {
    return SendBatchInto(
        messages, [&](auto write) { return sender_.WriteBatch(batch_sizes_, write, deadline); });
  }
  // Waits until all earlier messages have been received and released, then sends.
  absl::Status SendWhenEmpty(const Message& message, Deadline deadline) {
    return SendInto(message, [&](size_t size) { return sender_.ClaimWhenEmpty(size, deadline); });
  }

  // Lends a message to be written in place, at most `bound` bytes long. One loan at a time.
  // Publishing gives unused bytes back. `bound` must be at least the message's `ByteSizeLong`, plus
  // 4 bytes for each message in it of 128 bytes or more, plus `alignment` + 5 for each aligned
  // field.
  //
  // Errors: as `TrySend`, `Send` and `SendWhenEmpty`.
  absl::StatusOr<MessageLoan> TryClaim(size_t bound) {
    return Lend(bound, [&] { return sender_.TryClaim(bound); });
  }
  absl::StatusOr<MessageLoan> Claim(size_t bound, Deadline deadline) {
    return Lend(bound, [&] { return sender_.Claim(bound, deadline); });
  }
  absl::StatusOr<MessageLoan> ClaimWhenEmpty(size_t bound, Deadline deadline) {
    return Lend(bound, [&] { return sender_.ClaimWhenEmpty(bound, deadline); });
  }

  // As `Sender::Interrupt`, `Sender::Fd` and `Sender::Arm`.
  void Interrupt() { sender_.Interrupt(); }
  absl::StatusOr<int> Fd(size_t payload_size) { return sender_.Fd(payload_size); }
  bool Arm() { return sender_.Arm(); }

  // For `WaitSet::Add` and `WaitSet::Remove`, which take typed senders.
  template <typename Set>
  absl::Status AddTo(Set& set, size_t payload_size, uint64_t tag) {
    return set.Add(sender_, payload_size, tag);
  }
  template <typename Set>
  absl::Status RemoveFrom(Set& set) {
    return set.Remove(sender_);
  }

  // As `Sender::dropped`.
  uint64_t dropped() const { return sender_.dropped(); }
  // As `Sender::sent_position` and `Sender::WaitUntilReleased`.
  uint64_t sent_position() const { return sender_.sent_position(); }
  absl::Status WaitUntilReleased(uint64_t position, Deadline deadline) {
    return sender_.WaitUntilReleased(position, deadline);
  }

  // Returns the channel that it is attached to.
  const Channel& channel() const ABSL_ATTRIBUTE_LIFETIME_BOUND { return sender_.channel(); }
  // In what the channel's schema differs from this one; empty where it does not.
  const schema::SchemaDifferences& schema_differences() const ABSL_ATTRIBUTE_LIFETIME_BOUND {
    return differences_;
  }
  uint16_t slot() const { return sender_.slot(); }

  // End of public interfaces.

 protected:
  // For generated classes, which may have the same name as this template.
  using Base = MessageSender;

 public:
  // REQUIRES: `differences` are those of the sender's channel.
  MessageSender(Sender sender, schema::SchemaDifferences differences)
      : sender_(std::move(sender)), differences_(std::move(differences)) {}

 private:
  template <typename Claim>
  absl::Status SendInto(const Message& message, Claim claim) {
    const absl::StatusOr<size_t> size = typed::SizeOf(message);
    if (!size.ok()) return size.status();
    absl::StatusOr<ipmpsc::Loan> loan = claim(*size);
    if (!loan.ok()) return loan.status();
    if (ABSL_PREDICT_FALSE(!typed::IsAsLongAs(message, *size))) return typed::ChangedError(message);
    typed::WriteMessage(message, loan->payload().data());
    std::move(*loan).Publish();
    return absl::OkStatus();
  }

  template <typename Messages, typename SendSizes>
  absl::Status SendBatchInto(const Messages& messages, SendSizes send_sizes) {
    using Iterator = decltype(std::begin(messages));
    static_assert(std::is_base_of_v<std::forward_iterator_tag,
                                    typename std::iterator_traits<Iterator>::iterator_category> &&
                      std::is_lvalue_reference_v<decltype(*std::declval<Iterator&>())>,
                  "the range must hold its messages, because it is traversed twice");
    batch_sizes_.clear();
    for (const Message& message : messages) {
      const absl::StatusOr<size_t> size = typed::SizeOf(message);
      if (!size.ok()) return size.status();
      batch_sizes_.push_back(*size);
    }
    auto next = std::begin(messages);
    return send_sizes([&next](size_t, absl::Span<char> payload) {
      const Message& message = *next++;
      internal::Require(typed::IsAsLongAs(message, payload.size()),
                        "MessageSender::SendBatch: a message was changed while it was being sent");
      typed::WriteMessage(message, payload.data());
    });
  }

  template <typename Claim>
  absl::StatusOr<MessageLoan> Lend(size_t bound, Claim claim) {
    if (bound > wire::kMaxSize) {
      return absl::InvalidArgumentError(
          absl::StrCat(MessageChannel::kType.name, " of up to ", bound,
                       " bytes is too long; a message must be shorter than 2 GiB"));
    }
    absl::StatusOr<ipmpsc::Loan> loan = claim();
    if (!loan.ok()) return loan.status();
    return MessageLoan(*std::move(loan));
  }

  Sender sender_;
  schema::SchemaDifferences differences_;
  std::vector<size_t> batch_sizes_;  // here, so that only the first batches allocate
};

}  // namespace ipmpsc::typed

#endif  // IPMPSC_TYPED_SENDER_H_
