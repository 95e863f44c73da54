#include "ipmpsc/writer/output.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>

#include "absl/base/optimization.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "ipmpsc/wire/decoding.h"
#include "ipmpsc/wire/encoding.h"
#include "ipmpsc/wire/utf8.h"

namespace ipmpsc::writer {
namespace {

size_t SaturatingAdd(size_t a, size_t b) {
  return b > std::numeric_limits<size_t>::max() - a ? std::numeric_limits<size_t>::max() : a + b;
}

// Bodies up to this length are moved to their place with the shortest length, so that small
// messages have the same bytes as protobuf writes.
constexpr size_t kMaxMoved = 127;

}  // namespace

Output::Output(absl::Span<char> space)
    : data_(space.data()),
      capacity_(space.size()),
      limit_(std::min(space.size(), wire::kMaxSize)) {}

char* Output::Overflow(size_t head, size_t body) {
  limit_ = used_;
  // This count is later subtracted from a position, so it stays far from the limit.
  constexpr size_t kCounted = std::numeric_limits<size_t>::max() / 2;
  missing_ = std::min(SaturatingAdd(missing_, SaturatingAdd(head, body)), kCounted);
  return nullptr;
}

void Output::PutLastVarint(uint32_t tag, uint64_t value) {
  char* const p = Append(wire::VarintSize(tag), wire::VarintSize(value));
  if (ABSL_PREDICT_TRUE(p != nullptr)) wire::EncodeVarint(value, wire::EncodeVarint(tag, p));
}

char* Output::AppendBytes(uint32_t number, size_t size) {
  const uint32_t tag = wire::Tag(number, wire::kWireLengthDelimited);
  char* const p = Append(wire::VarintSize(tag) + wire::VarintSize(size), size);
  if (ABSL_PREDICT_FALSE(p == nullptr)) return nullptr;
  return wire::EncodeVarint(size, wire::EncodeVarint(tag, p));
}

char* Output::AppendAlignedBytes(uint32_t number, size_t size, size_t alignment) {
  const uint32_t tag = wire::Tag(number, wire::kWireLengthDelimited);
  const size_t tag_width = wire::VarintSize(tag);
  size_t width = wire::VarintSize(size);
  const uintptr_t plain = reinterpret_cast<uintptr_t>(data_) + used_ + tag_width + width;
  size_t gap = static_cast<size_t>(0 - plain) & (alignment - 1);
  size_t filler = 0;
  if (width + gap <= wire::kMaxLengthWidth) {
    width += gap;
  } else {
    // The shortest field has a tag and a length.
    while (gap < tag_width + 1) gap += alignment;
    filler = gap;
  }
  char* p = Append(filler + tag_width + width, size);
  if (ABSL_PREDICT_FALSE(p == nullptr)) return nullptr;
  if (filler != 0) {
    const size_t space = filler - tag_width;
    const size_t filler_width = wire::LengthWidth(space);
    p = wire::EncodePaddedVarint(space - filler_width, filler_width, wire::EncodeVarint(tag, p));
    // Hides the bytes that the ring held before.
    std::memset(p, 0, space - filler_width);
    p += space - filler_width;
  }
  p = wire::EncodePaddedVarint(size, width, wire::EncodeVarint(tag, p));
  pinned_ = used_;
  return p;
}

void Output::PutEncoded(absl::string_view fields) {
  char* const p = Append(0, fields.size());
  if (p != nullptr && !fields.empty()) std::memcpy(p, fields.data(), fields.size());
}

void Output::Pin(size_t size) {
  if (size != 0 && fits()) pinned_ = used_;
}

void Output::PinText(size_t size, const char* field) {
  Pin(size);
  if (size != 0 && fits()) texts_.push_back({used_ - size, size, field});
}

Output::Nested Output::StartMessage(uint32_t number) {
  const uint32_t tag = wire::Tag(number, wire::kWireLengthDelimited);
  const size_t tag_width = wire::VarintSize(tag);
  const size_t left = limit_ - used_;
  const size_t width = left > tag_width ? wire::LengthWidth(left - tag_width) : 1;
  char* const p = Append(tag_width, width);
  if (ABSL_PREDICT_TRUE(p != nullptr)) wire::EncodeVarint(tag, p);
  return {size(), number, static_cast<uint32_t>(width)};
}

Output::Nested Output::StartGroup(uint32_t number) {
  const uint32_t tag = wire::Tag(number, wire::kWireStartGroup);
  char* const p = Append(wire::VarintSize(tag), 0);
  if (ABSL_PREDICT_TRUE(p != nullptr)) wire::EncodeVarint(tag, p);
  return {size(), number, 0};
}

void Output::End(const Nested& nested) {
  if (nested.width == 0) {
    const uint32_t tag = wire::Tag(nested.number, wire::kWireEndGroup);
    char* const p = Append(wire::VarintSize(tag), 0);
    if (ABSL_PREDICT_TRUE(p != nullptr)) wire::EncodeVarint(tag, p);
    return;
  }
  const size_t body_size = size() - nested.body;
  const size_t surplus = nested.width - 1;
  const bool move = body_size <= kMaxMoved && pinned_ <= nested.body && surplus != 0;
  if (ABSL_PREDICT_FALSE(!fits())) {
    if (move) missing_ -= std::min(missing_ - 1, surplus);
    return;
  }
  char* const body = data_ + nested.body;
  if (!move) {
    wire::EncodePaddedVarint(body_size, nested.width, body - nested.width);
    return;
  }
  body[-static_cast<std::ptrdiff_t>(nested.width)] = static_cast<char>(body_size);
  std::memmove(body - surplus, body, body_size);
  used_ -= surplus;
}

void Output::Refuse(absl::Status why) {
  if (refused_.ok()) refused_ = std::move(why);
}

absl::Status Output::status(absl::string_view type) const {
  if (!fits()) {
    return absl::ResourceExhaustedError(absl::StrCat("a ", type, " of at least ", size(),
                                                     " bytes does not fit into the ", capacity_,
                                                     " that were claimed for it"));
  }
  if (!refused_.ok()) return refused_;
  for (const Text& text : texts_) {
    if (!wire::IsUtf8(absl::string_view(data_ + text.begin, text.size))) {
      return absl::InvalidArgumentError(absl::StrCat(text.field, " is not UTF-8"));
    }
  }
  return absl::OkStatus();
}

}  // namespace ipmpsc::writer
