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
    uint32_t width;   // of its length, which is written when it ends: 1 or settled; 0 for a group
  };

  // Uses at most `kMaxSize` bytes of `space`.
  explicit Output(absl::Span<char> space);

  // Returns the bytes written, plus those that did not fit.
  size_t size() const { return used_ + missing_; }
  // False once a piece did not fit.
  bool fits() const { return missing_ == 0; }

  // Inline, so that the tag of a constant number is a constant. Values of one or two bytes are
  // written without a branch between them.
  void PutVarint(uint32_t number, uint64_t value) {
    const uint32_t tag = wire::Tag(number, wire::kWireVarint);
    if (ABSL_PREDICT_TRUE(tag < wire::kTwoByteLimit && value < wire::kTwoByteLimit && HasAhead())) {
      const uint32_t small = static_cast<uint32_t>(value);
      const size_t tag_width = wire::ShortVarintSize(tag);
      wire::StoreWord(wire::ShortVarint(tag) | wire::ShortVarint(small) << (8 * tag_width),
                      data_ + used_);
      used_ += tag_width + wire::ShortVarintSize(small);
      return;
    }
    PutLongVarint(tag, value);
  }
  void PutFixed32(uint32_t number, uint32_t value) {
    const uint32_t tag = wire::Tag(number, wire::kWireFixed32);
    if (ABSL_PREDICT_FALSE(!PutShortTag(tag))) return PutFixedSlow(tag, value, sizeof(value));
    wire::StoreWord(value, data_ + used_);
    used_ += sizeof(value);
  }
  void PutFixed64(uint32_t number, uint64_t value) {
    const uint32_t tag = wire::Tag(number, wire::kWireFixed64);
    if (ABSL_PREDICT_FALSE(!PutShortTag(tag))) return PutFixedSlow(tag, value, sizeof(value));
    wire::StoreWord(value, data_ + used_);
    used_ += sizeof(value);
  }

  // Writes the tag and length of a length-delimited field of `size` bytes. Returns the place of its
  // bytes, or null if there is no space.
  char* AppendBytes(uint32_t number, size_t size);
  // The same at an address that is a multiple of `alignment`, a power of two. Padding is an earlier
  // value of the same field, which has no effect, since the last one wins. So the field must not be
  // repeated. Padding takes less than `alignment` + 6 bytes.
  char* AppendAlignedBytes(uint32_t number, size_t size, size_t alignment);

  // The same for a run of packed numbers, which is a piece of a repeated field. Padding is runs
  // without numbers, which have no effect. REQUIRES: size > 0
  char* AppendAlignedRun(uint32_t number, size_t size, size_t alignment);

  // The place of the next bytes, and the space for them. The space is empty once a piece did not
  // fit.
  char* free_space() { return data_ + used_; }
  size_t free_size() const { return limit_ - used_; }
  // Counts the first `size` bytes of it as written. REQUIRES: size <= free_size()
  void Use(size_t size) { used_ += size; }

  // The most bytes whose length takes one byte.
  static constexpr size_t kMaxShort = 127;
  // Writes a field of few bytes. False, and nothing is written, if it may not fit or is longer than
  // `kMaxShort`.
  bool PutShortBytes(uint32_t number, absl::string_view value);

  // Writes fields that are in wire format already.
  void PutEncoded(absl::string_view fields);

  // Keeps the last `size` bytes at their place, since a caller reads or fills them. REQUIRES: open
  // lengths are settled.
  void Pin(size_t size);
  // The same for text that a caller fills before it calls `status()`, which checks that the text is
  // UTF-8. `field` is the name of the field and must stay valid.
  void PinText(size_t size, const char* field);

  // From this size on a piece is long: open lengths are settled before it is written.
  static constexpr size_t kLong = 1024;

  Nested StartMessage(uint32_t number) {
    const uint32_t tag = wire::Tag(number, wire::kWireLengthDelimited);
    if (ABSL_PREDICT_FALSE(!PutShortTag(tag))) return StartMessageSlow(number);
    ++used_;
    return {used_, number, 1};
  }
  Nested StartGroup(uint32_t number);
  // Ends a message whose length fits into the byte that was reserved for it. False, and nothing is
  // done, for any other one. REQUIRES: `nested` was started last of those that have not ended.
  bool EndShort(const Nested& nested) {
    const size_t body_size = used_ - nested.body;
    if (ABSL_PREDICT_FALSE(((nested.width - 1) | body_size >> 7 | missing_) != 0)) return false;
    wire::StoreWord(static_cast<wire::Byte>(body_size), data_ + nested.body - 1);
    return true;
  }
  // Ends any message or group. Returns whether a body of `kLong` bytes or more moved: then the
  // lengths that are still open should be settled. REQUIRES: as above.
  bool End(const Nested& nested);

  // Settles open lengths: `Widening` of each tells how many bytes it needs, and their sum is passed
  // to `BeginWidening`. If that returns true, `Widen` moves the bodies, from the innermost
  // outwards. It adapts the `nested` of each, also of the groups in between.
  size_t Widening(const Nested& nested) const;
  bool BeginWidening(size_t sum);
  void Widen(Nested* nested);

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

  // The longest tag and number of the fast paths, with space for a whole word.
  static constexpr size_t kAhead = wire::kMaxTagWidth + wire::kMaxVarintWidth;

  bool HasAhead() const { return limit_ - used_ >= kAhead; }
  // Writes a tag of one or two bytes. False if it is longer, or if less than `kAhead` bytes are
  // left.
  bool PutShortTag(uint32_t tag) {
    if (ABSL_PREDICT_FALSE(tag >= wire::kTwoByteLimit || !HasAhead())) return false;
    wire::StoreWord(static_cast<uint16_t>(wire::ShortVarint(tag)), data_ + used_);
    used_ += wire::ShortVarintSize(tag);
    return true;
  }
  // The slow paths: a long tag or number, or little space.
  void PutLongVarint(uint32_t tag, uint64_t value);
  void PutFixedSlow(uint32_t tag, uint64_t value, size_t width);
  Nested StartMessageSlow(uint32_t number);
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
  size_t capacity_;      // of the space
  size_t limit_;         // end of the usable space; lowered once a piece did not fit
  size_t used_ = 0;      // <= limit_
  size_t missing_ = 0;   // bytes that did not fit
  size_t pinned_ = 0;    // the bytes before this are never moved
  size_t widening_ = 0;  // the rest of the sum while `Widen` runs
  size_t unmoved_ = 0;   // up to here bytes have to be moved by it
  absl::Status refused_;
  absl::InlinedVector<Text, 2> texts_;  // checked at the end
};

}  // namespace ipmpsc::writer

#endif  // IPMPSC_WRITER_OUTPUT_H_
