// Words that cannot be a C++ name.
#ifndef IPMPSC_CODEGEN_KEYWORDS_H_
#define IPMPSC_CODEGEN_KEYWORDS_H_

#include <string>

namespace ipmpsc::codegen {

// Returns `word`, with an underscore appended if it is a C++ keyword.
std::string ResolveKeyword(const std::string& word);

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_KEYWORDS_H_
