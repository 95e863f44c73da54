// Prints the headers of a .proto file.
#ifndef IPMPSC_CODEGEN_HEADER_H_
#define IPMPSC_CODEGEN_HEADER_H_

#include <string>

#include "codegen/file_plan.h"
#include "codegen/names.h"

namespace ipmpsc::codegen {

// Returns the text of a header.
std::string PrintHeader(const FilePlan& plan, HeaderKind kind);

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_HEADER_H_
