// Names that the C library declares in C++'s global namespace: no package can be called so where its header
// is included.
#ifndef IPMPSC_CODEGEN_C_NAMES_H_
#define IPMPSC_CODEGEN_C_NAMES_H_

#include "absl/strings/string_view.h"

namespace ipmpsc::codegen {

enum class CName {
  kNone,
  // Declared by headers that absl/status/statusor.h includes: <cmath>, <unistd.h>, <sys/time.h>. Headers of
  // protobuf and of views do without these.
  kBesideStatus,
  // Declared by headers that nothing can do without: <cstdlib>, <cstring>, <cstdio>, <ctime>.
  kEverywhere,
};

// The names are those of glibc 2.36, for every header that a generated one includes.
CName FindCName(absl::string_view name);

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_C_NAMES_H_
