#include "ipmpsc/internal/segment/path_error.h"

#include <errno.h>
#include <string.h>

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace ipmpsc::internal {

absl::Status PathError(int error, absl::string_view path, absl::string_view what) {
  const std::string text = absl::StrCat(path, ": ", what);
  switch (error) {
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
    case ENODEV:
    case ENOTDIR:
    case ENXIO:
    case ETXTBSY:
      return absl::InvalidArgumentError(absl::StrCat(text, ": ", strerror(error)));
    case EROFS:
      return absl::PermissionDeniedError(absl::StrCat(text, ": ", strerror(error)));
    case EBUSY:
      return absl::FailedPreconditionError(
          absl::StrCat(text, ": ", path,
                       " is a mount point; replace the file where it was mounted from, and mount "
                       "the directory instead of the file"));
    case EMFILE:
      return absl::ResourceExhaustedError(
          absl::StrCat(text,
                       ": this process has reached its limit of file descriptors; raise "
                       "RLIMIT_NOFILE (ulimit -n)"));
    case ENFILE:
      return absl::ResourceExhaustedError(absl::StrCat(
          text, ": the machine has reached its limit of open files; raise fs.file-max"));
    default:
      return absl::ErrnoToStatus(error, text);
  }
}

absl::Status WithPath(const absl::Status& status, absl::string_view path) {
  if (status.ok() || path.empty()) return status;
  return absl::Status(status.code(), absl::StrCat(path, ": ", status.message()));
}

absl::Status CheckPath(absl::string_view path) {
  if (path.empty()) {
    return absl::InvalidArgumentError("the path is empty; a channel needs a path");
  }
  if (absl::StrContains(path, '\0')) {
    return absl::InvalidArgumentError("the path contains a zero byte; a channel's path must not");
  }
  return absl::OkStatus();
}

std::string DirectoryOf(absl::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == absl::string_view::npos) return ".";
  return std::string(path.substr(0, slash + 1));
}

}  // namespace ipmpsc::internal
