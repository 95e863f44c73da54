#include "benchmarks/mixed_content.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "benchmarks/mixed.ipmpsc.h"
#include "benchmarks/mixed.pb.h"
#include "benchmarks/mixed_messages.h"
#include "benchmarks/transport.h"
#include "ipmpsc/view/arena.h"
#include "ipmpsc/writer/message_writer.h"

namespace ipmpsc::benchmarks {
namespace {

// Both are fields of a fixed size, so that all messages have the same size. They are never zero,
// since proto3 omits zeros.
MixedMark MarkOf(MessageNumber number) {
  return {number.sequence + 1, static_cast<uint32_t>(number.sender + 1)};
}
MessageNumber NumberOf(MixedMark mark) { return {uint64_t{mark.checksum} - 1, mark.stamp - 1}; }

// The sum over the fields is linear in each field, so three sums determine that of every mark.
class ExpectedSum {
 public:
  ExpectedSum()
      : base_(SumOf(MixedMessage({0, 0}))),
        per_stamp_(SumOf(MixedMessage({1, 0})) - base_),
        per_checksum_(SumOf(MixedMessage({0, 1})) - base_) {}
  uint64_t For(MixedMark mark) const {
    return base_ + per_stamp_ * mark.stamp + per_checksum_ * mark.checksum;
  }

 private:
  const uint64_t base_;
  const uint64_t per_stamp_;
  const uint64_t per_checksum_;
};

// `Message` is protobuf's class or the view.
template <typename Message>
absl::StatusOr<MessageNumber> Check(const Message& message, const ExpectedSum& expected) {
  const MixedMark mark = {message.stamp(), message.checksum()};
  if (SumOf(message) != expected.For(mark))
    return absl::DataLossError(absl::StrCat("a message has wrong fields: ", mark.stamp));
  return NumberOf(mark);
}

class ByProtobuf : public Content {
 public:
  explicit ByProtobuf(bool in_place)
      : in_place_(in_place), size_(MixedMessage().ByteSizeLong()), buffer_(size_, '\0') {}

  size_t size() const override { return size_; }

  absl::Status Send(SenderEnd& end, MessageNumber number) override {
    FillMixed(message_, MarkOf(number));
    if (message_.ByteSizeLong() != size_) return absl::InternalError("its size varies");
    char* target = &buffer_[0];
    if (in_place_) {
      const absl::StatusOr<char*> lent = end.Loan(size_);
      if (!lent.ok()) return lent.status();
      target = *lent;
    }
    (void)message_.SerializeWithCachedSizesToArray(reinterpret_cast<uint8_t*>(target));
    return in_place_ ? end.Publish() : end.Send(buffer_);
  }

  absl::StatusOr<MessageNumber> Read(absl::string_view bytes) override {
    if (!message_.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
      return absl::DataLossError("a message cannot be parsed");
    return Check(message_, expected_);
  }

 private:
  const bool in_place_;
  const size_t size_;
  const ExpectedSum expected_;
  std::string buffer_;
  Mixed message_;
};

class ByView : public Content {
 public:
  size_t size() const override { return size_; }

  absl::Status Send(SenderEnd& end, MessageNumber number) override {
    const absl::StatusOr<char*> lent = end.Loan(size_);
    if (!lent.ok()) return lent.status();
    writer::Draft draft(absl::MakeSpan(*lent, size_));
    MixedWriter mixed(&draft);
    WriteMixed(mixed, MarkOf(number));
    const absl::StatusOr<size_t> written = draft.Finish("Mixed");
    if (!written.ok()) return written.status();
    if (*written != size_) return absl::InternalError("its size varies");
    return end.Publish();
  }

  absl::StatusOr<MessageNumber> Read(absl::string_view bytes) override {
    arena_.Reset();
    const MixedView* const view = MixedView::Parse(bytes, &arena_);
    if (view == nullptr) return absl::DataLossError("a message cannot be parsed");
    return Check(*view, expected_);
  }

 private:
  const size_t size_ = MixedMessage().ByteSizeLong();
  const ExpectedSum expected_;
  view::Arena arena_;
};

}  // namespace

std::unique_ptr<Content> ProtobufContent(bool in_place) {
  return std::make_unique<ByProtobuf>(in_place);
}

std::unique_ptr<Content> ViewContent() { return std::make_unique<ByView>(); }

}  // namespace ipmpsc::benchmarks
