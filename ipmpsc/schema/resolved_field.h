// ResolvedField: what a field's descriptor means on the wire.
#ifndef IPMPSC_SCHEMA_RESOLVED_FIELD_H_
#define IPMPSC_SCHEMA_RESOLVED_FIELD_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "ipmpsc/schema/descriptor_view.h"
#include "ipmpsc/schema/schema.h"

namespace ipmpsc::schema {

struct ResolvedField {
  const FieldView* field;
  const Schema::Type* type;  // for messages, groups and enums; null if the schema has no such type
  const OneofView* oneof;    // null if it is in none; that of a proto3 `optional` does not count
  int32_t field_type;        // FieldType; a group also if an edition's file says message
  bool is_closed_enum;
  bool checks_utf8;  // for strings
  bool is_repeated;
  bool is_required;
  bool is_map;
  bool is_packed;
  bool has_presence;  // otherwise zero is not sent for a singular field
};

bool IsMapEntry(const MessageView& message);

// REQUIRES: `message` is of `schema`, and has `field`.
ResolvedField ResolveField(const Schema& schema, const Schema::Type& message,
                           const FieldView& field);

// "repeated float", "map<string, int64>", "camera.Format".
std::string TypeText(const Schema& schema, const ResolvedField& resolved);

// The default of the field: of an enum, the name of the value. Empty where it is the empty text.
absl::string_view DefaultText(const ResolvedField& resolved);
// Whether the default is the value that a field without presence does not send.
bool DefaultIsZero(const ResolvedField& resolved);

// Whether every value that `written` can have is read as the same value by `read`, as far as the
// types themselves tell: callers compare messages and enums.
bool ValuesFit(FieldType written, const ResolvedField& read);

}  // namespace ipmpsc::schema

#endif  // IPMPSC_SCHEMA_RESOLVED_FIELD_H_
