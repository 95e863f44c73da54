// The tables that generated headers hold, one per message: all that the parser knows of a message
// type.
#ifndef IPMPSC_WIRE_MESSAGE_TABLE_H_
#define IPMPSC_WIRE_MESSAGE_TABLE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "ipmpsc/wire/types.h"

namespace ipmpsc::view {
struct ParseContext;
}  // namespace ipmpsc::view

namespace ipmpsc::wire {

struct MessageTable;

// A parser of one message type that reads its fields while they come in order: see view/prefix.h.
using PrefixFunction = const char* (*)(view::ParseContext* context, char* view, const char* p,
                                       const char* end);

// The encoding of a value in the record, and thereby its storage in the view.
enum class FieldType : uint8_t {
  kInt32,       // int32, uint32, open enums: 4 bytes
  kInt64,       // int64, uint64: 8 bytes
  kSint32,      // 4 bytes
  kSint64,      // 8 bytes
  kBool,        // 1 byte
  kBoolOfMap,   // 1 byte; in entries of maps, where protobuf reads the low 32 bits only
  kClosedEnum,  // 4 bytes; values outside `ranges` are unknown fields
  kFixed32,     // fixed32, sfixed32, float: 4 bytes
  kFixed64,     // fixed64, sfixed64, double: 8 bytes
  kBytes,       // bytes, and strings that protobuf does not check: absl::string_view
  kString,      // UTF-8 or malformed: absl::string_view
  kMessage,     // pointer to a view in the arena
  kGroup,       // the same
};

enum class Cardinality : uint8_t {
  kSingular,
  kOneof,
  kRepeated,
  kMap,
};

// A range of valid values of a closed enum, inclusive.
struct EnumRange {
  int32_t first;
  int32_t last;
};

// The wire type of a single value.
constexpr WireType WireTypeOf(FieldType type) {
  switch (type) {
    case FieldType::kFixed32:
      return kWireFixed32;
    case FieldType::kFixed64:
      return kWireFixed64;
    case FieldType::kBytes:
    case FieldType::kString:
    case FieldType::kMessage:
      return kWireLengthDelimited;
    case FieldType::kGroup:
      return kWireStartGroup;
    default:
      return kWireVarint;
  }
}

// The parser's action for a field with its usual tag. Chosen when the table is made, so that one
// jump decides it. Each number or text type has one operation with a has bit and one without.
enum class Operation : uint8_t {
  kGeneral,  // all other cases
  kInt32,
  kInt64,
  kSint32,
  kSint64,
  kBool,
  kFixed32,
  kFixed64,
  kBytes,
  kString,
  kInt32Bit,
  kInt64Bit,
  kSint32Bit,
  kSint64Bit,
  kBoolBit,
  kFixed32Bit,
  kFixed64Bit,
  kBytesBit,
  kStringBit,
  kClosedEnum,
  kMessage,
  kMessages,
  kTexts,
  kPacked,
  kOneofVarint,
  kOneofFixed,
  kOneofText,
  kOneofMessage,
  kMapEntry,
};

// One field. Read as a sentence: `Field::String(3, offsetof(FrameView, name_)).HasBit(0)`.
struct Field {
  static constexpr uint32_t kNoHasBit = 0xffffffff;

  uint32_t tag;                   // number and wire type of a single value
  uint32_t offset;                // of the value in the view
  uint32_t presence = kNoHasBit;  // singular: its has bit; in a oneof: offset of the oneof's case
  FieldType type;
  Cardinality cardinality = Cardinality::kSingular;
  Operation operation = Operation::kGeneral;
  // The usual tag on the wire: for repeated numbers, the tag of packed ones. `wire_tag` is its
  // first two bytes, and `wire_mask` selects the significant ones. Longer tags are general.
  uint8_t wire_width = 0;
  uint16_t wire_tag = 0;
  uint16_t wire_mask = 0;
  uint16_t range_count = 0;
  union {
    const MessageTable* message = nullptr;  // kMessage, kGroup
    const EnumRange* ranges;  // kClosedEnum, or kInt32 as the value of a map: ascending
  };

  constexpr uint32_t number() const { return tag >> 3; }

  // Whether these two bytes begin this field with its usual tag.
  bool Matches(uint32_t two_bytes) const { return ((two_bytes ^ wire_tag) & wire_mask) == 0; }

  constexpr Field(FieldType t, uint32_t n, size_t o)
      : tag(n << 3 | WireTypeOf(t)), offset(static_cast<uint32_t>(o)), type(t) {
    Plan();
  }

