// Warns about generated code that some programs cannot use.
#ifndef IPMPSC_CODEGEN_WARNINGS_H_
#define IPMPSC_CODEGEN_WARNINGS_H_

#include <string>
#include <vector>

#include "codegen/file_plan.h"

namespace ipmpsc::codegen {

// Each warning says first what is wrong, then what to do.
std::vector<std::string> FindWarnings(const FilePlan& plan);

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_WARNINGS_H_
