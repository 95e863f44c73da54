#include "ipmpsc/internal/segment/nascent_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ipmpsc/internal/os/random.h"
#include "ipmpsc/internal/os/rename_file.h"
#include "ipmpsc/internal/os/use_mark.h"
#include "ipmpsc/internal/segment/leftovers.h"
#include "ipmpsc/internal/segment/path_error.h"

namespace ipmpsc::internal {
namespace {

// How many times other processes may interfere before giving up.
constexpr int kTries = 16;

absl::Status Failed(absl::string_view path, absl::string_view what) {
  return PathError(errno, path, what);
}

absl::StatusOr<std::string> HiddenName(absl::string_view path) {
  const absl::StatusOr<uint64_t> random = RandomWord();
  if (!random.ok()) return random.status();
  return absl::StrCat(DirectoryOf(path), "/", kHiddenPrefix, absl::Hex(*random, absl::kZeroPad16));
}

absl::Status CheckFileSystem(int fd, absl::string_view path) {
  struct statfs system;
  if (fstatfs(fd, &system) != 0) return Failed(path, "cannot look at its file system");
  if (static_cast<unsigned long>(system.f_type) != HUGETLBFS_MAGIC) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(path,
                   ": a channel cannot lie on hugetlbfs, which has no write(); choose a directory "
                   "on tmpfs and ChannelOptions::huge_pages"));
}

}  // namespace

absl::StatusOr<NascentFile> NascentFile::Create(absl::string_view path, mode_t mode) {
  const std::string directory = DirectoryOf(path);
  std::string hidden;
  UniqueFd fd = OpenFile(directory.c_str(), O_TMPFILE | O_RDWR, mode);
  struct stat status;
  // Old kernels treat O_TMPFILE as O_DIRECTORY, and return EISDIR.
  if (!fd.valid() && (errno == EOPNOTSUPP || errno == EINVAL || errno == EISDIR) &&
      stat(directory.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
    absl::StatusOr<std::string> name = HiddenName(path);
    if (!name.ok()) return name.status();
    hidden = *std::move(name);
    fd = OpenFile(hidden.c_str(), O_CREAT | O_EXCL | O_RDWR, mode);
  }
  if (!fd.valid()) return Failed(path, "cannot create a file in its directory");
  NascentFile file(std::move(fd), path, std::move(hidden));
  const absl::Status usable = CheckFileSystem(file.fd(), path);
  if (!usable.ok()) return usable;
  // Before it has a header, and so before a process could take it for a leftover.
  const absl::Status marked = MarkInUse(file.fd());
  if (!marked.ok()) {
    return absl::Status(marked.code(), absl::StrCat(path, ": ", marked.message()));
  }
  // Sets exactly the requested mode, whatever the umask.
  if (fchmod(file.fd(), mode) != 0) return Failed(path, "cannot set its mode");
  return file;
}

NascentFile::NascentFile(NascentFile&& other) noexcept
    : fd_(std::move(other.fd_)),
      path_(std::move(other.path_)),
      hidden_(std::exchange(other.hidden_, {})) {}

NascentFile::~NascentFile() {
  if (!hidden_.empty()) unlink(hidden_.c_str());
}

absl::Status NascentFile::LinkTo(const std::string& path, absl::string_view what) {
  const std::string from = hidden_.empty() ? absl::StrCat("/proc/self/fd/", fd()) : hidden_;
  if (linkat(AT_FDCWD, from.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0)
    return absl::OkStatus();
  const int error = errno;
  if (error == EEXIST)
    return absl::AlreadyExistsError(absl::StrCat(path, ": a file of that name exists already"));
  if (error == ENOENT && hidden_.empty() && access("/proc/self/fd", F_OK) != 0) {
    return absl::UnavailableError(
        absl::StrCat(path_, ": ", what, ": /proc is not mounted; mount it"));
  }
  return PathError(error, path_, what);
}

absl::Status NascentFile::Name() { return LinkTo(path_, "cannot give the new channel its name"); }

absl::Status NascentFile::GiveHiddenName() {
  if (!hidden_.empty()) return absl::OkStatus();
  absl::StatusOr<std::string> name = HiddenName(path_);
  if (!name.ok()) return name.status();
  const absl::Status linked = LinkTo(*name, "cannot give the new channel a name");
  if (!linked.ok()) return linked;
  hidden_ = *std::move(name);
  return absl::OkStatus();
}

absl::StatusOr<UniqueFd> NascentFile::NameInPlace() {
  const absl::Status named = GiveHiddenName();
  if (!named.ok()) return named;
  for (int i = 0; i < kTries; ++i) {
    // An exchange: afterwards exactly the replaced file has the hidden name, which the destructor
    // removes.
    if (ExchangeNames(hidden_.c_str(), path_.c_str())) {
      return OpenFile(hidden_.c_str(), O_RDWR | O_NONBLOCK);
    }
    if (errno == EINVAL || errno == ENOSYS) {
      // A file system that cannot exchange. Of two processes that replace at the same moment, one
      // may leave the users of a channel untold.
      UniqueFd old = OpenFile(path_.c_str(), O_RDWR | O_NONBLOCK);
      if (rename(hidden_.c_str(), path_.c_str()) != 0) return Failed(path_, "cannot replace it");
      hidden_.clear();
      return old;
    }
    if (errno != ENOENT) return Failed(path_, "cannot replace it");
    if (RenameWithoutReplacing(hidden_.c_str(), path_.c_str())) {
      hidden_.clear();
      return UniqueFd();
    }
    if (errno != EEXIST) return Failed(path_, "cannot give the new channel its name");
  }
  return absl::AbortedError(absl::StrCat(path_, ": other processes kept creating and removing it"));
}

}  // namespace ipmpsc::internal