  static constexpr Field Int32(uint32_t n, size_t offset) {
    return Field(FieldType::kInt32, n, offset);
  }
  static constexpr Field Int64(uint32_t n, size_t offset) {
    return Field(FieldType::kInt64, n, offset);
  }
  static constexpr Field Sint32(uint32_t n, size_t offset) {
    return Field(FieldType::kSint32, n, offset);
  }
  static constexpr Field Sint64(uint32_t n, size_t offset) {
    return Field(FieldType::kSint64, n, offset);
  }
  static constexpr Field Bool(uint32_t n, size_t offset) {
    return Field(FieldType::kBool, n, offset);
  }
  static constexpr Field BoolOfMap(uint32_t n, size_t offset) {
    return Field(FieldType::kBoolOfMap, n, offset);
  }
  static constexpr Field Fixed32(uint32_t n, size_t offset) {
    return Field(FieldType::kFixed32, n, offset);
  }
  static constexpr Field Fixed64(uint32_t n, size_t offset) {
    return Field(FieldType::kFixed64, n, offset);
  }
  static constexpr Field Bytes(uint32_t n, size_t offset) {
    return Field(FieldType::kBytes, n, offset);
  }
  static constexpr Field String(uint32_t n, size_t offset) {
    return Field(FieldType::kString, n, offset);
  }
  static constexpr Field Message(uint32_t n, size_t offset, const MessageTable* message) {
    return Field(FieldType::kMessage, n, offset, message);
  }
  static constexpr Field Group(uint32_t n, size_t offset, const MessageTable* message) {
    return Field(FieldType::kGroup, n, offset, message);
  }
  // The entries of a map are messages: key = 1, value = 2.
  static constexpr Field Map(uint32_t n, size_t offset, const MessageTable* entry) {
    Field field(FieldType::kMessage, n, offset, entry);
    field.cardinality = Cardinality::kMap;
    field.Plan();
    return field;
  }
  template <size_t kCount>
  static constexpr Field ClosedEnum(uint32_t n, size_t offset, const EnumRange (&ranges)[kCount]) {
    return Field(FieldType::kClosedEnum, n, offset, ranges);
  }
  // Stores unknown values, too, since an entry with one is dropped as a whole.
  template <size_t kCount>
  static constexpr Field ClosedEnumOfMap(uint32_t n, size_t offset,
                                         const EnumRange (&ranges)[kCount]) {
    return Field(FieldType::kInt32, n, offset, ranges);
  }

  constexpr Field HasBit(uint32_t bit) const {
    Field field = *this;
    field.presence = bit;
    field.Plan();
    return field;
  }
  constexpr Field Oneof(size_t case_offset) const {
    Field field = *this;
    field.presence = static_cast<uint32_t>(case_offset);
    field.cardinality = Cardinality::kOneof;
    field.Plan();
    return field;
  }
  constexpr Field Repeated() const {
    Field field = *this;
    field.cardinality = Cardinality::kRepeated;
    field.Plan();
    return field;
  }

 private:
  constexpr Field(FieldType t, uint32_t n, size_t o, const MessageTable* m)
      : tag(n << 3 | WireTypeOf(t)), offset(static_cast<uint32_t>(o)), type(t), message(m) {
    Plan();
  }
  template <size_t kCount>
  constexpr Field(FieldType t, uint32_t n, size_t o, const EnumRange (&r)[kCount])
      : tag(n << 3 | WireTypeOf(t)),
        offset(static_cast<uint32_t>(o)),
        type(t),
        range_count(kCount),
        ranges(r) {
    static_assert(kCount < 65536, "the enum has more ranges of numbers than a table can hold");
    Plan();
  }

