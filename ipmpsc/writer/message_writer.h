// MessageWriter: writes one message, field by field. Base of the generated classes:
//
//   char space[1000];
//   ipmpsc::writer::Draft draft(absl::MakeSpan(space));
//   FrameWriter frame(&draft);
//   frame.set_width(1920);
//   frame.add_faces().set_x(7);
//   absl::StatusOr<size_t> size = draft.Finish("camera.Frame");   // of the bytes in `space`
//
// Setters write immediately, in the order of the calls. So a singular field that is set twice is
// written twice: a receiver takes the last value, and merges a message from both.
//
// A sub-message has a writer of its own. It is open until it is destroyed, or until a function of
// an enclosing writer is called. Later calls on it abort the program, since their data would be
// lost. Writers may be moved, also while writers inside them are open.
#ifndef IPMPSC_WRITER_MESSAGE_WRITER_H_
#define IPMPSC_WRITER_MESSAGE_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "absl/base/optimization.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "ipmpsc/wire/encoding.h"
#include "ipmpsc/wire/message_table.h"
#include "ipmpsc/writer/number_array.h"
#include "ipmpsc/writer/output.h"

namespace ipmpsc::writer {

class MessageWriter;

// A whole message that is being written. Movable, also while its writers are open.
class Draft {
 public:
  explicit Draft(absl::Span<char> space) : output_(space) {}
  Draft(Draft&& other) noexcept;
  Draft& operator=(Draft&& other) noexcept;
  ~Draft() { Abandon(); }

  // Closes all writers. Returns how many bytes the message has, from the beginning of the space.
  // `type` is the name of the message, for the errors.
  //
  // Errors:
  //  * kResourceExhausted - it does not fit: the text says how long the space is and how long it
  //                         should be
  //  * kInvalidArgument   - its receiver would refuse it: the text says which field is missing, is
  //                         not UTF-8, or has a value that its enum has not, or that messages nest
  //                         too deep
  absl::StatusOr<size_t> Finish(absl::string_view type);

  // Closes all writers and gives the message up.
  void Abandon();

 private:
  friend class MessageWriter;
  void Adopt();
  // Gives all open lengths their final width: see `Output`.
  void SettleLengths();

  Output output_;
  MessageWriter* innermost_ = nullptr;
};

class MessageWriter {
 protected:
  // The place of a message within another.
  struct AsMessage {
    uint32_t number;
  };
  struct AsGroup {
    uint32_t number;
  };
  // The value of the entry that was started last.
  struct AsMapValue {};

 public:
  // A writer of the message as a whole. REQUIRES: `draft` has no writer yet.
  explicit MessageWriter(Draft* draft);

  MessageWriter(MessageWriter&& other) noexcept : MessageWriter() { Take(&other); }
  MessageWriter& operator=(MessageWriter&& other) noexcept;

  // For generated code.
  MessageWriter(MessageWriter* around, AsMessage place) {
    Output* const output = OpenWithin(around, 1);
    is_plain_ = true;
    nested_ = output->StartMessage(place.number);
  }
  MessageWriter(MessageWriter* around, AsGroup place);
  MessageWriter(MessageWriter* around, AsMapValue place);

 protected:
  // For generated classes, which may have the same name as this one.
  using Base = MessageWriter;
  using Number = writer::Number;

  ~MessageWriter() {
    if (draft_ == nullptr) return;
    if (ABSL_PREDICT_TRUE(is_plain_ && draft_->innermost_ == this &&
                          draft_->output_.EndShort(nested_))) {
      draft_->innermost_ = around_;
    } else {
      Close();
    }
  }

  // False once the message has ended, or the writer was moved from.
  bool IsOpen() const { return draft_ != nullptr; }
  // Ends the message, unless it has ended before.
  void Close();

  void PutInt32(uint32_t number, int32_t value) {
    Enter()->PutVarint(number, wire::SignExtend(value));
  }
  void PutInt64(uint32_t number, int64_t value) {
    Enter()->PutVarint(number, static_cast<uint64_t>(value));
  }
  void PutUint32(uint32_t number, uint32_t value) { Enter()->PutVarint(number, value); }
  void PutUint64(uint32_t number, uint64_t value) { Enter()->PutVarint(number, value); }
  void PutSint32(uint32_t number, int32_t value) {
    Enter()->PutVarint(number, wire::ZigZagEncode32(value));
  }
  void PutSint64(uint32_t number, int64_t value) {
    Enter()->PutVarint(number, wire::ZigZagEncode64(value));
  }
  void PutBool(uint32_t number, bool value) { Enter()->PutVarint(number, value ? 1 : 0); }
  template <typename T>
  void PutFixed32(uint32_t number, T value) {
    Enter()->PutFixed32(number, Bits<uint32_t>(value));
  }
  template <typename T>
  void PutFixed64(uint32_t number, T value) {
    Enter()->PutFixed64(number, Bits<uint64_t>(value));
  }
  void PutEnum(uint32_t number, int32_t value) { PutInt32(number, value); }
  // Refuses a value that is not in `ranges`: its receiver would treat it as an unknown field.
  template <size_t kCount>
  void PutClosedEnum(uint32_t number, int32_t value, const wire::EnumRange (&ranges)[kCount],
                     const char* field) {
    PutCheckedEnum(number, value, ranges, kCount, field);
  }

