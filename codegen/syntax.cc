#include "codegen/syntax.h"

#include <string>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/stubs/common.h"

namespace ipmpsc::codegen {

using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;

bool IsPackedFixed(const FieldDescriptor& field) {
  if (!field.is_packed()) return false;
  switch (field.type()) {
    case FieldDescriptor::TYPE_FIXED32:
    case FieldDescriptor::TYPE_SFIXED32:
    case FieldDescriptor::TYPE_FLOAT:
    case FieldDescriptor::TYPE_FIXED64:
    case FieldDescriptor::TYPE_SFIXED64:
    case FieldDescriptor::TYPE_DOUBLE:
      return true;
    default:
      return false;
  }
}

#if GOOGLE_PROTOBUF_VERSION >= 5026000

std::string SyntaxName(const FileDescriptor& file) {
  google::protobuf::FileDescriptorProto heading;
  file.CopyHeadingTo(&heading);
  return heading.syntax().empty() ? "proto2" : heading.syntax();
}

bool IsClosedEnum(const FieldDescriptor& field) {
  return field.type() == FieldDescriptor::TYPE_ENUM && field.legacy_enum_field_treated_as_closed();
}

bool MustBeUtf8(const FieldDescriptor& field) {
  return field.type() == FieldDescriptor::TYPE_STRING && field.requires_utf8_validation();
}

#else

namespace {

bool IsProto3(const FileDescriptor& file) { return file.syntax() == FileDescriptor::SYNTAX_PROTO3; }

}  // namespace

std::string SyntaxName(const FileDescriptor& file) {
  return FileDescriptor::SyntaxName(file.syntax());
}

bool IsClosedEnum(const FieldDescriptor& field) {
  return field.type() == FieldDescriptor::TYPE_ENUM && !IsProto3(*field.file());
}

bool MustBeUtf8(const FieldDescriptor& field) {
  return field.type() == FieldDescriptor::TYPE_STRING && IsProto3(*field.file());
}

#endif

}  // namespace ipmpsc::codegen
