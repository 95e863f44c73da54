// DirectoryWatch: waits until a name appears in a directory, by inotify.
#ifndef IPMPSC_INTERNAL_OS_DIRECTORY_WATCH_H_
#define IPMPSC_INTERNAL_OS_DIRECTORY_WATCH_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "ipmpsc/internal/os/unique_fd.h"

namespace ipmpsc::internal {

class DirectoryWatch {
 public:
  // Watches nothing.
  DirectoryWatch() = default;

  // Watches `directory` from now on. Watches nothing if the kernel refuses: inotify instances and
  // watches are limited for each user, and a container may filter these system calls.
  explicit DirectoryWatch(const std::string& directory);

  bool valid() const { return fd_.valid(); }

  // Waits until the name `name` has appeared in the directory, at most until `deadline`
  // (nanoseconds of CLOCK_MONOTONIC). May return early without a reason. Returns false if the watch
  // is lost, at once: the directory was removed or moved, or the kernel refuses to tell more.
  bool WaitFor(absl::string_view name, int64_t deadline);

 private:
  UniqueFd fd_;
};

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_OS_DIRECTORY_WATCH_H_
