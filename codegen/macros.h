// Finds names of a .proto file that may be macros of some header: major, linux, or M_PI for message
// PI within M.
#ifndef IPMPSC_CODEGEN_MACROS_H_
#define IPMPSC_CODEGEN_MACROS_H_

#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"

namespace ipmpsc::codegen {

// Returns the identifiers in the headers of `file` that look like macros, sorted: all without a
// lower-case letter, and those in a fixed list. Generated headers hide macros of these names while
// they use them.
std::vector<std::string> PossibleMacros(const google::protobuf::FileDescriptor& file);

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_MACROS_H_
