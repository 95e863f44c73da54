#include "cli/upkeep/channel_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/internal/os/unique_fd.h"
#include "ipmpsc/internal/os/use_mark.h"
#include "ipmpsc/internal/segment/layout.h"
#include "ipmpsc/internal/segment/leftovers.h"
#include "ipmpsc/stats.h"

namespace ipmpsc::cli {
namespace {

using internal::UniqueFd;

// Opened for reading only: if a careless program takes the descriptor's number for its own, it must
// not write into a channel.
UniqueFd OpenToRead(const std::string& path) {
  constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  UniqueFd fd(open(path.c_str(), kFlags | O_NOATIME));
  // Only the owner and root may leave the time of the last access alone.
  if (!fd.valid() && errno == EPERM) fd = UniqueFd(open(path.c_str(), kFlags));
  return fd;
}

bool BeginsAsChannel(int fd) {
  char magic[sizeof(internal::kMagic)];
  return pread(fd, magic, sizeof(magic), 0) == static_cast<ssize_t>(sizeof(magic)) &&
         std::memcmp(magic, internal::kMagic, sizeof(magic)) == 0;
}

bool IsRegular(int fd, struct stat* file) { return fstat(fd, file) == 0 && S_ISREG(file->st_mode); }

// Opens the file of a channel.
absl::Status OpenChannelFile(const std::string& path, UniqueFd* fd, struct stat* file) {
  *fd = OpenToRead(path);
  if (!fd->valid()) {
    if (errno == ELOOP) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, " is a symbolic link: name the channel that it leads to"));
    }
    return absl::ErrnoToStatus(errno, path);
  }
  if (!IsRegular(fd->get(), file) || !BeginsAsChannel(fd->get())) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is no channel"));
  }
  return absl::OkStatus();
}

absl::Status OtherFile(const std::string& path) {
  return absl::AbortedError(absl::StrCat("another file has taken the name ", path));
}

// Removes the name, unless another file has taken it.
absl::Status Unlink(const std::string& path, const struct stat& file) {
  if (!IsFileAt(path, file)) return OtherFile(path);
  if (unlink(path.c_str()) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot remove ", path));
  }
  return absl::OkStatus();
}

absl::Status ReadNames(const std::string& directory, std::set<std::string>* names) {
  DIR* const open_directory = opendir(directory.c_str());
  if (open_directory == nullptr) return absl::ErrnoToStatus(errno, directory);
  while (const dirent* entry = readdir(open_directory)) names->insert(entry->d_name);
  closedir(open_directory);
  return absl::OkStatus();
}

// Says why the file is garbage, or nothing if it is to be kept. The caller has seen that nobody
// uses it.
std::string ReasonToRemove(const std::string& path, absl::string_view name,
                           const GarbageOptions& options) {
  if (internal::IsLeftoverName(name, internal::kHiddenPrefix)) {
    return "a dead creator left it under a hidden name";
  }
  if (internal::IsLeftoverName(name, internal::kTemporaryPrefix)) return "its creator died";
  const absl::StatusOr<Channel> channel = Channel::OpenReadOnly(path);
  if (!channel.ok()) return "";  // damaged, or of another version: somebody should look at it
  const ChannelStats stats = channel->Stats();
  if (stats.damaged || stats.fill > 0) return "";
  if (stats.closed || stats.replaced) return "it has ended, and all its messages were received";
  if (options.unused) return "no process uses it, and all its messages were received";
  return "";
}

}  // namespace

bool IsFileAt(const std::string& path, const struct stat& file) {
  struct stat named;
  return lstat(path.c_str(), &named) == 0 && named.st_dev == file.st_dev &&
         named.st_ino == file.st_ino;
}

bool IsChannelFile(const std::string& path) {
  const UniqueFd fd = OpenToRead(path);
  struct stat file;
  return fd.valid() && IsRegular(fd.get(), &file) && BeginsAsChannel(fd.get());
}

std::vector<std::string> FindChannels(const std::vector<std::string>& places) {
  std::vector<std::string> paths;
  std::set<std::string> known;
  const auto add = [&](std::string path) {
    if (known.insert(path).second) paths.push_back(std::move(path));
  };
  for (const std::string& place : places) {
    struct stat file;
    if (stat(place.c_str(), &file) != 0 || !S_ISDIR(file.st_mode)) {
      add(place);
      continue;
    }
    std::set<std::string> names;
    ReadNames(place, &names).IgnoreError();
    for (const std::string& name : names) {
      if (name[0] == '.') continue;
      std::string path = absl::StrCat(absl::StripSuffix(place, "/"), "/", name);
      if (IsChannelFile(path)) add(std::move(path));
    }
  }
  return paths;
}

absl::Status WhileUnused(const std::string& path,
                         absl::FunctionRef<absl::Status(const struct stat&)> action) {
  UniqueFd fd;
  struct stat file;
  if (absl::Status status = OpenChannelFile(path, &fd, &file); !status.ok()) return status;
  // Also keeps other cleaners from it until the descriptor is closed.
  if (!internal::IsUnused(fd.get())) {
    return absl::FailedPreconditionError(absl::StrCat(
        path, " is in use, or its file system does not tell; ipmpsc info says who is attached"));
  }
  if (!IsFileAt(path, file)) return OtherFile(path);
  return action(file);
}

absl::Status RemoveChannel(const std::string& path, bool force) {
  if (force) {
    UniqueFd fd;
    struct stat file;
    if (absl::Status status = OpenChannelFile(path, &fd, &file); !status.ok()) return status;
    return Unlink(path, file);
  }
  return WhileUnused(path, [&](const struct stat& file) {
    // A channel that cannot be opened has no messages to lose.
    const absl::StatusOr<Channel> channel = Channel::OpenReadOnly(path);
    if (channel.ok()) {
      const uint64_t fill = channel->Stats().fill;
      if (fill > 0) {
        return absl::FailedPreconditionError(
            absl::StrCat(path, " holds ", fill,
                         " bytes that were not received; receive them, or remove it with --force"));
      }
    }
    return Unlink(path, file);
  });
}

absl::Status CollectGarbage(const std::string& directory, const GarbageOptions& options,
                            std::vector<Garbage>* garbage) {
  std::set<std::string> names;
  if (absl::Status status = ReadNames(directory, &names); !status.ok()) return status;
  for (const std::string& name : names) {
    const std::string path = absl::StrCat(absl::StripSuffix(directory, "/"), "/", name);
    struct stat file;
    // Before anything is read: a look at the file is an access, too.
    if (lstat(path.c_str(), &file) != 0 || !IsChannelFile(path)) continue;
    const absl::Time touched = absl::TimeFromTimespec(std::max(
        {file.st_atim, file.st_mtim, file.st_ctim}, [](const timespec& a, const timespec& b) {
          return std::make_pair(a.tv_sec, a.tv_nsec) < std::make_pair(b.tv_sec, b.tv_nsec);
        }));
    if (absl::Now() - touched < options.older_than) continue;
    Garbage found;
    found.path = path;
    const absl::Status done = WhileUnused(path, [&](const struct stat& unused) {
      found.reason = ReasonToRemove(path, name, options);
      if (found.reason.empty() || options.dry_run) return absl::OkStatus();
      return Unlink(path, unused);
    });
    if (found.reason.empty()) continue;
    found.removed = done;
    garbage->push_back(std::move(found));
  }
  return absl::OkStatus();
}

}  // namespace ipmpsc::cli
