// Where a channel lies that a .proto declares by name.
#ifndef IPMPSC_MESSAGE_DECLARED_PATH_H_
#define IPMPSC_MESSAGE_DECLARED_PATH_H_

#include <string>

#include "absl/strings/string_view.h"

namespace ipmpsc::message {

// The file `name` in the directory that the environment variable IPMPSC_DIR names, in /dev/shm
// where it is not set or empty.
std::string DeclaredPath(absl::string_view name);

}  // namespace ipmpsc::message

#endif  // IPMPSC_MESSAGE_DECLARED_PATH_H_
