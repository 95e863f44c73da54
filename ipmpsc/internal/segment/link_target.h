// Where a path leads that may be a symbolic link.
#ifndef IPMPSC_INTERNAL_SEGMENT_LINK_TARGET_H_
#define IPMPSC_INTERNAL_SEGMENT_LINK_TARGET_H_

#include <string>

#include "absl/status/statusor.h"

namespace ipmpsc::internal {

// The path of what open(path, O_CREAT) would open or create: `path` itself, unless its last part is a
// symbolic link. Follows no link that another user has put into a directory which everybody may write
// and whose sticky bit is set, as the kernel does where fs.protected_symlinks is on: the owner of the
// link would choose where this user's file comes to lie.
//
// Errors:
//  * kInvalidArgument  - links that lead to one another without end; a link of /proc, which leads to an
//                        open file and not to a name
//  * kPermissionDenied - a link of another user, as above
absl::StatusOr<std::string> LinkTarget(const std::string& path);

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_SEGMENT_LINK_TARGET_H_