  template <Number kType, typename T>
  void PutPacked(uint32_t number, absl::Span<const T> values) {
    static_assert(sizeof(T) == SizeOf(kType));
    writer::PutPacked(kType, number, values.data(), values.size(), EnterForPiece(values.size()));
  }
  // The same at an aligned address, for numbers of fixed width.
  template <Number kType, typename T>
  void PutPacked(uint32_t number, absl::Span<const T> values, size_t alignment) {
    static_assert(sizeof(T) == SizeOf(kType));
    static_assert(kType == Number::kFixed32 || kType == Number::kFixed64);
    PutAlignedRun(number, values.data(), values.size() * sizeof(T), alignment);
  }
  // Returns `count` packed numbers of fixed width, not zeroed, that must be filled before the
  // message is finished. They are aligned for their type at least. Empty if there is no space.
  template <typename T>
  absl::Span<T> MutableNumbers(uint32_t number, size_t count, size_t alignment = alignof(T)) {
    static_assert(sizeof(T) == 4 || sizeof(T) == 8);
    char* const to =
        AppendRun(number, count, sizeof(T), alignment < alignof(T) ? alignof(T) : alignment);
    return absl::MakeSpan(reinterpret_cast<T*>(to), to != nullptr ? count : 0);
  }
  template <Number kType, typename T>
  void PutEach(uint32_t number, absl::Span<const T> values) {
    static_assert(sizeof(T) == SizeOf(kType));
    writer::PutEach(kType, number, values.data(), values.size(), Enter());
  }
  template <typename Enum, size_t kCount>
  void CheckEnums(absl::Span<const Enum> values, const wire::EnumRange (&ranges)[kCount],
                  const char* field) {
    for (const Enum value : values) CheckEnum(static_cast<int32_t>(value), ranges, kCount, field);
  }

  void PutBytes(uint32_t number, absl::string_view value, size_t alignment = 1);
  // Refuses text that is not UTF-8.
  void PutString(uint32_t number, absl::string_view value, const char* field, size_t alignment = 1);
  // Returns bytes, not zeroed, that must be filled before the message is finished. Empty if there
  // is no space.
  absl::Span<char> MutableBytes(uint32_t number, size_t size, size_t alignment = 1);
  absl::Span<char> MutableString(uint32_t number, size_t size, const char* field,
                                 size_t alignment = 1);

  // Copies those fields of `message`, in wire format, that `table` does not have: extensions, and
  // what newer schemas have. Their values are not looked at. Refuses what is no wire format, or
  // nests too deep; `type` is the name of the message that is written.
  void PutUnknownFields(absl::string_view message, const wire::MessageTable& table,
                        const char* type);

  // An entry of a map. Its key and value are put between the two calls. The writer of a value that
  // is a message ends the entry itself.
  void StartEntry(uint32_t number);
  void EndEntry() {
    if (ABSL_PREDICT_FALSE(!Enter()->EndShort(entry_))) draft_->output_.End(entry_);
    entry_ = {};
  }

  // Called when the message ends. Returns the name of a required field that was not set, or null.
  const char* (*first_missing_)(const MessageWriter&) = nullptr;

 private:
  friend class Draft;

  MessageWriter() = default;

  template <typename To, typename From>
  static To Bits(From value) {
    static_assert(sizeof(To) == sizeof(From));
    To bits;
    std::memcpy(&bits, &value, sizeof(bits));
    return bits;
  }

  // Returns the output for this message, after ending the messages that were begun inside it.
  Output* Enter() {
    if (ABSL_PREDICT_FALSE(draft_ == nullptr || draft_->innermost_ != this)) MakeInnermost();
    return &draft_->output_;
  }
  // The same before a piece of at least `size` bytes is written.
  Output* EnterForPiece(size_t size) {
    Output* const output = Enter();
    if (ABSL_PREDICT_FALSE(size >= Output::kLong)) draft_->SettleLengths();
    return output;
  }
  void MakeInnermost();
  // Becomes the innermost writer, `levels` deeper than `around`. Returns the output.
  Output* OpenWithin(MessageWriter* around, int levels) {
    Output* const output = around->Enter();
    draft_ = around->draft_;
    around_ = around;
    depth_ = around->depth_ + levels;
    draft_->innermost_ = this;
    if (ABSL_PREDICT_FALSE(depth_ > wire::kMaxDepth)) RefuseDepth();
    return output;
  }
  void RefuseDepth();
  void Take(MessageWriter* other);
  char* AppendBytes(uint32_t number, size_t size, size_t alignment);
  char* HandOut(uint32_t number, size_t size, size_t alignment);
  char* AppendRun(uint32_t number, size_t count, size_t element_size, size_t alignment);
  void PutAlignedRun(uint32_t number, const void* elements, size_t size, size_t alignment);
  void CheckEnum(int32_t value, const wire::EnumRange* ranges, size_t count, const char* field);
  void PutCheckedEnum(uint32_t number, int32_t value, const wire::EnumRange* ranges, size_t count,
                      const char* field);

  Draft* draft_ = nullptr;           // null when closed
  MessageWriter* around_ = nullptr;  // null for the message as a whole
  int depth_ = 0;
  bool is_plain_ = false;  // a message within another, and no value of a map
  bool is_map_value_ = false;
  Output::Nested nested_ = {};
  Output::Nested entry_ =
      {};  // the open entry of a map in this message; its number is 0 if there is none
};

}  // namespace ipmpsc::writer

#endif  // IPMPSC_WRITER_MESSAGE_WRITER_H_
