// Where a channel lies that a .proto declares by name.
#ifndef IPMPSC_TYPED_DECLARED_PATH_H_
#define IPMPSC_TYPED_DECLARED_PATH_H_

#include <string>

#include "absl/strings/string_view.h"

namespace ipmpsc::typed {

// Returns the path of the file `name` in the directory IPMPSC_DIR. If that environment variable is
// not set or empty, the directory is /dev/shm.
std::string DeclaredPath(absl::string_view name);

}  // namespace ipmpsc::typed

#endif  // IPMPSC_TYPED_DECLARED_PATH_H_
