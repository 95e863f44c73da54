// ChannelOptions: options with which a channel is created.
#ifndef IPMPSC_CHANNEL_OPTIONS_H_
#define IPMPSC_CHANNEL_OPTIONS_H_

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "ipmpsc/platform.h"  // IWYU pragma: keep

namespace ipmpsc {

// The behavior of `Channel::Create` when the path is taken.
enum class ExistPolicy {
  kFail,     // returns kAlreadyExists
  kOpen,     // opens the existing channel, of any capacity, unless it has ended
  kReplace,  // puts the new channel in its place, atomically. Users of the old channel get
             // kAborted, unless the old file has other names, under which the channel continues
  // As kOpen, but replaces a channel that has ended (was closed or replaced). If several processes
  // do so at the same time, one replaces it and all get the same new channel. Processes that have
  // the old channel open can still receive its remaining messages.
  kOpenOrReplace,
};

struct ChannelOptions {
  // Bytes for records, 1 to 2^46. Rounded up to a power of two of at least one page. A message of n
  // bytes takes n + 16 (n + 32 with timestamps), rounded up to a multiple of 64.
  uint64_t capacity = uint64_t{1} << 20;
  // Maximum number of senders attached at the same time. 1 to 4096.
  uint32_t max_senders = 64;
  // Permission bits of the file, exactly: the umask is ignored. Senders and receivers need read and
  // write.
  mode_t mode = 0600;
  ExistPolicy exist_policy = ExistPolicy::kFail;
  // Maps every page at creation instead of at its first touch, for this process. Other processes
  // choose for themselves, with `OpenOptions::prefault`.
  bool prefault = false;
  // Asks for huge pages, if the kernel has them for shared memory
  // (/sys/kernel/mm/transparent_hugepage/shmem_enabled). Rounds the capacity up to 2 MiB. Not an
  // error if the kernel has none.
  bool huge_pages = false;
  // Each message carries the time of its commit (CLOCK_REALTIME) and its number among the messages
  // of its sender's slot: `Lease::sent_at()`, `Lease::sequence()`. Reading the clock adds some tens
  // of nanoseconds to a send.
  bool timestamps = false;
  // A description of the channel, at most 16 MiB. The typed layer stores a serialised
  // `ipmpsc.ChannelInfo` here.
  std::string description;
};

// Options of a process that opens a channel. Nothing in the channel's file overrides them.
struct OpenOptions {
  // Maps every page when opening instead of at its first touch. Takes time in proportion to the
  // capacity: a quarter of a second for each GiB.
  bool prefault = false;
};

}  // namespace ipmpsc

#endif  // IPMPSC_CHANNEL_OPTIONS_H_
