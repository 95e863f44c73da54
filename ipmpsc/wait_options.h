// The options and reports of a wait set (wait_set.h).
#ifndef IPMPSC_WAIT_OPTIONS_H_
#define IPMPSC_WAIT_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <string>

namespace ipmpsc {

// How a wait set sleeps for many channels at once.
enum class WaitMechanism {
  kAutomatic,     // the first of these that the kernel has and allows
  kIoUring,       // futex waits in an io_uring (Linux 6.7): one system call for each sleep
  kHelperThread,  // a thread for each 127 channels, in futex_waitv (Linux 5.16)
  kPolling,       // compares a word of each channel after pauses of 0.05 to 4 ms
};

// The options of a wait set.
struct WaitSetOptions {
  // For tests and comparisons. The automatic choice suits programs.
  WaitMechanism mechanism = WaitMechanism::kAutomatic;
};

// A member of a wait set that need not be waited for.
struct Ready {
  uint64_t tag = 0;     // as given to `Add` or `AddFd`
  uint32_t events = 0;  // of a descriptor: EPOLLIN and so on, as epoll_wait reports them; else 0
};

// For diagnostics.
struct WaitSetStatistics {
  WaitMechanism mechanism = WaitMechanism::kPolling;  // in use; not kAutomatic
  std::string refused;     // why each better mechanism is not used, or empty
  size_t members = 0;      // receivers, senders and descriptors
  uint64_t sleeps = 0;     // of `Wait`
  uint64_t wakes = 0;      // of members by the mechanism
  uint64_t looks = 0;      // at members
  uint64_t unwatched = 0;  // times that the kernel refused to watch: such a member is late by 1 ms
};

}  // namespace ipmpsc

#endif  // IPMPSC_WAIT_OPTIONS_H_
