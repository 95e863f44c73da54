#include "ipmpsc/schema/resolved_field.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "ipmpsc/schema/descriptor_view.h"
#include "ipmpsc/schema/features.h"
#include "ipmpsc/schema/findings.h"
#include "ipmpsc/schema/schema.h"

namespace ipmpsc::schema {
namespace {

constexpr absl::string_view kTypeNames[] = {
    "",        "double",   "float",    "int64",  "uint64",  "int32", "fixed64",
    "fixed32", "bool",     "string",   "group",  "message", "bytes", "uint32",
    "enum",    "sfixed32", "sfixed64", "sint32", "sint64",
};

// The range of numbers that are sent as varints without zigzag.
struct Range {
  int64_t first;
  uint64_t last;
};

bool RangeOf(int32_t type, Range* range) {
  switch (type) {
    case kTypeBool:
      *range = {0, 1};
      return true;
    case kTypeUint32:
      *range = {0, std::numeric_limits<uint32_t>::max()};
      return true;
    case kTypeInt32:
    case kTypeEnum:
      *range = {std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()};
      return true;
    case kTypeUint64:
      *range = {0, std::numeric_limits<uint64_t>::max()};
      return true;
    case kTypeInt64:
      *range = {std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()};
      return true;
    default:
      return false;
  }
}

bool IsTyped(int32_t type) {
  return type == kTypeMessage || type == kTypeGroup || type == kTypeEnum;
}

bool IsNumber(int32_t type) {
  return type != kTypeString && type != kTypeBytes && type != kTypeMessage && type != kTypeGroup;
}

const OneofView* OneofOf(const MessageView& message, const FieldView& field) {
  if (!field.has_oneof_index() || field.proto3_optional || field.oneof_index < 0) return nullptr;
  const size_t index = static_cast<size_t>(field.oneof_index);
  return index < message.oneof_decl.size() ? &message.oneof_decl[index] : nullptr;
}

Features FeaturesOf(const Schema::Type& message, const FieldView& field, const OneofView* oneof) {
  Features features = message.features;
  if (oneof != nullptr && oneof->options != nullptr)
    features = Override(features, oneof->options->features);
  return field.options == nullptr ? features : Override(features, field.options->features);
}

// Returns the type of the key or the value of a map.
std::string EntryTypeText(const Schema& schema, const Schema::Type& entry, int32_t number) {
  for (const FieldView& field : entry.message->field) {
    if (field.number != number) continue;
    ResolvedField resolved = ResolveField(schema, entry, field);
    resolved.is_map = false;  // a hostile one may be a map of itself
    return TypeText(schema, resolved);
  }
  return "?";
}

}  // namespace

bool IsMapEntry(const MessageView& message) {
  return message.options != nullptr && message.options->map_entry;
}

ResolvedField ResolveField(const Schema& schema, const Schema::Type& message,
                           const FieldView& field) {
  ResolvedField resolved = {};
  resolved.field = &field;
  if (IsTyped(field.type)) resolved.type = schema.Find(field.type_name);
  if (resolved.type != nullptr) {
    const bool is_there = field.type == kTypeEnum ? resolved.type->enum_type != nullptr
                                                  : resolved.type->message != nullptr;
    if (!is_there) resolved.type = nullptr;
  }
  resolved.oneof = OneofOf(*message.message, field);
  const Features features = FeaturesOf(message, field, resolved.oneof);
  resolved.checks_utf8 = features.checks_utf8;
  resolved.is_closed_enum =
      field.type == kTypeEnum &&
      (features.closes_enums || (resolved.type != nullptr && resolved.type->features.is_closed));
  resolved.is_repeated = field.label == kLabelRepeated;
  resolved.is_required =
      field.label == kLabelRequired || (features.is_required && !resolved.is_repeated);
  resolved.is_map = resolved.is_repeated && field.type == kTypeMessage &&
                    resolved.type != nullptr && IsMapEntry(*resolved.type->message) &&
                    resolved.type->message->field.size() == 2;
  if (resolved.is_repeated && IsNumber(field.type)) {
    const bool is_told = field.options != nullptr && field.options->has_packed();
    resolved.is_packed = is_told ? field.options->packed : features.is_packed;
  }
  resolved.field_type = field.type;
  if (field.type == kTypeMessage && features.is_delimited && !resolved.is_map &&
      !IsMapEntry(*message.message))
    resolved.field_type = kTypeGroup;
  resolved.has_presence =
      !resolved.is_repeated && (features.has_presence || field.proto3_optional ||
                                resolved.oneof != nullptr || field.type == kTypeMessage);
  return resolved;
}

std::string TypeText(const Schema& schema, const ResolvedField& resolved) {
  if (resolved.is_map) {
    return absl::StrCat("map<", EntryTypeText(schema, *resolved.type, 1), ", ",
                        EntryTypeText(schema, *resolved.type, 2), ">");
  }
  const FieldView& field = *resolved.field;
  const absl::string_view repeated = resolved.is_repeated ? "repeated " : "";
  if (IsTyped(field.type)) {
    const absl::string_view group = resolved.field_type == kTypeGroup ? "group " : "";
    return absl::StrCat(repeated, group, Printable(absl::StripPrefix(field.type_name, ".")));
  }
  if (field.type < kTypeDouble || field.type > kTypeSint64)
    return absl::StrCat(repeated, "of unknown type ", field.type);
  return absl::StrCat(repeated, kTypeNames[field.type]);
}

absl::string_view DefaultText(const ResolvedField& resolved) {
  if (!resolved.field->default_value.empty() || resolved.field->type != kTypeEnum)
    return resolved.field->default_value;
  if (resolved.type == nullptr || resolved.type->enum_type->value.empty()) return "";
  return resolved.type->enum_type->value[0].name;
}

bool DefaultIsZero(const ResolvedField& resolved) {
  const absl::string_view text = DefaultText(resolved);
  if (text.empty()) return true;
  switch (resolved.field->type) {
    case kTypeString:
    case kTypeBytes:
      return false;
    case kTypeBool:
      return text == "false";
    case kTypeEnum:
      for (const EnumValueView& value : resolved.type->enum_type->value) {
        if (value.name == text) return value.number == 0;
      }
      return false;
    default:
      return text == "0";  // but not "-0", which is another number
  }
}

bool ValuesFit(FieldType written, const ResolvedField& read) {
  const int32_t type = read.field_type;
  if (written == type) return written >= kTypeDouble && written <= kTypeSint64;
  if (written == kTypeSint32 && type == kTypeSint64) return true;
  if (written == kTypeString && type == kTypeBytes) return true;
  Range from;
  Range to;
  if (!RangeOf(written, &from) || !RangeOf(type, &to)) return false;
  return !read.is_closed_enum && from.first >= to.first && from.last <= to.last;
}

}  // namespace ipmpsc::schema
