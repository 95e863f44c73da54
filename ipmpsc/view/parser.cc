#include "ipmpsc/view/parser.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/view/arena.h"
#include "ipmpsc/view/fast_path.h"
#include "ipmpsc/view/finalize_view.h"
#include "ipmpsc/view/memory.h"
#include "ipmpsc/view/number.h"
#include "ipmpsc/view/packed.h"
#include "ipmpsc/view/prefix.h"
#include "ipmpsc/view/repeated_growth.h"
#include "ipmpsc/view/repeated_view.h"
#include "ipmpsc/wire/decoding.h"
#include "ipmpsc/wire/message_table.h"
#include "ipmpsc/wire/utf8.h"

namespace ipmpsc::view {
namespace {

// All its functions return the position after the bytes that they read. They return null if these
// are malformed or there is no memory.
//
// The fast loop checks once for each field that `kAhead` bytes of the record are left: see
// `fast_path.h`. Bytes after the record are never read.
class Parser : private ParseContext {
 public:
  Parser(absl::string_view wire, Arena* arena)
      : ParseContext{arena, wire.data() + (wire.size() >= kAhead ? wire.size() - kAhead : 0)},
        wire_(wire) {}

  // Returns the parser that has made `context`.
  static Parser* Of(ParseContext* context) { return static_cast<Parser*>(context); }

  // Parses the fields of a message into `view`, up to `end`, or up to the end-group tag of `group`
  // where it is not 0.
  const char* ParseFields(const wire::MessageTable& table, char* view, const char* p,
                          const char* end, uint32_t group);
  // The same, where the fields of a message that come in order may be parsed already.
  const char* ParseFieldsFrom(const wire::MessageTable& table, char* view, const char* p,
                              const char* end, uint32_t group);

  // Null where there is no memory, as all below.
  char* NewView(const wire::MessageTable& table) {
    void* const memory = arena->Allocate(table.view_size);
    return ABSL_PREDICT_TRUE(memory != nullptr) ? InitView(table, memory) : nullptr;
  }

 private:
  // One field, looked at byte for byte. `expected` is where the fields are searched first, and
  // becomes the one behind it. Sets `ended` where the field was the end of `group`.
  const char* ParseGeneral(const wire::MessageTable& table, char* view, const char* p,
                           const char* end, uint32_t group, const wire::Field** expected,
                           bool* ended);
  // A field with the tag that its table has.
  const char* ParseKnown(const wire::Field& field, char* view, const char* p, const char* end);
  // A field with another tag than expected: packed where the table has it unpacked, or unknown.
  const char* ParseMismatchedTag(const wire::Field* field, uint32_t tag, char* view, const char* p,
                                 const char* end);

  bool GrowFor(const wire::Field& field, size_t element_size, RepeatedData* data, const char* p,
               const char* end);
  const char* ParseRepeated(const wire::Field& field, char* at, const char* p, const char* end);
  const char* ParseTexts(const wire::Field& field, char* at, const char* p, const char* end);
  const char* ParseMessages(const wire::Field& field, char* at, const char* p, const char* end);
  const char* ParseSingularMessage(const wire::Field& field, char* view, const char* p,
                                   const char* end);
  const char* ParseMapEntry(const wire::Field& field, char* at, const char* p, const char* end);
  const char* ParseNewMessage(const wire::Field& field, char* message, const char* p,
                              const char* end);
  const char* ParseMessage(const wire::Field& field, char* message, const char* p, const char* end);
  const char* ParseGroup(const wire::Field& field, char* message, const char* p, const char* end);

  // Concatenates the bytes of a message that comes in several pieces: on the wire that merges them.
  bool AppendWire(char* view, absl::string_view piece);
  bool ConcatenateWire(char* view, absl::string_view piece);

