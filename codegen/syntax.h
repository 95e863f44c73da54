// Answers questions that the syntax of a .proto file, or the features of an edition, decide. Hides
// the difference between releases of protobuf: 3.21 tells a file's syntax, and releases from 26 on
// answer for each field.
#ifndef IPMPSC_CODEGEN_SYNTAX_H_
#define IPMPSC_CODEGEN_SYNTAX_H_

#include <string>

#include "google/protobuf/descriptor.h"

namespace ipmpsc::codegen {

// Returns "proto2", "proto3" or "editions".
std::string SyntaxName(const google::protobuf::FileDescriptor& file);

// Whether unknown numbers of the enum are no values of the field. As in protobuf's C++ code, the
// field's file decides, not the enum's.
bool IsClosedEnum(const google::protobuf::FieldDescriptor& field);

// Whether the field is repeated and its numbers are packed and of fixed width, so they lie on the
// wire as in memory.
bool IsPackedFixed(const google::protobuf::FieldDescriptor& field);

// Whether the field is a string that must be valid UTF-8.
bool MustBeUtf8(const google::protobuf::FieldDescriptor& field);

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_SYNTAX_H_
