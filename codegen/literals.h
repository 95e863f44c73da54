// Prints C++ literals.
#ifndef IPMPSC_CODEGEN_LITERALS_H_
#define IPMPSC_CODEGEN_LITERALS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"

namespace ipmpsc::codegen {

// Returns the default of a field that is no message, as an expression of the C++ type `type`.
std::string DefaultValue(const google::protobuf::FieldDescriptor& field, absl::string_view type);

// Returns `bytes` as string literals of at most about `width` columns, one for each line.
std::vector<std::string> StringLiterals(absl::string_view bytes, size_t width);

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_LITERALS_H_
