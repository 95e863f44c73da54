#include "ipmpsc/internal/segment/link_target.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "ipmpsc/internal/os/unique_fd.h"
#include "ipmpsc/internal/segment/path_error.h"

namespace ipmpsc::internal {
namespace {

// As many as the kernel follows.
constexpr int kMostLinks = 40;

// Whether the owner of `link`, in `directory`, may choose the place of this user's file.
bool MayBeFollowed(const struct stat& link, const std::string& directory) {
  struct stat parent;
  if (link.st_uid == geteuid() || stat(directory.c_str(), &parent) != 0) return true;
  const bool anybody_may_put_links = (parent.st_mode & (S_ISVTX | S_IWOTH)) == (S_ISVTX | S_IWOTH);
  return !anybody_may_put_links || link.st_uid == parent.st_uid;
}

// Follows one link.
absl::StatusOr<std::string> Follow(const std::string& path) {
  // Opens the link itself, so that the link that is checked is the one that is read.
  const UniqueFd fd(open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.valid()) return PathError(errno, path, "cannot follow the link");
  struct stat link;
  if (fstat(fd.get(), &link) != 0) return PathError(errno, path, "cannot look at the link");
  if (!S_ISLNK(link.st_mode)) return path;
  struct statfs system;
  if (fstatfs(fd.get(), &system) != 0) return PathError(errno, path, "cannot look at the link");
  if (static_cast<unsigned long>(system.f_type) == PROC_SUPER_MAGIC) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": the link leads to an open file instead of a name; give the file's own path"));
  }
  const std::string directory = DirectoryOf(path);
  if (!MayBeFollowed(link, directory)) {
    return absl::PermissionDeniedError(
        absl::StrCat(path, ": the link belongs to user ", link.st_uid,
                     " and everybody may write to its directory, so it is not followed; give the "
                     "path of its target"));
  }
  char target[PATH_MAX];
  const ssize_t size = readlinkat(fd.get(), "", target, sizeof(target));
  if (size < 0) return PathError(errno, path, "cannot read the link");
  std::string text(target, static_cast<size_t>(size));
  if (!text.empty() && text[0] == '/') return text;
  return absl::StrCat(directory, directory.back() == '/' ? "" : "/", text);
}

}  // namespace

absl::StatusOr<std::string> LinkTarget(const std::string& path) {
  std::string at = path;
  for (int links = 0; links < kMostLinks; ++links) {
    struct stat file;
    if (lstat(at.c_str(), &file) != 0 || !S_ISLNK(file.st_mode)) return at;
    absl::StatusOr<std::string> next = Follow(at);
    if (!next.ok()) return next;
    at = *std::move(next);
  }
  return PathError(ELOOP, path, "cannot follow the link");
}

}  // namespace ipmpsc::internal
