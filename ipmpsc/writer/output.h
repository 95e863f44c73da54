// Output: the wire format of a message, written from front to back into a space that is given once
// and never grows.
//
// The first thing that does not fit ends the writing: nothing is written from then on, and only the
// bytes that would have been are counted. A field that makes a message that its receiver would
// refuse ends it as well. `status()` tells both, so nobody has to look at each single write.
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
  // The bytes in front of a message within the message that is being written.
  struct Nested {
    size_t body;      // where its fields begin
    uint32_t number;  // of the field that it is
    uint32_t width;   // of its length, which is filled in at its end; 0 for a group
  };

  // Uses at most `kMaxSize` bytes of `space`.
  explicit Output(absl::Span<char> space);

  // Bytes written, or wanted where they did not fit.
  size_t size() const { return used_ + missing_; }
  // False once something did not fit.
  bool fits() const { return missing_ == 0; }

  // Inline, so that the tag is a constant where the number is one.
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

  // Puts tag and length of a length-delimited field of `size` bytes. Returns where they are to be
  // written; null where there is no space.
  char* AppendBytes(uint32_t number, size_t size);
  // At an address that is a multiple of `alignment`, a power of two. An earlier value of the same
  // field fills the gap. It does not count, since the last one wins, so the field must not be a
  // repeated one. It takes less than `alignment` + 6 bytes.
  char* AppendAlignedBytes(uint32_t number, size_t size, size_t alignment);

  // Where the next bytes belong, and how many there is space for: none once something did not fit.
  char* free_space() { return data_ + used_; }
  size_t free_size() const { return limit_ - used_; }
  // The first `size` bytes of it are written. REQUIRES: size <= free_size()
  void Use(size_t size) { used_ += size; }

  // Fields that are in wire format already.
  void PutEncoded(absl::string_view fields);

  // The last `size` bytes are being looked at, or filled, by somebody else: they stay where they
  // are.
  void Pin(size_t size);
  // They are filled by somebody else until `status()` is asked, and then must be UTF-8; `field` is
  // the name of the field, and stays.
  void PinText(size_t size, const char* field);

  Nested StartMessage(uint32_t number);
  Nested StartGroup(uint32_t number);
  // REQUIRES: `nested` was started last of those that have not ended.
  void End(const Nested& nested);

  // The message must not be sent. The first reason counts.
  void Refuse(absl::Status why);

  // Whether all of the message is there, and its receiver will take it. `type` is its name.
  //
  // Errors:
  //  * kResourceExhausted - it did not fit: says how long the space is, and how long it should be
  //  * kInvalidArgument   - it was refused, or a text is not UTF-8: says why
  absl::Status status(absl::string_view type) const;

 private:
  struct Text {
    size_t begin;
    size_t size;
    const char* field;
  };

  // Where there may be too little space for the longest varint.
  void PutLastVarint(uint32_t tag, uint64_t value);
  // Space for `head` and `body` bytes at the end; null where it is not there.
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
  size_t limit_;        // of what may be used; nothing more once something did not fit
  size_t used_ = 0;     // <= limit_
  size_t missing_ = 0;  // bytes that did not fit
  size_t pinned_ = 0;   // up to here, nothing is moved
  absl::Status refused_;
  absl::InlinedVector<Text, 2> texts_;  // checked at the end
};

}  // namespace ipmpsc::writer

#endif  // IPMPSC_WRITER_OUTPUT_H_
