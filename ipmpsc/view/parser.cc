#include "ipmpsc/view/parser.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/view/arena.h"
#include "ipmpsc/view/find_field.h"
#include "ipmpsc/view/finish.h"
#include "ipmpsc/view/memory.h"
#include "ipmpsc/view/message_table.h"
#include "ipmpsc/view/number.h"
#include "ipmpsc/view/packed.h"
#include "ipmpsc/view/repeated_growth.h"
#include "ipmpsc/view/repeated_view.h"
#include "ipmpsc/view/utf8.h"
#include "ipmpsc/view/wire.h"

namespace ipmpsc::view {
namespace {

// All its functions return the position behind what they read, null where it is malformed.
class Parser {
 public:
  Parser(absl::string_view wire, Arena* arena) : wire_(wire), arena_(arena) {}

  // Parses the fields of a message into `view`, up to `end`, or up to the end-group tag of `group`
  // where it is not 0.
  const char* ParseFields(const MessageTable& table, char* view, const char* p, const char* end,
                          uint32_t group);

  // Null where there is no memory, as all below.
  char* NewView(const MessageTable& table) {
    void* const memory = arena_->Allocate(table.view_size);
    return ABSL_PREDICT_TRUE(memory != nullptr) ? InitView(table, memory) : nullptr;
  }

 private:
  static char* InitView(const MessageTable& table, void* memory) {
    return static_cast<char*>(std::memcpy(memory, table.empty_view, table.view_size));
  }

  // A field with the tag that its table has. The first is for those that come most often, the rest
  // for what would only make it slower.
  const char* ParseSingular(const Field& field, char* view, const char* p, const char* end);
  const char* ParseUnusual(const Field& field, char* view, const char* p, const char* end);
  // A field with another tag than expected: packed where the table has it unpacked, or unknown.
  const char* ParseOther(const Field* field, uint32_t tag, char* view, const char* p,
                         const char* end);

  bool GrowFor(const Field& field, size_t element_size, RepeatedData* data, const char* p,
               const char* end);
  const char* ParseRepeated(const Field& field, char* at, const char* p, const char* end);
  const char* ParseMessages(const Field& field, char* at, const char* p, const char* end);
  const char* ParseSingularMessage(const Field& field, char* view, const char* p, const char* end);
  const char* ParseMapEntry(const Field& field, char* at, const char* p, const char* end);
  const char* ParseMessage(const Field& field, char* message, const char* p, const char* end);
  const char* ParseGroup(const Field& field, char* message, const char* p, const char* end);

  // The bytes of a message that comes in several pieces are put together: that is what merging
  // means on the wire.
  bool AppendWire(char* view, absl::string_view piece);
  bool PutTogether(char* view, absl::string_view piece);

