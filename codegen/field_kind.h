// FieldKind: how the values of a field are stored, described and written. All that the generated
// code does with a field because of its type is a column of one table.
#ifndef IPMPSC_CODEGEN_FIELD_KIND_H_
#define IPMPSC_CODEGEN_FIELD_KIND_H_

#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"

namespace ipmpsc::codegen {

struct FieldKind {
  enum Shape { kNumber, kEnum, kText, kMessage };

  Shape shape;
  // The C++ type of a value in views and setters. "" for enums and messages, which have names.
  const char* type;
  // The size of a singular value in a view, in bytes.
  int size;
  // The function of `ipmpsc::wire::Field` that describes the field, and the one that describes it
  // in an entry of a map.
  const char* entry;
  const char* map_entry;
  // The name in `ipmpsc::writer::MessageWriter`: "Int32" for `PutInt32`, "Bytes" for `PutBytes` and
  // `MutableBytes`, "Message" for `AsMessage`.
  const char* writer;
  // The name in `ipmpsc::writer::Number` for arrays: "Int32" for `kInt32`. "" if there are none.
  const char* element;
  // Whether writers refuse some values. Their errors need the name of the field.
  bool is_checked;
  // Returns the default as an expression of the C++ type `type`, or "" for an empty text. Null for
  // messages.
  std::string (*default_value)(const google::protobuf::FieldDescriptor& field,
                               absl::string_view type);
};

// Returns the kind of a value of the field. It also distinguishes what has one type in the .proto
// file: open and closed enums, checked and unchecked strings, messages and maps.
const FieldKind& KindOf(const google::protobuf::FieldDescriptor& field);

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_FIELD_KIND_H_
