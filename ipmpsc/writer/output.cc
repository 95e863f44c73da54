#include "ipmpsc/writer/output.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "ipmpsc/internal/payload_copy.h"
#include "ipmpsc/internal/require.h"
#include "ipmpsc/wire/decoding.h"
#include "ipmpsc/wire/encoding.h"
#include "ipmpsc/wire/utf8.h"

namespace ipmpsc::writer {
namespace {

size_t SaturatingAdd(size_t a, size_t b) {
  return b > std::numeric_limits<size_t>::max() - a ? std::numeric_limits<size_t>::max() : a + b;
}

// Copies a text of at most `Output::kMaxShort` bytes by a few moves that may overlap.
inline void CopyShortBytes(char* to, const char* from, size_t size) {
  const auto copy = [=](auto word, size_t at) {
    std::memcpy(&word, from + at, sizeof(word));
    std::memcpy(to + at, &word, sizeof(word));
  };
  if (size >= 16) {
    internal::CopyShort(to, from, size);
  } else if (size >= 8) {
    copy(uint64_t{}, 0);
    copy(uint64_t{}, size - 8);
  } else if (size >= 4) {
    copy(uint32_t{}, 0);
    copy(uint32_t{}, size - 4);
  } else if (size != 0) {
    copy(uint8_t{}, 0);
    copy(uint8_t{}, size / 2);
    copy(uint8_t{}, size - 1);
  }
}

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

ABSL_ATTRIBUTE_NOINLINE void Output::PutLongVarint(uint32_t tag, uint64_t value) {
  if (ABSL_PREDICT_TRUE(HasAhead())) {
    char* const p = data_ + used_;
    used_ += static_cast<size_t>(wire::EncodeVarintAhead(value, wire::EncodeVarint(tag, p)) - p);
    return;
  }
  char* const p = Append(wire::VarintSize(tag), wire::VarintSize(value));
  if (ABSL_PREDICT_TRUE(p != nullptr)) wire::EncodeVarint(value, wire::EncodeVarint(tag, p));
}

ABSL_ATTRIBUTE_NOINLINE void Output::PutFixedSlow(uint32_t tag, uint64_t value, size_t width) {
  char* const p = Append(wire::VarintSize(tag), width);
  if (ABSL_PREDICT_TRUE(p != nullptr)) std::memcpy(wire::EncodeVarint(tag, p), &value, width);
}

bool Output::PutShortBytes(uint32_t number, absl::string_view value) {
  const size_t size = value.size();
  if (ABSL_PREDICT_FALSE(size > kMaxShort || limit_ - used_ < wire::kMaxTagWidth + 1 + kMaxShort))
    return false;
  char* const begin = data_ + used_;
  char* const p = wire::EncodeVarint(wire::Tag(number, wire::kWireLengthDelimited), begin);
  *p = static_cast<char>(size);
  CopyShortBytes(p + 1, value.data(), size);
  used_ += static_cast<size_t>(p + 1 - begin) + size;
  return true;
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

char* Output::AppendAlignedRun(uint32_t number, size_t size, size_t alignment) {
  const uint32_t tag = wire::Tag(number, wire::kWireLengthDelimited);
  const size_t tag_width = wire::VarintSize(tag);
  const size_t least_width = wire::VarintSize(size);
  const size_t spare = wire::kMaxLengthWidth - std::min(least_width, wire::kMaxLengthWidth);
  // An empty run takes from `least_run` to `longest_run` bytes, since its length may be padded.
  const size_t least_run = tag_width + 1;
  const size_t longest_run = tag_width + wire::kMaxLengthWidth;
  const uintptr_t plain = reinterpret_cast<uintptr_t>(data_) + used_ + tag_width + least_width;
  size_t gap = static_cast<size_t>(0 - plain) & (alignment - 1);
  // The number of empty runs, whose lengths and that of `size` take the rest of the gap.
  const auto runs_for = [&](size_t bytes) {
    return bytes <= spare ? 0 : (bytes - spare + longest_run - 1) / longest_run;
  };
  while (runs_for(gap) * least_run > gap) gap += alignment;
  char* p = Append(gap + tag_width + least_width, size);
  if (ABSL_PREDICT_FALSE(p == nullptr)) return nullptr;
  size_t runs = runs_for(gap);
  gap -= runs * least_run;
  for (; runs != 0; --runs) {
    const size_t padding = std::min(gap, wire::kMaxLengthWidth - 1);
    p = wire::EncodePaddedVarint(0, 1 + padding, wire::EncodeVarint(tag, p));
    gap -= padding;
  }
  p = wire::EncodePaddedVarint(size, least_width + gap, wire::EncodeVarint(tag, p));
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

Output::Nested Output::StartMessageSlow(uint32_t number) {
  const uint32_t tag = wire::Tag(number, wire::kWireLengthDelimited);
  char* const p = Append(wire::VarintSize(tag), 1);
  if (ABSL_PREDICT_TRUE(p != nullptr)) wire::EncodeVarint(tag, p);
  return {size(), number, 1};
}

Output::Nested Output::StartGroup(uint32_t number) {
  const uint32_t tag = wire::Tag(number, wire::kWireStartGroup);
  char* const p = Append(wire::VarintSize(tag), 0);
  if (ABSL_PREDICT_TRUE(p != nullptr)) wire::EncodeVarint(tag, p);
  return {size(), number, 0};
}

bool Output::End(const Nested& nested) {
  if (nested.width == 0) {
    const uint32_t tag = wire::Tag(nested.number, wire::kWireEndGroup);
    char* const p = Append(wire::VarintSize(tag), 0);
    if (ABSL_PREDICT_TRUE(p != nullptr)) wire::EncodeVarint(tag, p);
    return false;
  }
  const size_t body_size = size() - nested.body;
  char* const body = data_ + nested.body;
  if (nested.width > 1) {
    if (fits()) wire::EncodePaddedVarint(body_size, nested.width, body - nested.width);
    return false;
  }
  const size_t more = wire::VarintSize(body_size) - 1;
  if (ABSL_PREDICT_FALSE(!fits())) {
    Overflow(0, more);
    return false;
  }
  if (more != 0) {
    internal::Require(pinned_ <= nested.body, "Output: a length in front of pinned bytes widens");
    if (ABSL_PREDICT_FALSE(Append(0, more) == nullptr)) return false;
    std::memmove(body + more, body, body_size);
  }
  wire::EncodeVarint(body_size, body - 1);
  return body_size >= kLong;
}

size_t Output::Widening(const Nested& nested) const {
  return nested.width == 1 && fits() ? wire::LengthWidth(limit_ - nested.body + 1) - 1 : 0;
}

bool Output::BeginWidening(size_t sum) {
  unmoved_ = used_;
  widening_ = sum;
  return sum != 0 && Append(0, sum) != nullptr;
}

void Output::Widen(Nested* nested) {
  const size_t more = Widening(*nested);
  if (more != 0) {
    // The tag and the reserved byte in front of the body move with the message around it.
    std::memmove(data_ + nested->body + widening_, data_ + nested->body, unmoved_ - nested->body);
    unmoved_ = nested->body;
    nested->width += static_cast<uint32_t>(more);
  }
  nested->body += widening_;
  widening_ -= more;
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