  constexpr Operation PlanSingular() const {
    const bool bit = presence != kNoHasBit;
    switch (type) {
      case FieldType::kInt32:
        return bit ? Operation::kInt32Bit : Operation::kInt32;
      case FieldType::kInt64:
        return bit ? Operation::kInt64Bit : Operation::kInt64;
      case FieldType::kSint32:
        return bit ? Operation::kSint32Bit : Operation::kSint32;
      case FieldType::kSint64:
        return bit ? Operation::kSint64Bit : Operation::kSint64;
      case FieldType::kBool:
        return bit ? Operation::kBoolBit : Operation::kBool;
      case FieldType::kFixed32:
        return bit ? Operation::kFixed32Bit : Operation::kFixed32;
      case FieldType::kFixed64:
        return bit ? Operation::kFixed64Bit : Operation::kFixed64;
      case FieldType::kBytes:
        return bit ? Operation::kBytesBit : Operation::kBytes;
      case FieldType::kString:
        return bit ? Operation::kStringBit : Operation::kString;
      case FieldType::kClosedEnum:
        return Operation::kClosedEnum;
      case FieldType::kMessage:
        return Operation::kMessage;
      default:
        return Operation::kGeneral;
    }
  }
  constexpr Operation PlanOneof() const {
    switch (type) {
      case FieldType::kFixed32:
      case FieldType::kFixed64:
        return Operation::kOneofFixed;
      case FieldType::kBytes:
      case FieldType::kString:
        return Operation::kOneofText;
      case FieldType::kMessage:
        return Operation::kOneofMessage;
      case FieldType::kClosedEnum:
      case FieldType::kGroup:
        return Operation::kGeneral;
      default:
        return Operation::kOneofVarint;
    }
  }
  constexpr Operation PlanRepeated() const {
    switch (type) {
      case FieldType::kBytes:
      case FieldType::kString:
        return Operation::kTexts;
      case FieldType::kMessage:
        return Operation::kMessages;
      case FieldType::kGroup:
        return Operation::kGeneral;
      default:
        return Operation::kPacked;
    }
  }
  // Chooses the operation and the usual tag.
  constexpr void Plan() {
    switch (cardinality) {
      case Cardinality::kSingular:
        operation = PlanSingular();
        break;
      case Cardinality::kOneof:
        operation = PlanOneof();
        break;
      case Cardinality::kRepeated:
        operation = PlanRepeated();
        break;
      case Cardinality::kMap:
        operation = Operation::kMapEntry;
        break;
    }
    const uint32_t usual = operation == Operation::kPacked ? number() << 3 | 2 : tag;
    if (usual < 0x80) {
      wire_tag = static_cast<uint16_t>(usual);
      wire_mask = 0xff;
      wire_width = 1;
    } else if (usual < 0x4000) {
      wire_tag = static_cast<uint16_t>((usual & 0x7f) | 0x80 | usual >> 7 << 8);
      wire_mask = 0xffff;
      wire_width = 2;
    } else {
      wire_tag = wire_mask = 0xffff;  // two bytes that no shorter tag has
      wire_width = 0;
      operation = Operation::kGeneral;
    }
  }
};

static_assert(sizeof(Field) == 32);

// One message type.
//
// Every view begins with the bytes from which it was parsed (an absl::string_view), followed by the
// words of has bits, if there are any.
struct MessageTable {
  const Field* fields = nullptr;  // by number, ascending
  const void* empty_view;         // the view before parsing: the defaults
  uint32_t field_count = 0;
  uint32_t dense_count = 0;  // fields[i].number() == i + 1 for all i below
  uint32_t view_size;
  uint32_t required_count;                // required fields; they have the first has bits
  bool needs_finish;                      // has, or may reach, required fields or maps
  PrefixFunction parse_prefix = nullptr;  // null: all fields are parsed by the table

  template <typename View, size_t kCount>
  constexpr MessageTable(const View* empty, const Field (&f)[kCount], uint32_t required,
                         bool finish, PrefixFunction prefix = nullptr)
      : MessageTable(empty, required, finish) {
    fields = f;
    parse_prefix = prefix;
    field_count = kCount;
    while (dense_count < kCount && f[dense_count].number() == dense_count + 1) ++dense_count;
  }

  // A message without fields.
  template <typename View>
  constexpr explicit MessageTable(const View* empty, uint32_t required = 0, bool finish = false)
      : empty_view(empty), view_size(sizeof(View)), required_count(required), needs_finish(finish) {
    static_assert(std::is_trivially_copyable_v<View> && std::is_trivially_destructible_v<View> &&
                      std::is_standard_layout_v<View>,
                  "views must be trivial and of standard layout: the parser copies them as bytes "
                  "and addresses members by offset");
  }
};

// Returns null where the message has no such field.
inline const Field* FindField(const MessageTable& table, uint32_t number) {
  if (number - 1 < table.dense_count) return &table.fields[number - 1];
  const Field* const end = table.fields + table.field_count;
  const Field* const field =
      std::lower_bound(table.fields + table.dense_count, end, number,
                       [](const Field& f, uint32_t n) { return f.number() < n; });
  return field != end && field->number() == number ? field : nullptr;
}

}  // namespace ipmpsc::wire

#endif  // IPMPSC_WIRE_MESSAGE_TABLE_H_
