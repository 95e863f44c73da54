// C++ literals.
#ifndef IPMPSC_CODEGEN_LITERALS_H_
#define IPMPSC_CODEGEN_LITERALS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"

namespace ipmpsc::codegen {

// The default of a field that is no message, as an expression of its C++ `type`.
std::string DefaultValue(const google::protobuf::FieldDescriptor& field, absl::string_view type);

// `bytes` as string literals of at most about `width` columns, to stand below each other.
std::vector<std::string> StringLiterals(absl::string_view bytes, size_t width);

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_LITERALS_H_