  const absl::string_view wire_;
  const char* group_end_ = nullptr;  // where the end-group tag that was read last begins
};

inline const char* Parser::ParseFields(const wire::MessageTable& table, char* view, const char* p,
                                       const char* end, uint32_t group) {
  if (table.parse_prefix != nullptr && group == 0) {
    p = table.parse_prefix(this, view, p, end);
    if (p == nullptr || p == end) return p;
  }
  return ParseFieldsFrom(table, view, p, end, group);
}

inline bool Parser::AppendWire(char* view, absl::string_view piece) {
  if (ABSL_PREDICT_TRUE(Load<absl::string_view>(view).empty())) {
    Store(view, piece);
    return true;
  }
  return piece.empty() || ConcatenateWire(view, piece);
}

bool Parser::ConcatenateWire(char* view, absl::string_view piece) {
  const absl::string_view old = Load<absl::string_view>(view);
  // Concatenated bytes have space up to the next power of two, so many pieces cost at most twice
  // their bytes.
  const auto space = [](size_t size) {
    size_t power = 64;
    while (power < size) power *= 2;
    return power;
  };
  const bool in_record = old.data() >= wire_.data() && old.data() < wire_.data() + wire_.size();
  const size_t size = old.size() + piece.size();
  char* bytes = const_cast<char*>(old.data());
  if (in_record) {
    bytes = static_cast<char*>(arena->Allocate(space(size)));
    if (bytes == nullptr) return false;
    std::memcpy(bytes, old.data(), old.size());
  } else if (size > space(old.size())) {
    bytes = static_cast<char*>(arena->Grow(bytes, space(old.size()), old.size(), space(size)));
    if (bytes == nullptr) return false;
  }
  std::memcpy(bytes + old.size(), piece.data(), piece.size());
  Store(view, absl::string_view(bytes, size));
  return true;
}

inline const char* ParseString(bool checked, char* at, const char* p, const char* end) {
  size_t size;
  p = wire::ReadSize(p, end, &size);
  if (ABSL_PREDICT_FALSE(p == nullptr)) return nullptr;
  const absl::string_view text(p, size);
  if (checked && ABSL_PREDICT_FALSE(!wire::IsUtf8(text))) return nullptr;
  Store(at, text);
  return p + size;
}

template <typename T>
const char* ParseFixed(char* at, const char* p, const char* end) {
  T value;
  p = wire::ReadFixed(p, end, &value);
  if (ABSL_PREDICT_TRUE(p != nullptr)) Store(at, value);
  return p;
}

// A value of any type but messages. `stored` becomes false where it is malformed, or no value of a
// closed enum.
inline const char* ParseScalar(const wire::Field& field, char* at, const char* p, const char* end,
                               bool* stored) {
  switch (field.type) {
    case wire::FieldType::kFixed32:
      p = ParseFixed<uint32_t>(at, p, end);
      break;
    case wire::FieldType::kFixed64:
      p = ParseFixed<uint64_t>(at, p, end);
      break;
    case wire::FieldType::kBytes:
    case wire::FieldType::kString:
      p = ParseString(field.type == wire::FieldType::kString, at, p, end);
      break;
    default: {
      uint64_t value;
      p = wire::ReadVarint(p, end, &value);
      *stored = p != nullptr && StoreVarint(field, field.type, value, at);
      return p;
    }
  }
  *stored = p != nullptr;
  return p;
}

const char* Parser::ParseFieldsFrom(const wire::MessageTable& table, char* view, const char* p,
                                    const char* end, uint32_t group) {
  const wire::Field* expected = table.fields;  // most messages have their fields in order
  const wire::Field* const fields_end = expected + table.field_count;
  const char* const limit = std::min(end, fast_end);
  while (true) {
    if (ABSL_PREDICT_FALSE(p >= limit)) {
      if (p == end) return group == 0 ? p : nullptr;
      if (p > end) return nullptr;
    }
    const wire::Field* field = expected;
    if (ABSL_PREDICT_TRUE(p < limit)) {
      const uint32_t two = wire::LoadTwoBytes(p);
      if (ABSL_PREDICT_FALSE(field == fields_end || !field->Matches(two))) {
        const uint32_t number =
            (two & 0x80) == 0 ? (two & 0x7f) >> 3 : (two & 0x7f) >> 3 | (two & 0x7f00) >> 4;
        field = wire::FindField(table, number);
        if (field != nullptr && !field->Matches(two)) field = nullptr;
      }
    } else {
      field = nullptr;
    }
    if (ABSL_PREDICT_FALSE(field == nullptr || field->operation == wire::Operation::kGeneral)) {
      bool ended = false;
      p = ParseGeneral(table, view, p, end, group, &expected, &ended);
      if (ABSL_PREDICT_FALSE(p == nullptr)) return nullptr;
      if (ended) return p;
      continue;
    }
    p += field->wire_width;
    expected = field + 1;
    char* const at = view + field->offset;
    uint64_t value;
    size_t size;
    switch (field->operation) {
      case wire::Operation::kInt32Bit:
        SetHasBit(view, field->presence);
        ABSL_FALLTHROUGH_INTENDED;
      case wire::Operation::kInt32:
        p = ReadVarintAhead(p, &value);
        Store(at, static_cast<uint32_t>(value));
        break;
      case wire::Operation::kInt64Bit:
        SetHasBit(view, field->presence);
        ABSL_FALLTHROUGH_INTENDED;
      case wire::Operation::kInt64:
        p = ReadVarintAhead(p, &value);
        Store(at, value);
        break;
      case wire::Operation::kSint32Bit:
        SetHasBit(view, field->presence);
        ABSL_FALLTHROUGH_INTENDED;
      case wire::Operation::kSint32:
        p = ReadVarintAhead(p, &value);
        Store(at, wire::ZigZagDecode32(static_cast<uint32_t>(value)));
        break;
      case wire::Operation::kSint64Bit:
        SetHasBit(view, field->presence);
        ABSL_FALLTHROUGH_INTENDED;
      case wire::Operation::kSint64:
        p = ReadVarintAhead(p, &value);
        Store(at, wire::ZigZagDecode64(value));
        break;
      case wire::Operation::kBoolBit:
        SetHasBit(view, field->presence);
        ABSL_FALLTHROUGH_INTENDED;
      case wire::Operation::kBool:
        p = ReadVarintAhead(p, &value);
        Store(at, static_cast<uint8_t>(value != 0));
        break;
      case wire::Operation::kFixed32Bit:
        SetHasBit(view, field->presence);
        ABSL_FALLTHROUGH_INTENDED;
      case wire::Operation::kFixed32:
        Store(at, Load<uint32_t>(p));
        p += sizeof(uint32_t);
        continue;
      case wire::Operation::kFixed64Bit:
        SetHasBit(view, field->presence);
        ABSL_FALLTHROUGH_INTENDED;
      case wire::Operation::kFixed64:
        Store(at, Load<uint64_t>(p));
        p += sizeof(uint64_t);
        continue;
      case wire::Operation::kBytesBit:
        SetHasBit(view, field->presence);
        ABSL_FALLTHROUGH_INTENDED;
      case wire::Operation::kBytes:
        p = ReadSizeAhead(p, end, &size);
        if (ABSL_PREDICT_FALSE(p == nullptr)) return nullptr;
        Store(at, absl::string_view(p, size));
        p += size;
        continue;
      case wire::Operation::kStringBit:
        SetHasBit(view, field->presence);
        ABSL_FALLTHROUGH_INTENDED;
      case wire::Operation::kString:
        p = ReadSizeAhead(p, end, &size);
        if (ABSL_PREDICT_FALSE(p == nullptr || !IsUtf8Ahead(p, size))) return nullptr;
        Store(at, absl::string_view(p, size));
        p += size;
        continue;
      case wire::Operation::kClosedEnum:
        p = ReadVarintAhead(p, &value);
        if (ABSL_PREDICT_TRUE(p != nullptr && InRanges(*field, static_cast<int32_t>(value)))) {
          Store(at, static_cast<uint32_t>(value));
          if (field->presence != wire::Field::kNoHasBit) SetHasBit(view, field->presence);
        }
        break;
      case wire::Operation::kMessage:
      case wire::Operation::kOneofMessage:
        p = ParseSingularMessage(*field, view, p, end);
        break;
      case wire::Operation::kMessages:
        p = ParseMessages(*field, at, p, end);
        break;
      case wire::Operation::kTexts:
        p = ParseTexts(*field, at, p, end);
        break;
      case wire::Operation::kPacked:
        p = ABSL_PREDICT_TRUE(p < end) ? ParsePacked(*field, at, p, end, arena) : nullptr;
        break;
      case wire::Operation::kOneofVarint:
        p = ReadVarintAhead(p, &value);
        StoreVarint(*field, field->type, value, at);
        Store(view + field->presence, field->number());
        break;
      case wire::Operation::kOneofFixed:
        if (field->type == wire::FieldType::kFixed32) {
          Store(at, Load<uint32_t>(p));
          p += sizeof(uint32_t);
        } else {
          Store(at, Load<uint64_t>(p));
          p += sizeof(uint64_t);
        }
        Store(view + field->presence, field->number());
        continue;
      case wire::Operation::kOneofText:
        p = ReadSizeAhead(p, end, &size);
        if (ABSL_PREDICT_FALSE(p == nullptr)) return nullptr;
        if (field->type == wire::FieldType::kString && ABSL_PREDICT_FALSE(!IsUtf8Ahead(p, size)))
          return nullptr;
        Store(at, absl::string_view(p, size));
        Store(view + field->presence, field->number());
        p += size;
        continue;
      case wire::Operation::kMapEntry:
        p = ABSL_PREDICT_TRUE(p < end) ? ParseMapEntry(*field, at, p, end) : nullptr;
        break;
      case wire::Operation::kGeneral:
        return nullptr;  // told apart above
    }
    if (ABSL_PREDICT_FALSE(p == nullptr)) return nullptr;
  }
}

ABSL_ATTRIBUTE_NOINLINE const char* Parser::ParseGeneral(const wire::MessageTable& table,
                                                         char* view, const char* p, const char* end,
                                                         uint32_t group,
                                                         const wire::Field** expected,
                                                         bool* ended) {
  const char* const tag_begin = p;
  uint32_t tag;
  p = wire::ReadTag(p, end, &tag);
  if (ABSL_PREDICT_FALSE(p == nullptr)) return nullptr;
  const wire::Field* field = *expected;
  if (field == table.fields + table.field_count || field->tag != tag) {
    field = wire::FindField(table, tag >> 3);
    if (ABSL_PREDICT_FALSE(field == nullptr || field->tag != tag)) {
      if ((tag & 7) == wire::kWireEndGroup) {
        group_end_ = tag_begin;
        *ended = true;
        return tag >> 3 == group && group != 0 ? p : nullptr;
      }
      if (field != nullptr) *expected = field + 1;
      return ParseMismatchedTag(field, tag, view, p, end);
    }
  }
  *expected = field + 1;
  return ParseKnown(*field, view, p, end);
}

const char* Parser::ParseKnown(const wire::Field& field, char* view, const char* p,
                               const char* end) {
  char* const at = view + field.offset;
  if (field.cardinality > wire::Cardinality::kOneof) return ParseRepeated(field, at, p, end);
  if (field.type >= wire::FieldType::kMessage) return ParseSingularMessage(field, view, p, end);
  bool stored;
  p = ParseScalar(field, at, p, end, &stored);
  if (!stored) return p;
  if (field.cardinality == wire::Cardinality::kOneof) {
    Store(view + field.presence, field.number());
  } else if (field.presence != wire::Field::kNoHasBit) {
    SetHasBit(view, field.presence);
  }
  return p;
}

ABSL_ATTRIBUTE_NOINLINE const char* Parser::ParseMismatchedTag(const wire::Field* field,
                                                               uint32_t tag, char* view,
                                                               const char* p, const char* end) {
  if (field != nullptr && field->cardinality == wire::Cardinality::kRepeated &&
      (tag & 7) == wire::kWireLengthDelimited && IsPackable(field->type))
    return ParsePacked(*field, view + field->offset, p, end, arena);
  return wire::SkipValue(p, end, tag, depth);
}

// Elements mostly come one after the other: steps over the tag of the next one of this field.
inline bool NextElement(const wire::Field& field, const char** p, const char* end) {
  uint32_t tag;
  const char* const after = wire::ReadTag(*p, end, &tag);
  if (after == nullptr || tag != field.tag) return false;
  *p = after;
  return true;
}

// For one more element, which follows its tag at `p`.
bool Parser::GrowFor(const wire::Field& field, size_t element_size, RepeatedData* data,
                     const char* p, const char* end) {
  return (field.tag & 7) == wire::kWireLengthDelimited
             ? GrowForElements(data, element_size, field.tag, p, end, arena)
             : GrowForElement(data, element_size, arena);
}

const char* Parser::ParseRepeated(const wire::Field& field, char* at, const char* p,
                                  const char* end) {
  if (field.cardinality == wire::Cardinality::kMap) return ParseMapEntry(field, at, p, end);
  if (field.type >= wire::FieldType::kMessage) return ParseMessages(field, at, p, end);
  const size_t size = ScalarSize(field.type);
  RepeatedData data = Load<RepeatedData>(at);
  do {
    if (data.size >= data.capacity && !GrowFor(field, size, &data, p, end)) return nullptr;
    bool stored;
    p = ParseScalar(field, NextElementOf(data, size), p, end, &stored);
    if (ABSL_PREDICT_FALSE(p == nullptr)) return nullptr;
    if (stored) ++data.size;
  } while (NextElement(field, &p, end));
  Store(at, data);
  return p;
}

// REQUIRES: 5 + 16 bytes may be read, whatever `end` is.
const char* Parser::ParseTexts(const wire::Field& field, char* at, const char* p, const char* end) {
  const bool is_checked = field.type == wire::FieldType::kString;
  const char* const limit = std::min(end, fast_end);
  RepeatedData data = Load<RepeatedData>(at);
  while (true) {
    if (ABSL_PREDICT_FALSE(data.size == data.capacity) &&
        (p > end || !GrowFor(field, sizeof(absl::string_view), &data, p, end)))
      return nullptr;
    size_t size;
    p = ReadSizeAhead(p, end, &size);
    if (ABSL_PREDICT_FALSE(p == nullptr)) return nullptr;
    if (is_checked && ABSL_PREDICT_FALSE(!IsUtf8Ahead(p, size))) return nullptr;
    Store(NextElementOf(data, sizeof(absl::string_view)), absl::string_view(p, size));
    ++data.size;
    p += size;
    if (p >= limit || !field.Matches(wire::LoadTwoBytes(p))) break;
    p += field.wire_width;
  }
  Store(at, data);
  return p;
}

const char* Parser::ParseMessages(const wire::Field& field, char* at, const char* p,
                                  const char* end) {
  if (ABSL_PREDICT_FALSE(p >= end)) return nullptr;  // not even a length
  const wire::MessageTable& table = *field.message;
  RepeatedData data = Load<RepeatedData>(at);
  do {
    if (ABSL_PREDICT_FALSE(data.size == data.capacity) &&
        !GrowFor(field, table.view_size, &data, p, end))
      return nullptr;
    char* const message = InitView(table, NextElementOf(data, table.view_size));
    p = ParseNewMessage(field, message, p, end);
    if (ABSL_PREDICT_FALSE(p == nullptr)) return nullptr;
    ++data.size;
  } while (NextElement(field, &p, end));
  Store(at, data);
  return p;
}

const char* Parser::ParseSingularMessage(const wire::Field& field, char* view, const char* p,
                                         const char* end) {
  char* const at = view + field.offset;
  char* message = Load<char*>(at);
  if (field.cardinality == wire::Cardinality::kOneof) {
    char* const oneof_case = view + field.presence;
    if (Load<uint32_t>(oneof_case) != field.number())
      message = nullptr;  // its value before another member was set does not count
    Store(oneof_case, field.number());
  } else if (field.presence != wire::Field::kNoHasBit) {
    SetHasBit(view, field.presence);
  }
  if (ABSL_PREDICT_FALSE(p >= end)) return nullptr;  // not even a length
  if (ABSL_PREDICT_FALSE(message != nullptr)) return ParseMessage(field, message, p, end);
  message = NewView(*field.message);
  if (ABSL_PREDICT_FALSE(message == nullptr)) return nullptr;
  Store(at, message);
  return ParseNewMessage(field, message, p, end);
}

// The value of an entry that holds no value of a closed enum makes the entry an unknown field.
const char* Parser::ParseMapEntry(const wire::Field& field, char* at, const char* p,
                                  const char* end) {
  const size_t view_size = field.message->view_size;
  RepeatedData data = Load<RepeatedData>(at);
  if (data.size == data.capacity && !GrowFor(field, view_size, &data, p, end)) return nullptr;
  char* const entry = InitView(*field.message, NextElementOf(data, view_size));
  Store(at, data);
  p = ParseNewMessage(field, entry, p, end);
  if (p == nullptr) return nullptr;
  const wire::Field& value = field.message->fields[1];
  const bool closed = value.type == wire::FieldType::kInt32 && value.range_count != 0;
  if (closed && !InRanges(value, Load<int32_t>(entry + value.offset))) return p;
  ++data.size;
  Store(at, data);
  return p;
}

// The first piece of a message.
inline const char* Parser::ParseNewMessage(const wire::Field& field, char* message, const char* p,
                                           const char* end) {
  if (ABSL_PREDICT_FALSE(field.type == wire::FieldType::kGroup))
    return ParseGroup(field, message, p, end);
  if (ABSL_PREDICT_FALSE(depth == 0)) return nullptr;
  size_t size;
  p = wire::ReadSize(p, end, &size);
  if (ABSL_PREDICT_FALSE(p == nullptr)) return nullptr;
  Store(message, absl::string_view(p, size));
  if (size == 0) return p;
  --depth;
  p = ParseFields(*field.message, message, p, p + size, 0);
  ++depth;
  return p;
}

const char* Parser::ParseMessage(const wire::Field& field, char* message, const char* p,
                                 const char* end) {
  if (ABSL_PREDICT_FALSE(field.type == wire::FieldType::kGroup))
    return ParseGroup(field, message, p, end);
  if (ABSL_PREDICT_FALSE(depth == 0)) return nullptr;
  size_t size;
  p = wire::ReadSize(p, end, &size);
  if (ABSL_PREDICT_FALSE(p == nullptr)) return nullptr;
  if (ABSL_PREDICT_FALSE(!AppendWire(message, absl::string_view(p, size)))) return nullptr;
  --depth;
  p = ParseFields(*field.message, message, p, p + size, 0);
  ++depth;
  return p;
}

const char* Parser::ParseGroup(const wire::Field& field, char* message, const char* p,
                               const char* end) {
  if (depth == 0) return nullptr;
  const char* const begin = p;
  --depth;
  p = ParseFields(*field.message, message, p, end, field.number());
  ++depth;
  if (p == nullptr) return nullptr;
  return AppendWire(message, absl::string_view(begin, static_cast<size_t>(group_end_ - begin)))
             ? p
             : nullptr;
}

const void* ParseWithin(const wire::MessageTable& table, absl::string_view wire, Arena* arena) {
  Parser parser(wire, arena);
  char* const view = parser.NewView(table);
  if (ABSL_PREDICT_FALSE(view == nullptr)) return nullptr;
  Store(view, wire);
  const char* const end = wire.data() + wire.size();
  if (parser.ParseFields(table, view, wire.data(), end, 0) == nullptr && !wire.empty())
    return nullptr;
  if (table.needs_finish && !FinalizeView(table, view, arena)) return nullptr;
  return view;
}

}  // namespace

const char* ParseRest(ParseContext* context, const wire::MessageTable& table, char* view,
                      const char* p, const char* end) {
  return Parser::Of(context)->ParseFieldsFrom(table, view, p, end, 0);
}

const void* Parse(const wire::MessageTable& table, absl::string_view wire, Arena* arena) {
  if (wire.size() > static_cast<size_t>(std::numeric_limits<int32_t>::max())) return nullptr;
  arena->BeginBudget(arena->limit().BytesFor(wire.size()));
  const void* const view = ParseWithin(table, wire, arena);
  arena->EndBudget();
  return view;
}

}  // namespace ipmpsc::view
