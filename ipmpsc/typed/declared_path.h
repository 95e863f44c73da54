// Where a channel lies that a .proto declares by name.
#ifndef IPMPSC_TYPED_DECLARED_PATH_H_
#define IPMPSC_TYPED_DECLARED_PATH_H_

#include <string>

#include "absl/strings/string_view.h"

namespace ipmpsc::typed {

// The file `name` in the directory that the environment variable IPMPSC_DIR names, in /dev/shm
// where it is not set or empty.
std::string DeclaredPath(absl::string_view name);

}  // namespace ipmpsc::typed

#endif  // IPMPSC_TYPED_DECLARED_PATH_H_
