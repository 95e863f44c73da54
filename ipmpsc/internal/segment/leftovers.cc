#include "ipmpsc/internal/segment/leftovers.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/strip.h"
#include "ipmpsc/internal/os/unique_fd.h"
#include "ipmpsc/internal/os/use_mark.h"
#include "ipmpsc/internal/segment/layout.h"

namespace ipmpsc::internal {
namespace {

constexpr size_t kDigits = 16;
// Bounds on the names in a directory, and on those of them that are opened.
constexpr int kMostNames = 4096;
constexpr int kMostOpened = 256;

bool IsChannelOfThisVersion(int fd) {
  SegmentHeader header;
  const ssize_t size = pread(fd, &header, sizeof(header), 0);
  return size == static_cast<ssize_t>(sizeof(header)) &&
         std::memcmp(header.magic, kMagic, sizeof(kMagic)) == 0 &&
         header.abi_version == kAbiVersion;
}

void RemoveIfUnused(int directory, const char* name) {
  // Opened for reading only: if a careless program takes the descriptor's number for its own, it
  // must not write into a channel.
  const UniqueFd fd(openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat file;
  if (!fd.valid() || fstat(fd.get(), &file) != 0 || !S_ISREG(file.st_mode) ||
      file.st_uid != geteuid()) {
    return;
  }
  if (!IsChannelOfThisVersion(fd.get()) || !IsUnused(fd.get())) return;
  struct stat named;
  if (fstatat(directory, name, &named, AT_SYMLINK_NOFOLLOW) == 0 && named.st_dev == file.st_dev &&
      named.st_ino == file.st_ino) {
    unlinkat(directory, name, 0);
  }
}

}  // namespace

bool IsLeftoverName(absl::string_view name, absl::string_view prefix) {
  if (!absl::ConsumePrefix(&name, prefix) || name.size() != kDigits) return false;
  for (const char digit : name) {
    if (!absl::ascii_isdigit(digit) && !(digit >= 'a' && digit <= 'f')) return false;
  }
  return true;
}

void RemoveLeftovers(const std::string& directory, absl::string_view prefix) {
  DIR* const names = opendir(directory.c_str());
  if (names == nullptr) return;
  int opened = 0;
  for (int i = 0; i < kMostNames && opened < kMostOpened; ++i) {
    const dirent* const entry = readdir(names);
    if (entry == nullptr) break;
    if (!IsLeftoverName(entry->d_name, prefix)) continue;
    ++opened;
    RemoveIfUnused(dirfd(names), entry->d_name);
  }
  closedir(names);
}

}  // namespace ipmpsc::internal
