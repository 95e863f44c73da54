#include "ipmpsc/writer/message_writer.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

#include "absl/base/optimization.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "ipmpsc/internal/payload_copy.h"
#include "ipmpsc/internal/require.h"
#include "ipmpsc/wire/decoding.h"
#include "ipmpsc/wire/message_table.h"
#include "ipmpsc/wire/utf8.h"
#include "ipmpsc/writer/output.h"

namespace ipmpsc::writer {

Draft::Draft(Draft&& other) noexcept
    : output_(std::move(other.output_)), innermost_(std::exchange(other.innermost_, nullptr)) {
  Adopt();
}

Draft& Draft::operator=(Draft&& other) noexcept {
  if (this != &other) {
    Abandon();
    output_ = std::move(other.output_);
    innermost_ = std::exchange(other.innermost_, nullptr);
    Adopt();
  }
  return *this;
}

void Draft::Adopt() {
  for (MessageWriter* writer = innermost_; writer != nullptr; writer = writer->around_) {
    writer->draft_ = this;
  }
}

absl::StatusOr<size_t> Draft::Finish(absl::string_view type) {
  while (innermost_ != nullptr) innermost_->Close();
  absl::Status status = output_.status(type);
  if (ABSL_PREDICT_FALSE(!status.ok())) return status;
  return output_.size();
}

void Draft::Abandon() {
  while (innermost_ != nullptr) {
    innermost_->draft_ = nullptr;
    innermost_ = innermost_->around_;
  }
}

void Draft::SettleLengths() {
  // Calls `f` for each open length, from the innermost outwards. The message as a whole has none.
  const auto for_each = [this](auto f) {
    for (MessageWriter* writer = innermost_; writer != nullptr; writer = writer->around_) {
      if (writer->entry_.number != 0) f(&writer->entry_);
      if (writer->around_ != nullptr) f(&writer->nested_);
    }
  };
  size_t sum = 0;
  for_each([&](const Output::Nested* nested) { sum += output_.Widening(*nested); });
  if (!output_.BeginWidening(sum)) return;
  for_each([&](Output::Nested* nested) { output_.Widen(nested); });
}

MessageWriter::MessageWriter(Draft* draft) : draft_(draft) {
  internal::Require(draft->innermost_ == nullptr,
                    "MessageWriter: the draft already has a writer for its message");
  draft->innermost_ = this;
}

MessageWriter::MessageWriter(MessageWriter* around, AsGroup place) {
  nested_ = OpenWithin(around, 1)->StartGroup(place.number);
}

MessageWriter::MessageWriter(MessageWriter* around, AsMapValue) {
  constexpr uint32_t kValue = 2;
  Output* const output = OpenWithin(around, 2);
  is_map_value_ = true;
  nested_ = output->StartMessage(kValue);
}

MessageWriter& MessageWriter::operator=(MessageWriter&& other) noexcept {
  if (this != &other) {
    Close();
    Take(&other);
  }
  return *this;
}

void MessageWriter::Take(MessageWriter* other) {
  first_missing_ = other->first_missing_;
  draft_ = std::exchange(other->draft_, nullptr);
  around_ = other->around_;
  depth_ = other->depth_;
  is_plain_ = other->is_plain_;
  is_map_value_ = other->is_map_value_;
  nested_ = other->nested_;
  entry_ = other->entry_;
  if (draft_ == nullptr) return;
  MessageWriter** link = &draft_->innermost_;
  while (*link != other) link = &(*link)->around_;
  *link = this;
}

void MessageWriter::RefuseDepth() {
  draft_->output_.Refuse(absl::InvalidArgumentError(
      absl::StrCat("messages nest more than ", wire::kMaxDepth, " deep")));
}

void MessageWriter::MakeInnermost() {
  internal::Require(draft_ != nullptr,
                    "MessageWriter: the message has ended, because an enclosing message was "
                    "written to or published, or the writer was moved from");
  while (draft_->innermost_ != this) draft_->innermost_->Close();
}

void MessageWriter::Close() {
  if (draft_ == nullptr) return;
  Output* const output = Enter();
  if (first_missing_ != nullptr) {
    const char* const missing = first_missing_(*this);
    if (ABSL_PREDICT_FALSE(missing != nullptr)) {
      output->Refuse(absl::InvalidArgumentError(absl::StrCat(missing, " is required but not set")));
    }
  }
  Draft* const draft = std::exchange(draft_, nullptr);
  draft->innermost_ = around_;
  if (around_ == nullptr) return;
  if (output->End(nested_)) draft->SettleLengths();
  if (is_map_value_) around_->EndEntry();
}

char* MessageWriter::AppendBytes(uint32_t number, size_t size, size_t alignment) {
  Output* const output = EnterForPiece(alignment == 1 ? size : Output::kLong);
  return alignment == 1 ? output->AppendBytes(number, size)
                        : output->AppendAlignedBytes(number, size, alignment);
}

void MessageWriter::PutBytes(uint32_t number, absl::string_view value, size_t alignment) {
  if (alignment == 1 && ABSL_PREDICT_TRUE(Enter()->PutShortBytes(number, value))) return;
  char* const to = AppendBytes(number, value.size(), alignment);
  if (to != nullptr) internal::CopyPayload(to, value);
}

void MessageWriter::PutString(uint32_t number, absl::string_view value, const char* field,
                              size_t alignment) {
  PutBytes(number, value, alignment);
  if (ABSL_PREDICT_FALSE(!wire::IsUtf8(value))) {
    draft_->output_.Refuse(absl::InvalidArgumentError(absl::StrCat(field, " is not UTF-8")));
  }
}

char* MessageWriter::HandOut(uint32_t number, size_t size, size_t alignment) {
  // Bytes that are handed out stay where they are, so the lengths in front of them must, too.
  if (size != 0) EnterForPiece(Output::kLong);
  return AppendBytes(number, size, alignment);
}

absl::Span<char> MessageWriter::MutableBytes(uint32_t number, size_t size, size_t alignment) {
  char* const to = HandOut(number, size, alignment);
  if (to == nullptr) return {};
  draft_->output_.Pin(size);
  return {to, size};
}

absl::Span<char> MessageWriter::MutableString(uint32_t number, size_t size, const char* field,
                                              size_t alignment) {
  char* const to = HandOut(number, size, alignment);
  if (to == nullptr) return {};
  draft_->output_.PinText(size, field);
  return {to, size};
}

char* MessageWriter::AppendRun(uint32_t number, size_t count, size_t element_size,
                               size_t alignment) {
  if (count == 0) return nullptr;
  Output* const output = EnterForPiece(Output::kLong);
  constexpr size_t kMost = std::numeric_limits<size_t>::max();
  const size_t size = count > kMost / element_size ? kMost : count * element_size;
  return output->AppendAlignedRun(number, size, alignment);
}

void MessageWriter::PutAlignedRun(uint32_t number, const void* elements, size_t size,
                                  size_t alignment) {
  char* const to = AppendRun(number, size, 1, alignment);
  if (to == nullptr) return;
  internal::CopyPayload(to, absl::string_view(static_cast<const char*>(elements), size));
}

void MessageWriter::PutUnknownFields(absl::string_view message, const wire::MessageTable& table,
                                     const char* type) {
  Output* const output = Enter();
  const auto put = [&](const char* begin, const char* end) {
    const absl::string_view fields(begin, static_cast<size_t>(end - begin));
    EnterForPiece(fields.size())->PutEncoded(fields);
  };
  const int depth = std::max(wire::kMaxDepth - depth_, 0);
  const char* const end = message.data() + message.size();
  const char* piece = message.data();  // not yet copied, up to `p`
  const char* p = piece;
  while (p != end) {
    const char* const field = p;
    uint32_t tag;
    p = wire::ReadTag(p, end, &tag);
    if (p != nullptr) p = wire::SkipValue(p, end, tag, depth);
    if (ABSL_PREDICT_FALSE(p == nullptr)) {
      output->Refuse(absl::InvalidArgumentError(
          absl::StrCat("the unknown fields given for a ", type, " are malformed at byte ",
                       field - message.data(), " of ", message.size())));
      return;
    }
    if (wire::FindField(table, tag >> 3) == nullptr) continue;
    put(piece, field);
    piece = p;
  }
  put(piece, end);
}

void MessageWriter::StartEntry(uint32_t number) {
  Output* const output = Enter();
  if (ABSL_PREDICT_FALSE(depth_ + 1 > wire::kMaxDepth)) RefuseDepth();
  entry_ = output->StartMessage(number);
}

void MessageWriter::PutCheckedEnum(uint32_t number, int32_t value, const wire::EnumRange* ranges,
                                   size_t count, const char* field) {
  CheckEnum(value, ranges, count, field);
  PutInt32(number, value);
}

void MessageWriter::CheckEnum(int32_t value, const wire::EnumRange* ranges, size_t count,
                              const char* field) {
  const wire::EnumRange* const next = std::upper_bound(
      ranges, ranges + count, value,
      [](int32_t number, const wire::EnumRange& range) { return number < range.first; });
  const bool is_there = next != ranges && value <= next[-1].last;
  if (ABSL_PREDICT_TRUE(is_there)) return;
  Enter()->Refuse(absl::InvalidArgumentError(
      absl::StrCat(field, " is ", value, ", which is not a value of its enum")));
}

}  // namespace ipmpsc::writer
