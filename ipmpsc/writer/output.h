// Output: the wire format of a message. It is written from front to back into a space that never
// grows.
//
// Writing ends with the first piece that does not fit: from then on Output writes nothing and only
// counts the missing bytes. It also ends with the first field that the message's receiver would
// refuse. `status()` reports both, so callers need not check each write.
#ifndef IPMPSC_WRITER_OUTPUT_H_
#define IPMPSC_WRITER_OUTPUT_H_

#include <cstddef>
#include <cstdint>

#include "absl/base/optimization.h"
#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "ipmpsc/wire/decoding.h"
#include "ipmpsc/wire/encoding.h"

namespace ipmpsc::writer {

class Output {
 public:
  // A sub-message that is being written.
  struct Nested {
    size_t body;      // where its fields begin
    uint32_t number;  // of its field
    uint32_t width;   // of its length, which is written when it ends; 0 for a group
  };

  // Uses at most `kMaxSize` bytes of `space`.
  explicit Output(absl::Span<char> space);

  // Returns the bytes written, plus those that did not fit.
  size_t size() const { return used_ + missing_; }
  // False once a piece did not fit.
  bool fits() const { return missing_ == 0; }

  // Inline, so that the tag of a constant number is a constant.
  void PutVarint(uint32_t number, uint64_t value) {
    const uint32_t tag = wire::Tag(number, wire::kWireVarint);
    if (ABSL_PREDICT_FALSE(limit_ - used_ < wire::kMaxTagWidth + wire::kMaxVarintWidth)) {
      return PutLastVarint(tag, value);
    }
    used_ = static_cast<size_t>(wire::EncodeVarint(value, wire::EncodeVarint(tag, data_ + used_)) -
                                data_);
  }
  void PutFixed32(uint32_t number, uint32_t value) {
    const uint32_t tag = wire::Tag(number, wire::kWireFixed32);
    char* const p = Append(wire::VarintSize(tag), sizeof(value));
    if (ABSL_PREDICT_TRUE(p != nullptr)) wire::EncodeFixed(value, wire::EncodeVarint(tag, p));
  }
  void PutFixed64(uint32_t number, uint64_t value) {
    const uint32_t tag = wire::Tag(number, wire::kWireFixed64);
    char* const p = Append(wire::VarintSize(tag), sizeof(value));
    if (ABSL_PREDICT_TRUE(p != nullptr)) wire::EncodeFixed(value, wire::EncodeVarint(tag, p));
  }

  // Writes the tag and length of a length-delimited field of `size` bytes. Returns the place of its
  // bytes, or null if there is no space.
  char* AppendBytes(uint32_t number, size_t size);
  // The same at an address that is a multiple of `alignment`, a power of two. Padding is an earlier
  // value of the same field, which has no effect, since the last one wins. So the field must not be
  // repeated. Padding takes less than `alignment` + 6 bytes.
  char* AppendAlignedBytes(uint32_t number, size_t size, size_t alignment);

  // The place of the next bytes, and the space for them. The space is empty once a piece did not
  // fit.
  char* free_space() { return data_ + used_; }
  size_t free_size() const { return limit_ - used_; }
  // Counts the first `size` bytes of it as written. REQUIRES: size <= free_size()
  void Use(size_t size) { used_ += size; }

  // Writes fields that are in wire format already.
  void PutEncoded(absl::string_view fields);

  // Keeps the last `size` bytes at their place, since a caller reads or fills them.
  void Pin(size_t size);
  // The same for text that a caller fills before it calls `status()`, which checks that the text is
  // UTF-8. `field` is the name of the field and must stay valid.
  void PinText(size_t size, const char* field);

  Nested StartMessage(uint32_t number);
  Nested StartGroup(uint32_t number);
  // REQUIRES: `nested` was started last of those that have not ended.
  void End(const Nested& nested);

  // Marks the message as one that must not be sent. The first reason counts.
  void Refuse(absl::Status why);

  // Whether the message is complete and its receiver will accept it. `type` is its name.
  //
  // Errors:
  //  * kResourceExhausted - it did not fit: the text says how long the space is, and how long it
  //                         should be
  //  * kInvalidArgument   - it was refused, or a text is not UTF-8: the text says why
  absl::Status status(absl::string_view type) const;

 private:
  struct Text {
    size_t begin;
    size_t size;
    const char* field;
  };

  // The slow path if the longest varint may not fit.
  void PutLastVarint(uint32_t tag, uint64_t value);
  // Returns space for `head` and `body` bytes at the end, or null if there is none.
  char* Append(size_t head, size_t body) {
    const size_t left = limit_ - used_;
    if (ABSL_PREDICT_FALSE(body > left || head > left - body)) return Overflow(head, body);
    char* const result = data_ + used_;
    used_ += head + body;
    return result;
  }
  char* Overflow(size_t head, size_t body);

  char* data_;
  size_t capacity_;     // of the space
  size_t limit_;        // end of the usable space; lowered once a piece did not fit
  size_t used_ = 0;     // <= limit_
  size_t missing_ = 0;  // bytes that did not fit
  size_t pinned_ = 0;   // the bytes before this are never moved
  absl::Status refused_;
  absl::InlinedVector<Text, 2> texts_;  // checked at the end
};

}  // namespace ipmpsc::writer

#endif  // IPMPSC_WRITER_OUTPUT_H_
