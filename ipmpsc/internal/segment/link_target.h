// The target of a path that may be a symbolic link.
#ifndef IPMPSC_INTERNAL_SEGMENT_LINK_TARGET_H_
#define IPMPSC_INTERNAL_SEGMENT_LINK_TARGET_H_

#include <string>

#include "absl/status/statusor.h"

namespace ipmpsc::internal {

// Returns the path of the file that open(path, O_CREAT) would open or create: `path` itself, unless
// its last part is a symbolic link. Follows no link of another user in a sticky directory that
// everybody may write, as the kernel does if fs.protected_symlinks is on. Otherwise the link's
// owner would choose the place of this user's file.
//
// Errors:
//  * kInvalidArgument  - links that lead to one another without end; a link of /proc, which leads
//                        to an open file and not to a name
//  * kPermissionDenied - a link of another user, as above
absl::StatusOr<std::string> LinkTarget(const std::string& path);

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_SEGMENT_LINK_TARGET_H_
