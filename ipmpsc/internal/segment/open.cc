#include "ipmpsc/internal/segment/open.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "ipmpsc/internal/os/clock.h"
#include "ipmpsc/internal/os/sleep.h"
#include "ipmpsc/internal/os/unique_fd.h"
#include "ipmpsc/internal/segment/link_target.h"
#include "ipmpsc/internal/segment/path_error.h"

namespace ipmpsc::internal {
namespace {

// Nanoseconds. The pauses between looks are 1, 2, 4, ... milliseconds. A watch on the directory
// (inotify) would wake sooner. But it would be one more descriptor that the program could close and
// reuse during a long wait, and it sees no link or mount that changes on the way to the channel.
constexpr int64_t kFirstPause = 1'000'000;
constexpr int64_t kLongestPause = 16'000'000;

// Whether a failure to open is that of a link whose target is missing.
bool IsDangling(int error, const std::string& path) {
  struct stat file;
  return error == ENOENT && lstat(path.c_str(), &file) == 0 && S_ISLNK(file.st_mode);
}

// Opens a file to look. Leaves the time of its last access alone, by which cleaners go. The kernel
// lets only the owner and root do so.
UniqueFd OpenFileToLook(const char* path) {
  // O_NONBLOCK: as below.
  UniqueFd fd = OpenFile(path, O_RDONLY | O_NONBLOCK | O_NOATIME);
  if (!fd.valid() && errno == EPERM) fd = OpenFile(path, O_RDONLY | O_NONBLOCK);
  return fd;
}

// Opens the channel that is at `path` now.
absl::StatusOr<std::shared_ptr<Segment>> OpenNow(const std::string& path,
                                                 const OpenOptions& options, Access access) {
  // O_NONBLOCK: a FIFO is no channel, and opening it must not block.
  UniqueFd fd = access == Access::kReadOnly ? OpenFileToLook(path.c_str())
                                            : OpenFile(path.c_str(), O_RDWR | O_NONBLOCK);
  if (!fd.valid()) {
    const int error = errno;
    const absl::Status failed =
        PathError(error, path,
                  IsDangling(error, path) ? "cannot open it, a dangling link" : "cannot open it");
    return absl::IsInvalidArgument(failed) ? PathError(error, path, "not an ipmpsc channel")
                                           : failed;
  }
  return Segment::FromFd(std::move(fd), path, options, access);
}

bool IsMissing(const std::string& directory) {
  struct stat file;
  return stat(directory.c_str(), &file) != 0 && errno == ENOENT;
}

absl::Status NeverCreated(const std::string& path, const std::string& target, int64_t waited) {
  const absl::Duration rounded = absl::Trunc(absl::Nanoseconds(waited), absl::Milliseconds(1));
  return absl::DeadlineExceededError(
      absl::StrCat(path, target == path ? "" : absl::StrCat(", a link to ", target),
                   ": no channel was created there for ", absl::FormatDuration(rounded),
                   "; start the program that creates it, or wait longer"));
}

// Waits until there is a file at `path`, then opens it. The file gets its name when the channel is
// complete.
absl::StatusOr<std::shared_ptr<Segment>> OpenWhenCreated(const std::string& path,
                                                         const OpenOptions& options,
                                                         Access access) {
  const MonotonicNanos begin = MonotonicNow();
  for (int64_t pause = kFirstPause;; pause = std::min(2 * pause, kLongestPause)) {
    // Found anew each time, since links may change.
    std::string target = path;
    absl::StatusOr<std::string> followed = LinkTarget(path);
    if (followed.ok()) {
      target = *std::move(followed);
    } else if (!absl::IsNotFound(followed.status())) {
      return followed.status();
    }
    const std::string directory = DirectoryOf(target);
    if (IsMissing(directory)) {
      return absl::NotFoundError(absl::StrCat(path, ": no channel can be created there: ",
                                              directory, " does not exist; create the directory"));
    }
    absl::StatusOr<std::shared_ptr<Segment>> opened = OpenNow(path, options, access);
    if (!absl::IsNotFound(opened.status())) return opened;
    const MonotonicNanos now = MonotonicNow();
    if (options.deadline.Passed()) return NeverCreated(path, target, now - begin);
    SleepUntil(std::min(now + pause, options.deadline.nanoseconds()));
  }
}

}  // namespace

absl::StatusOr<std::shared_ptr<Segment>> OpenSegment(absl::string_view path,
                                                     const OpenOptions& options, Access access) {
  const absl::Status usable = CheckPath(path);
  if (!usable.ok()) return usable;
  const std::string name(path);
  // Decided first, so that a caller that waits gets an error of the wait.
  const bool waits = !options.deadline.Passed();
  absl::StatusOr<std::shared_ptr<Segment>> opened = OpenNow(name, options, access);
  if (!absl::IsNotFound(opened.status()) || !waits) return opened;
  return OpenWhenCreated(name, options, access);
}

}  // namespace ipmpsc::internal
