// Maps errors of system calls on a channel's path to the codes that `Channel` documents.
#ifndef IPMPSC_INTERNAL_SEGMENT_PATH_ERROR_H_
#define IPMPSC_INTERNAL_SEGMENT_PATH_ERROR_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace ipmpsc::internal {

// `what` names the call that failed, and `error` is its errno.
//
//  * kInvalidArgument    - the path cannot be that of a channel: through a file, a directory, a
//                          socket, links without end, a name that is too long
//  * kPermissionDenied   - not allowed, on a read-only file system included
//  * kFailedPrecondition - the path is a mount point
//  * kResourceExhausted  - no file descriptor left, and as absl::ErrnoToStatus
//  * others              - as absl::ErrnoToStatus
absl::Status PathError(int error, absl::string_view path, absl::string_view what);

// Puts the path in front of an error's text. An anonymous channel has none.
absl::Status WithPath(const absl::Status& status, absl::string_view path);

// kInvalidArgument where the path is empty, or has a zero byte, at which the kernel would cut it.
absl::Status CheckPath(absl::string_view path);

// Returns the directory of `path`, up to its last slash, or "." if it has none.
std::string DirectoryOf(absl::string_view path);

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_SEGMENT_PATH_ERROR_H_
