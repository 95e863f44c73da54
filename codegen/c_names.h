// Names that the C library declares in C++'s global namespace. A package cannot have such a name in
// a file that includes the header.
#ifndef IPMPSC_CODEGEN_C_NAMES_H_
#define IPMPSC_CODEGEN_C_NAMES_H_

#include "absl/strings/string_view.h"

namespace ipmpsc::codegen {

enum class CName {
  kNone,
  // Declared by headers that absl/status/statusor.h includes: <cmath>, <unistd.h>, <sys/time.h>.
  // protobuf's headers and the headers of views do not include them.
  kBesideStatus,
  // Declared by headers that every generated header includes: <cstdlib>, <cstring>, <cstdio>,
  // <ctime>.
  kEverywhere,
};

// Covers glibc 2.36 and every header that a generated header includes.
CName FindCName(absl::string_view name);

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_C_NAMES_H_
