// Prints C++ literals.
#ifndef IPMPSC_CODEGEN_LITERALS_H_
#define IPMPSC_CODEGEN_LITERALS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace ipmpsc::codegen {

// Return the number as an expression of its type. 0 has no suffix.
std::string Literal(int32_t value);
std::string Literal(int64_t value);
std::string Literal(uint32_t value);
std::string Literal(uint64_t value);
std::string Literal(float value);
std::string Literal(double value);

// Returns `bytes` as string literals of at most about `width` columns, one for each line.
std::vector<std::string> StringLiterals(absl::string_view bytes, size_t width);

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_LITERALS_H_
