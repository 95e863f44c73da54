// Warnings about generated code that is of limited use.
#ifndef IPMPSC_CODEGEN_WARNINGS_H_
#define IPMPSC_CODEGEN_WARNINGS_H_

#include <string>
#include <vector>

#include "codegen/file_plan.h"

namespace ipmpsc::codegen {

// Each says what is wrong, then what to do.
std::vector<std::string> FindWarnings(const FilePlan& plan);

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_WARNINGS_H_
