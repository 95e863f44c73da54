#include "codegen/field_kind.h"

#include <string>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "codegen/literals.h"
#include "codegen/syntax.h"
#include "google/protobuf/descriptor.h"

namespace ipmpsc::codegen {

using google::protobuf::FieldDescriptor;

namespace {

std::string Int32Default(const FieldDescriptor& field, absl::string_view /*type*/) {
  return Literal(field.default_value_int32());
}
std::string Int64Default(const FieldDescriptor& field, absl::string_view /*type*/) {
  return Literal(field.default_value_int64());
}
std::string Uint32Default(const FieldDescriptor& field, absl::string_view /*type*/) {
  return Literal(field.default_value_uint32());
}
std::string Uint64Default(const FieldDescriptor& field, absl::string_view /*type*/) {
  return Literal(field.default_value_uint64());
}
std::string FloatDefault(const FieldDescriptor& field, absl::string_view /*type*/) {
  return Literal(field.default_value_float());
}
std::string DoubleDefault(const FieldDescriptor& field, absl::string_view /*type*/) {
  return Literal(field.default_value_double());
}
std::string BoolDefault(const FieldDescriptor& field, absl::string_view /*type*/) {
  return field.default_value_bool() ? "true" : "false";
}
std::string EnumDefault(const FieldDescriptor& field, absl::string_view type) {
  return absl::StrFormat("static_cast<%s>(%s)", type,
                         Literal(field.default_value_enum()->number()));
}
std::string TextDefault(const FieldDescriptor& field, absl::string_view /*type*/) {
  const absl::string_view text = field.default_value_string();
  if (text.empty()) return "";
  return absl::StrFormat("::absl::string_view(%s, %d)",
                         absl::StrJoin(StringLiterals(text, std::string::npos), " "), text.size());
}

constexpr char kView[] = "::absl::string_view";

// `entry` is the function of wire::Field, `writer` the name in MessageWriter and in Number.
constexpr FieldKind Number(const char* type, int size, const char* entry, const char* writer,
                           std::string (*default_value)(const FieldDescriptor&,
                                                        absl::string_view)) {
  return {FieldKind::kNumber, type, size, entry, entry, writer, writer, false, default_value};
}
constexpr FieldKind Text(const char* name, bool is_checked) {
  return {FieldKind::kText, kView, 16, name, name, name, "", is_checked, TextDefault};
}
constexpr FieldKind Message(const char* name) {
  return {FieldKind::kMessage, "", 8, name, name, name, "", false, nullptr};
}

// The keys of the table are the values of FieldDescriptor::Type, and these.
enum { kUncheckedString = FieldDescriptor::MAX_TYPE + 1, kClosedEnum, kMap };

struct Row {
  int key;
  FieldKind kind;
};

// clang-format off
constexpr Row kRows[] = {
    {FieldDescriptor::TYPE_DOUBLE,   Number("double",   8, "Fixed64", "Fixed64", DoubleDefault)},
    {FieldDescriptor::TYPE_FLOAT,    Number("float",    4, "Fixed32", "Fixed32", FloatDefault)},
    {FieldDescriptor::TYPE_INT32,    Number("int32_t",  4, "Int32",   "Int32",   Int32Default)},
    {FieldDescriptor::TYPE_INT64,    Number("int64_t",  8, "Int64",   "Int64",   Int64Default)},
    {FieldDescriptor::TYPE_UINT32,   Number("uint32_t", 4, "Int32",   "Uint32",  Uint32Default)},
    {FieldDescriptor::TYPE_UINT64,   Number("uint64_t", 8, "Int64",   "Uint64",  Uint64Default)},
    {FieldDescriptor::TYPE_SINT32,   Number("int32_t",  4, "Sint32",  "Sint32",  Int32Default)},
    {FieldDescriptor::TYPE_SINT64,   Number("int64_t",  8, "Sint64",  "Sint64",  Int64Default)},
    {FieldDescriptor::TYPE_FIXED32,  Number("uint32_t", 4, "Fixed32", "Fixed32", Uint32Default)},
    {FieldDescriptor::TYPE_FIXED64,  Number("uint64_t", 8, "Fixed64", "Fixed64", Uint64Default)},
    {FieldDescriptor::TYPE_SFIXED32, Number("int32_t",  4, "Fixed32", "Fixed32", Int32Default)},
    {FieldDescriptor::TYPE_SFIXED64, Number("int64_t",  8, "Fixed64", "Fixed64", Int64Default)},
    {FieldDescriptor::TYPE_BOOL,
     {FieldKind::kNumber, "bool", 1, "Bool", "BoolOfMap", "Bool", "Bool", false, BoolDefault}},
    {FieldDescriptor::TYPE_ENUM,
     {FieldKind::kEnum, "", 4, "Int32", "Int32", "Enum", "Int32", false, EnumDefault}},
    {kClosedEnum,
     {FieldKind::kEnum, "", 4, "ClosedEnum", "ClosedEnumOfMap", "ClosedEnum", "Int32", true,
      EnumDefault}},
    {FieldDescriptor::TYPE_BYTES,    Text("Bytes", false)},
    {FieldDescriptor::TYPE_STRING,   Text("String", true)},
    {kUncheckedString,               Text("Bytes", false)},
    {FieldDescriptor::TYPE_MESSAGE,  Message("Message")},
    {FieldDescriptor::TYPE_GROUP,    Message("Group")},
    {kMap,                           Message("Map")},
};
// clang-format on

int KeyOf(const FieldDescriptor& field) {
  if (field.is_map()) return kMap;
  if (IsClosedEnum(field)) return kClosedEnum;
  if (field.type() == FieldDescriptor::TYPE_STRING && !MustBeUtf8(field)) return kUncheckedString;
  return field.type();
}

}  // namespace

const FieldKind& KindOf(const FieldDescriptor& field) {
  const int key = KeyOf(field);
  const Row* row = kRows;
  while (row->key != key) ++row;
  return row->kind;
}

}  // namespace ipmpsc::codegen