  const absl::string_view wire_;
  Arena* const arena_;
  int depth_ = kMaxDepth;            // how many messages may still lie within each other
  const char* group_end_ = nullptr;  // where the end-group tag that was read last begins
};

inline bool Parser::AppendWire(char* view, absl::string_view piece) {
  if (ABSL_PREDICT_TRUE(Load<absl::string_view>(view).empty())) {
    Store(view, piece);
    return true;
  }
  return piece.empty() || PutTogether(view, piece);
}

bool Parser::PutTogether(char* view, absl::string_view piece) {
  const absl::string_view old = Load<absl::string_view>(view);
  // What was put together already has the next power of two to grow in, so that many pieces cost no
  // more than twice their bytes.
  const auto space = [](size_t size) {
    size_t power = 64;
    while (power < size) power *= 2;
    return power;
  };
  const bool in_record = old.data() >= wire_.data() && old.data() < wire_.data() + wire_.size();
  const size_t size = old.size() + piece.size();
  char* bytes = const_cast<char*>(old.data());
  if (in_record) {
    bytes = static_cast<char*>(arena_->Allocate(space(size)));
    if (bytes == nullptr) return false;
    std::memcpy(bytes, old.data(), old.size());
  } else if (size > space(old.size())) {
    bytes = static_cast<char*>(arena_->Grow(bytes, space(old.size()), old.size(), space(size)));
    if (bytes == nullptr) return false;
  }
  std::memcpy(bytes + old.size(), piece.data(), piece.size());
  Store(view, absl::string_view(bytes, size));
  return true;
}

inline const char* ParseString(bool checked, char* at, const char* p, const char* end) {
  size_t size;
  p = ReadSize(p, end, &size);
  if (ABSL_PREDICT_FALSE(p == nullptr)) return nullptr;
  const absl::string_view text(p, size);
  if (checked && ABSL_PREDICT_FALSE(!IsUtf8(text))) return nullptr;
  Store(at, text);
  return p + size;
}

template <FieldType kType>
const char* ParseVarint(const Field& field, char* at, const char* p, const char* end) {
  uint64_t value;
  p = ReadVarint(p, end, &value);
  if (ABSL_PREDICT_TRUE(p != nullptr)) StoreVarint(field, kType, value, at);
  return p;
}

template <typename T>
const char* ParseFixed(char* at, const char* p, const char* end) {
  T value;
  p = ReadFixed(p, end, &value);
  if (ABSL_PREDICT_TRUE(p != nullptr)) Store(at, value);
  return p;
}

// A value of any type but messages. `stored` becomes false where it is malformed, or no value of a
// closed enum.
inline const char* ParseScalar(const Field& field, char* at, const char* p, const char* end,
                               bool* stored) {
  switch (field.type) {
    case FieldType::kFixed32:
      p = ParseFixed<uint32_t>(at, p, end);
      break;
    case FieldType::kFixed64:
      p = ParseFixed<uint64_t>(at, p, end);
      break;
    case FieldType::kBytes:
    case FieldType::kString:
      p = ParseString(field.type == FieldType::kString, at, p, end);
      break;
    default: {
      uint64_t value;
      p = ReadVarint(p, end, &value);
      *stored = p != nullptr && StoreVarint(field, field.type, value, at);
      return p;
    }
  }
  *stored = p != nullptr;
  return p;
}

const char* Parser::ParseFields(const MessageTable& table, char* view, const char* p,
                                const char* end, uint32_t group) {
  const Field* expected = table.fields;  // most messages have their fields in order
  const Field* const fields_end = expected + table.field_count;
  while (p != end) {
    const char* const tag_begin = p;
    uint32_t tag;
    p = ReadTag(p, end, &tag);
    if (ABSL_PREDICT_FALSE(p == nullptr)) return nullptr;

    const Field* field = expected;
    if (field == fields_end || field->tag != tag) {
      field = field != fields_end && field + 1 != fields_end && field[1].tag == tag
                  ? field + 1
                  : FindField(table, tag >> 3);
      if (ABSL_PREDICT_FALSE(field == nullptr || field->tag != tag)) {
        if ((tag & 7) == kWireEndGroup) {
          group_end_ = tag_begin;
          return tag >> 3 == group && group != 0 ? p : nullptr;
        }
        p = ParseOther(field, tag, view, p, end);
        if (ABSL_PREDICT_FALSE(p == nullptr)) return nullptr;
        if (field != nullptr) expected = field + 1;
        continue;
      }
    }
    expected = field + 1;
    p = field->cardinality == Cardinality::kSingular ? ParseSingular(*field, view, p, end)
                                                     : ParseUnusual(*field, view, p, end);
    if (ABSL_PREDICT_FALSE(p == nullptr)) return nullptr;
  }
  return group == 0 ? p : nullptr;
}

inline const char* Parser::ParseSingular(const Field& field, char* view, const char* p,
                                         const char* end) {
  char* const at = view + field.offset;
  switch (field.type) {
    case FieldType::kInt32:
      p = ParseVarint<FieldType::kInt32>(field, at, p, end);
      break;
    case FieldType::kInt64:
      p = ParseVarint<FieldType::kInt64>(field, at, p, end);
      break;
    case FieldType::kSint32:
      p = ParseVarint<FieldType::kSint32>(field, at, p, end);
      break;
    case FieldType::kSint64:
      p = ParseVarint<FieldType::kSint64>(field, at, p, end);
      break;
    case FieldType::kBool:
      p = ParseVarint<FieldType::kBool>(field, at, p, end);
      break;
    case FieldType::kFixed32:
      p = ParseFixed<uint32_t>(at, p, end);
      break;
    case FieldType::kFixed64:
      p = ParseFixed<uint64_t>(at, p, end);
      break;
    case FieldType::kBytes:
      p = ParseString(/*checked=*/false, at, p, end);
      break;
    case FieldType::kString:
      p = ParseString(/*checked=*/true, at, p, end);
      break;
    default:
      return ParseUnusual(field, view, p, end);
  }
  if (field.presence != Field::kNoHasBit) SetHasBit(view, field.presence);
  return p;
}

ABSL_ATTRIBUTE_NOINLINE const char* Parser::ParseUnusual(const Field& field, char* view,
                                                         const char* p, const char* end) {
  char* const at = view + field.offset;
  if (field.cardinality > Cardinality::kOneof) return ParseRepeated(field, at, p, end);
  if (field.type >= FieldType::kMessage) return ParseSingularMessage(field, view, p, end);
  bool stored;
  p = ParseScalar(field, at, p, end, &stored);
  if (!stored) return p;
  if (field.cardinality == Cardinality::kOneof) {
    Store(view + field.presence, field.number());
  } else if (field.presence != Field::kNoHasBit) {
    SetHasBit(view, field.presence);
  }
  return p;
}

ABSL_ATTRIBUTE_NOINLINE const char* Parser::ParseOther(const Field* field, uint32_t tag, char* view,
                                                       const char* p, const char* end) {
  if (field != nullptr && field->cardinality == Cardinality::kRepeated &&
      (tag & 7) == kWireLengthDelimited && IsPackable(field->type))
    return ParsePacked(*field, view + field->offset, p, end, arena_);
  return SkipValue(p, end, tag, depth_);
}

// Elements mostly come one after the other: steps over the tag of the next one of this field.
inline bool NextElement(const Field& field, const char** p, const char* end) {
  uint32_t tag;
  const char* const after = ReadTag(*p, end, &tag);
  if (after == nullptr || tag != field.tag) return false;
  *p = after;
  return true;
}

// For one more element, which follows its tag at `p`.
bool Parser::GrowFor(const Field& field, size_t element_size, RepeatedData* data, const char* p,
                     const char* end) {
  return (field.tag & 7) == kWireLengthDelimited
             ? GrowForElements(data, element_size, field.tag, p, end, arena_)
             : GrowForElement(data, element_size, arena_);
}

const char* Parser::ParseRepeated(const Field& field, char* at, const char* p, const char* end) {
  if (field.cardinality == Cardinality::kMap) return ParseMapEntry(field, at, p, end);
  if (field.type >= FieldType::kMessage) return ParseMessages(field, at, p, end);
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

const char* Parser::ParseMessages(const Field& field, char* at, const char* p, const char* end) {
  const MessageTable& table = *field.message;
  RepeatedData data = Load<RepeatedData>(at);
  do {
    if (data.size == data.capacity && !GrowFor(field, table.view_size, &data, p, end))
      return nullptr;
    char* const message = InitView(table, NextElementOf(data, table.view_size));
    p = ParseMessage(field, message, p, end);
    if (ABSL_PREDICT_FALSE(p == nullptr)) return nullptr;
    ++data.size;
  } while (NextElement(field, &p, end));
  Store(at, data);
  return p;
}

const char* Parser::ParseSingularMessage(const Field& field, char* view, const char* p,
                                         const char* end) {
  char* const at = view + field.offset;
  char* message = Load<char*>(at);
  if (field.cardinality == Cardinality::kOneof) {
    char* const oneof_case = view + field.presence;
    if (Load<uint32_t>(oneof_case) != field.number())
      message = nullptr;  // what it was before another member does not count
    Store(oneof_case, field.number());
  } else if (field.presence != Field::kNoHasBit) {
    SetHasBit(view, field.presence);
  }
  if (message == nullptr) {
    message = NewView(*field.message);
    if (ABSL_PREDICT_FALSE(message == nullptr)) return nullptr;
    Store(at, message);
  }
  return ParseMessage(field, message, p, end);
}

// The value of an entry that holds no value of a closed enum makes the entry an unknown field.
const char* Parser::ParseMapEntry(const Field& field, char* at, const char* p, const char* end) {
  const size_t view_size = field.message->view_size;
  RepeatedData data = Load<RepeatedData>(at);
  if (data.size == data.capacity && !GrowFor(field, view_size, &data, p, end)) return nullptr;
  char* const entry = InitView(*field.message, NextElementOf(data, view_size));
  Store(at, data);
  p = ParseMessage(field, entry, p, end);
  if (p == nullptr) return nullptr;
  const Field& value = field.message->fields[1];
  const bool closed = value.type == FieldType::kInt32 && value.range_count != 0;
  if (closed && !InRanges(value, Load<int32_t>(entry + value.offset))) return p;
  ++data.size;
  Store(at, data);
  return p;
}

inline const char* Parser::ParseMessage(const Field& field, char* message, const char* p,
                                        const char* end) {
  if (ABSL_PREDICT_FALSE(field.type == FieldType::kGroup))
    return ParseGroup(field, message, p, end);
  if (ABSL_PREDICT_FALSE(depth_ == 0)) return nullptr;
  size_t size;
  p = ReadSize(p, end, &size);
  if (ABSL_PREDICT_FALSE(p == nullptr)) return nullptr;
  if (ABSL_PREDICT_FALSE(!AppendWire(message, absl::string_view(p, size)))) return nullptr;
  --depth_;
  p = ParseFields(*field.message, message, p, p + size, 0);
  ++depth_;
  return p;
}

const char* Parser::ParseGroup(const Field& field, char* message, const char* p, const char* end) {
  if (depth_ == 0) return nullptr;
  const char* const begin = p;
  --depth_;
  p = ParseFields(*field.message, message, p, end, field.number());
  ++depth_;
  if (p == nullptr) return nullptr;
  return AppendWire(message, absl::string_view(begin, static_cast<size_t>(group_end_ - begin)))
             ? p
             : nullptr;
}

const void* ParseWithin(const MessageTable& table, absl::string_view wire, Arena* arena) {
  Parser parser(wire, arena);
  char* const view = parser.NewView(table);
  if (ABSL_PREDICT_FALSE(view == nullptr)) return nullptr;
  Store(view, wire);
  const char* const end = wire.data() + wire.size();
  if (parser.ParseFields(table, view, wire.data(), end, 0) == nullptr && !wire.empty())
    return nullptr;
  if (table.needs_finish && !Finish(table, view, arena)) return nullptr;
  return view;
}

}  // namespace

const void* Parse(const MessageTable& table, absl::string_view wire, Arena* arena) {
  if (wire.size() > static_cast<size_t>(std::numeric_limits<int32_t>::max())) return nullptr;
  arena->BeginBudget(arena->limit().BytesFor(wire.size()));
  const void* const view = ParseWithin(table, wire, arena);
  arena->EndBudget();
  return view;
}

}  // namespace ipmpsc::view
