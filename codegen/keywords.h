// Words that a C++ name cannot be.
#ifndef IPMPSC_CODEGEN_KEYWORDS_H_
#define IPMPSC_CODEGEN_KEYWORDS_H_

#include <string>

namespace ipmpsc::codegen {

// `word`, with an underscore behind it where it is a C++ keyword.
std::string ResolveKeyword(const std::string& word);

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_KEYWORDS_H_
