// Lays out generated code within 100 columns.
#ifndef IPMPSC_CODEGEN_LAYOUT_H_
#define IPMPSC_CODEGEN_LAYOUT_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace ipmpsc::codegen {

inline constexpr size_t kColumns = 100;
inline constexpr size_t kMemberIndentation = 2;  // of the members of a class

// Returns `code` without lines of more than kColumns columns, as far as it can be broken.
//
// A function of statements, `head {`, `  one; two;`, `}`, becomes one line if it fits and has at
// most two statements. Otherwise each statement gets a line of its own. Any other line that is too
// long is broken between tokens. Preprocessor directives, comments and literals stay whole.
std::string Layout(absl::string_view code);

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_LAYOUT_H_
