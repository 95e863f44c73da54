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
  struct AsMapValue {
    Output::Nested entry;
  };

 public:
  // A writer of the message as a whole. REQUIRES: `draft` has no writer yet.
  explicit MessageWriter(Draft* draft);

  MessageWriter(MessageWriter&& other) noexcept : MessageWriter() { Take(&other); }
  MessageWriter& operator=(MessageWriter&& other) noexcept;

  // For generated code.
  MessageWriter(MessageWriter* around, AsMessage place);
  MessageWriter(MessageWriter* around, AsGroup place);
  MessageWriter(MessageWriter* around, AsMapValue place);

 protected:
  // For generated classes, which may have the same name as this one.
  using Base = MessageWriter;
  using Number = writer::Number;

  ~MessageWriter() { Close(); }

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
  template <typename Enum>
  void PutEnum(uint32_t number, Enum value) {
    PutInt32(number, static_cast<int32_t>(value));
  }
  // Refuses a value that is not in `ranges`: its receiver would treat it as an unknown field.
  template <typename Enum, size_t kCount>
  void PutClosedEnum(uint32_t number, Enum value, const wire::EnumRange (&ranges)[kCount],
                     const char* field) {
    CheckEnum(static_cast<int32_t>(value), ranges, kCount, field);
    PutEnum(number, value);
  }

  template <Number kType, typename T>
  void PutPacked(uint32_t number, absl::Span<const T> values) {
    static_assert(sizeof(T) == SizeOf(kType));
    writer::PutPacked(kType, number, values.data(), values.size(), Enter());
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

  // An entry of a map. Its key and value are put between the two calls.
  Output::Nested StartEntry(uint32_t number);
  void EndEntry(const Output::Nested& entry) { Enter()->End(entry); }

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
  void MakeInnermost();
  void OpenWithin(MessageWriter* around, int levels);
  void Take(MessageWriter* other);
  char* AppendBytes(uint32_t number, size_t size, size_t alignment);
  void CheckEnum(int32_t value, const wire::EnumRange* ranges, size_t count, const char* field);

  Draft* draft_ = nullptr;           // null when closed
  MessageWriter* around_ = nullptr;  // null for the message as a whole
  int depth_ = 0;
  bool is_map_value_ = false;
  Output::Nested nested_ = {};
  Output::Nested entry_ = {};
};

}  // namespace ipmpsc::writer

#endif  // IPMPSC_WRITER_MESSAGE_WRITER_H_
