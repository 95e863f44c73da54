#include "ipmpsc/internal/os/directory_watch.h"

#include <errno.h>
#include <poll.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include <cstring>

#include "ipmpsc/internal/os/clock.h"

namespace ipmpsc::internal {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

// Linking, renaming and creating give a name. The others end the watch.
constexpr uint32_t kAppeared = IN_CREATE | IN_MOVED_TO;
constexpr uint32_t kLost = IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED;

UniqueFd OpenInotify() {
  const StdioPlug plug;
  return AboveStdio(UniqueFd(inotify_init1(IN_CLOEXEC | IN_NONBLOCK)));
}

enum class Found { kNothing, kName, kLost };

// Looks for `name` in the `size` bytes of events that were read.
Found FindIn(const char* events, size_t size, absl::string_view name) {
  Found found = Found::kNothing;
  for (size_t offset = 0; offset + sizeof(inotify_event) <= size;) {
    inotify_event event;
    std::memcpy(&event, events + offset, sizeof(event));
    if ((event.mask & kLost) != 0) return Found::kLost;
    // The name ends with zero bytes. After an overflow any name may have appeared.
    if ((event.mask & IN_Q_OVERFLOW) != 0 ||
        (event.len != 0 && name == events + offset + sizeof(event))) {
      found = Found::kName;
    }
    offset += sizeof(event) + event.len;
  }
  return found;
}

}  // namespace

DirectoryWatch::DirectoryWatch(const std::string& directory) : fd_(OpenInotify()) {
  if (fd_.valid() &&
      inotify_add_watch(fd_.get(), directory.c_str(),
                        kAppeared | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR) < 0) {
    fd_ = UniqueFd();
  }
}

bool DirectoryWatch::WaitFor(absl::string_view name, int64_t deadline) {
  for (int64_t now = MonotonicNow(); now < deadline; now = MonotonicNow()) {
    const int64_t left = deadline - now;
    const timespec timeout = {left / kSecond, left % kSecond};
    pollfd poll_fd = {fd_.get(), POLLIN, 0};
    const int ready = ppoll(&poll_fd, 1, &timeout, nullptr);
    if (ready == 0) return true;
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return false;
    // Room for several events with the longest names.
    alignas(inotify_event) char events[4096];
    const ssize_t size = read(fd_.get(), events, sizeof(events));
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (size <= 0) return false;
    switch (FindIn(events, static_cast<size_t>(size), name)) {
      case Found::kNothing:
        break;
      case Found::kName:
        return true;
      case Found::kLost:
        return false;
    }
  }
  return true;
}

}  // namespace ipmpsc::internal
