// The decisions of a .proto file's syntax, or of an edition's features. Hides how releases of protobuf
// are asked: 3.21 names the syntax of a file, and releases from 26 on answer for each field.
#ifndef IPMPSC_CODEGEN_SYNTAX_H_
#define IPMPSC_CODEGEN_SYNTAX_H_

#include <string>

#include "google/protobuf/descriptor.h"

namespace ipmpsc::codegen {

// "proto2", "proto3" or "editions".
std::string SyntaxName(const google::protobuf::FileDescriptor& file);

// True for an enum whose unknown numbers are no values of the field. As protobuf's C++ code has it, it is
// the field's file that counts, not the enum's.
bool IsClosedEnum(const google::protobuf::FieldDescriptor& field);

// True for a string that is refused where it is not UTF-8.
bool MustBeUtf8(const google::protobuf::FieldDescriptor& field);

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_SYNTAX_H_
